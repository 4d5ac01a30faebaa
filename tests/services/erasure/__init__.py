"""Erasure: a visitor's data goes whole, whatever else is committed meanwhile, and what they denied stays denied."""
