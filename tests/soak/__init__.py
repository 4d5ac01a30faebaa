"""Soak: long runs under load with `kill -9`, cuts and full disks; only by `make soak`."""
