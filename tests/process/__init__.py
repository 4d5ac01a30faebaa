"""Processes: the real `serve` and its children: start, reload, drain, crash, key rings, metrics, logs."""
