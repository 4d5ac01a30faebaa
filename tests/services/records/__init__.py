"""Records: a draft, the writer that commits many at once, and the deadline of a call to the store."""
