"""Bench: how fast the service answers, side by side with empty servers and an earlier version.

`make bench` measures. The tests here prove the figures' arithmetic only.
"""
