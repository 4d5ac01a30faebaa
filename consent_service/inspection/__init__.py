"""Inspection: a site's page in a real browser, as a visitor who is denied, and its requests to blocked
partners.

Knows the configuration; nothing of the store or of the service's HTTP.
"""

from consent_service.inspection.leaks import Leak
from consent_service.inspection.page_inspection import inspect_page

__all__ = ["Leak", "inspect_page"]
