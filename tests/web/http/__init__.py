"""HTTP: guards, hosts, proxies, addresses, bodies and heads of any size or shape."""
