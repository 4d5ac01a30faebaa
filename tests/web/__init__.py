"""Web: the flag, health, metrics and the description of all calls, by the real application over a real store."""
