"""Importing: opt-outs from another consent tool's export, line by line.

`rows` reads the file, `layout` what a row says, `recording` commits it, `report` tells what came of each line.
"""
