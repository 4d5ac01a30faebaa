"""Use cases without HTTP: erasure and rate limits. Those that visitors call are proved through web/."""
