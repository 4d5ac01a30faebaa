"""Use cases over the store's contract. No HTTP here; arrows point to store, ledger, domain and identity."""
