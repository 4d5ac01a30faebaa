"""Importing: opt-outs from another consent tool's export, line by line.

`export_text` reads the file's text, `csv_rows` its records, `columns` its header. `row_meaning` decides what
a row means, with `cell_meaning` and `time_formats`. `recorder` commits it. `import_report` and `value_counts`
report the outcome of each line.
"""
