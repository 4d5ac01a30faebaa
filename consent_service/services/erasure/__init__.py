"""Erasure (design rule 8): finds the visitors who are meant and erases them, also again after a restore."""
