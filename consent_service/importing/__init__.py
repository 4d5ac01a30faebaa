"""Importing: opt-outs from another consent tool's export, line by line.

`source` gives the file's text, `rows` its records, `header` the columns; `layout` says with `comparing` and `times`
what a row means; `recording` commits it; `report` and `values` tell what came of each line.
"""
