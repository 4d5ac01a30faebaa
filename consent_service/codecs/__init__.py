"""Standards as pure functions. Nothing here knows of sites, visitors or stores."""
