"""Configuration: `consent.toml` and the environment become values, or a fault with key and line."""
