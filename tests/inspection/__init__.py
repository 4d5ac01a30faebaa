"""Inspection: reading a page's markup and a site's statement. The browser's part is in e2e/test_inspection.py."""
