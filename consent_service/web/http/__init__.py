"""HTTP for every call: heads, hosts, addresses, origins, the access log, and errors as answers."""
