"""Tests: each folder mirrors a room of the package, or proves something about the whole.

A module without a mirror, `tests/<room>/test_<module>.py`, has a line in mirrors.toml that says where it is proved.
Helpers that more than one folder uses lie in support/. `make test` runs all but soak/ and the bench.
"""
