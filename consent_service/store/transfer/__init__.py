"""Transfer: backup, restore, move and split of a store, as a copy of its records from a source into a target."""
