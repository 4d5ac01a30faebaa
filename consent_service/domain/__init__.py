"""The law and the words of the design, as pure functions over frozen values.

No I/O, no clock, no environment, nothing asynchronous: `now` and settings are parameters.
"""
