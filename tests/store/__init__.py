"""Store: one suite over every engine, standalone, TLS, Sentinel and Cluster, and against a model.

A test that takes the fixture `store` runs once for each engine. What one engine alone can do is in its own folder.
"""
