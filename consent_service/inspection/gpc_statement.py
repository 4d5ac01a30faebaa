"""Check of an origin's `gpc.json`: it must say that the origin acts on Global Privacy Control. Pure."""

from __future__ import annotations

import json

from consent_service.inspection.page_load import AddressAnswer


def statement_fault(document: AddressAnswer) -> str:
    """Return the end of a sentence on why this is not the statement; "" if it is (w3c/gpc, section 4)."""
    if not document.status:
        return "does not answer"
    if document.status != 200:
        return f"answers {document.status}"
    if document.media_type != "application/json":
        return f"is {document.media_type or 'of no type'}, not application/json"
    try:
        stated = json.loads(document.body)
    except ValueError:
        return "is not JSON"
    if not isinstance(stated, dict) or stated.get("gpc") is not True:
        return 'does not say that the origin acts on the signal ("gpc": true)'
    return ""
