"""Visitor's use cases: what one call may change, and what is kept of a device. Their calls are proved in web/."""
