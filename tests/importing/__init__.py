"""Importing: the text, rows, columns and times of another tool's export.

The records that come of them are proved in web/visitor/test_imported.py, the command in cli/test_imports.py.
"""
