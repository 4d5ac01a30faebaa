"""Proxies: the recipe and the deployed files in front of the service, in real nginx and Caddy."""
