"""Visitor's calls: choices, signals, receipts, cookies; repeated, imported, erased and restored."""
