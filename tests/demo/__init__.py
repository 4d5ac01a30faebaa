"""Demo: the command, its folder, its ports and its shop, started as users start it."""
