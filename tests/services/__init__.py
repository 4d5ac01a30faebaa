"""Use cases without HTTP: rate limits, restoring. Those that visitors call are proved through web/."""
