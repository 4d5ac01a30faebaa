"""The ledger: facts as canonical bytes, appended in the same commit as the standing they change."""
