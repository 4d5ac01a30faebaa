"""Processes: the supervisor, the web and work processes it runs, and what operators do to key files.

Only `cli` and `app` beside this room see everything; nothing of the service imports from here.
"""
