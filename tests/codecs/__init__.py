"""Codecs: GPP and US Privacy strings, against the specification, committed vectors and the reference library."""
