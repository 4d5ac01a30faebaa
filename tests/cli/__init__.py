"""Command line: each command as an operator runs it, its output, its status and what it changes."""
