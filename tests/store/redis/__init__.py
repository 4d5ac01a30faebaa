"""Redis engine: durability, recovery, failover and invalidation, with real servers that are cut and killed."""
