"""End to end: the built script in real Chromium, on real pages, before the real service.

Tests of the widget's parts without a browser lie in widget/.
"""
