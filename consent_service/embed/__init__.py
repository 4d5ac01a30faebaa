"""Embedding: the snippet, the script and its configuration, strings' tables, tags, nginx's part."""
