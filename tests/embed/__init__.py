"""Embedding: the script, the snippet and the strings that a site gets, as bytes.

Their effect in a browser is proved in e2e/; nginx's recipe in proxy/.
"""
