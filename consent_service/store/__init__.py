"""The store: one contract, its engines, and a cache that stays coherent with them. Knows nothing of consent."""
