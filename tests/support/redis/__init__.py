"""Redis for tests: real servers, fleets of them, a cluster that can be cut, certificates."""
