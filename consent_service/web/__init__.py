"""HTTP: parses, calls one service function, replies. Every URL stands in `routes.py`."""
