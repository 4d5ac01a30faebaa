"""Transfer: backup, restore, move and split, from each engine to each, cut off at any step."""
