"""Inspection: a site's page, loaded in a real browser as somebody who is denied, and what still goes to blocked
partners. Knows the configuration; nothing of the store or of HTTP's other side.
"""

from consent_service.inspection.leaks import Leak
from consent_service.inspection.page_inspection import inspect_page

__all__ = ["Leak", "inspect_page"]
