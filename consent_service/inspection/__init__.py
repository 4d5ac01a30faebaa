"""Inspection: a site's page, loaded in a real browser as somebody who is denied, and what still goes to blocked
partners. Knows the configuration; nothing of the store or of HTTP's other side.
"""

from consent_service.inspection.findings import Finding
from consent_service.inspection.inspecting import inspect

__all__ = ["Finding", "inspect"]
