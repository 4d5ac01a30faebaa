"""The visitor's calls: signals, choices and receipts, and the site's cookie in their answers."""
