"""Durability: an acknowledged choice was synced to disk, seen under strace, and outlives `kill -9`."""
