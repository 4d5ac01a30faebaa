"""Records of visitors: how they are read, and how changes to them are combined and committed."""
