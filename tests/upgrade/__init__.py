"""Upgrades: what an earlier version stored is opened by this one, and what it signed is still honoured.

Each folder `made_by_<commit>` was written by that commit, by `make.py`. The tests open copies of them.
"""
