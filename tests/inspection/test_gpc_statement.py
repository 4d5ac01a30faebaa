"""An origin's gpc.json: a statement, or the reason why it is none."""

from __future__ import annotations

import pytest

from consent_service.inspection.gpc_statement import statement_fault
from consent_service.inspection.page_load import AddressAnswer

JSON = "application/json"


@pytest.mark.parametrize("body", ['{"gpc": true, "lastUpdate": "2026-01-01"}', '{"version": 1, "gpc": true}'])
def test_a_statement_has_no_fault(body: str) -> None:
    assert statement_fault(AddressAnswer(200, JSON, body)) == ""


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        (AddressAnswer(), "does not answer"),
        (AddressAnswer(404, "text/html"), "answers 404"),
        (AddressAnswer(200, "text/html", '{"gpc": true}'), "is text/html, not application/json"),
        (AddressAnswer(200, "", '{"gpc": true}'), "is of no type, not application/json"),
        (AddressAnswer(200, JSON, "gpc"), "is not JSON"),
        (AddressAnswer(200, JSON, '{"gpc": false}'), "does not say"),
        (AddressAnswer(200, JSON, '{"gpc": "true"}'), "does not say"),
        (AddressAnswer(200, JSON, '["gpc"]'), "does not say"),
    ],
)
def test_what_is_no_statement_is_said_with_the_reason(document: AddressAnswer, fault: str) -> None:
    assert fault in statement_fault(document)
