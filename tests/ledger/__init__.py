"""Ledger: entries, sealing, retention and export; and that whatever is done to an archive is found."""
