"""The service does what `/openapi.json` says, under generated calls, right and wrong ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from tests.support.application import SERVICE, SHOP
from tests.support.application_server import listening

CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The application on a real socket."""
    with listening(tmp_path_factory.mktemp("contract")) as service:
        yield f"http://127.0.0.1:{service.port}"


@pytest.fixture(scope="module")
def described(base_url: str) -> schemathesis.BaseSchema:
    """Description that the running service gives of itself."""
    schema: schemathesis.BaseSchema = schemathesis.openapi.from_url(f"{base_url}/openapi.json")
    schema.config.update(base_url=base_url)
    return schema


OPERATIONS = [
    ("/v1/{site}/flag", "GET"),
    ("/v1/{site}/signals", "POST"),
    ("/v1/{site}/choices", "POST"),
    ("/v1/{site}/receipts/{id}", "GET"),
    ("/s/{site}/confirm/{nonce}", "GET"),
    ("/s/{site}/confirm/{nonce}", "POST"),
    ("/s/{site}/privacy-choices", "GET"),
    ("/s/{site}/privacy-choices", "POST"),
    ("/s/{site}/privacy-choices/open", "POST"),
    ("/s/{site}/privacy-choices/back", "GET"),
    ("/s/{site}/gpc.json", "GET"),
    ("/w/{name}.js", "GET"),
    ("/w/privacy-choices.d.ts", "GET"),
    ("/.well-known/jwks.json", "GET"),
    ("/healthz", "GET"),
    ("/readyz", "GET"),
]  # and /openapi.json itself, which the tool has read to know them


def test_every_described_operation_is_called_by_these_tests(described: schemathesis.BaseSchema) -> None:
    found = set()
    for result in described.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        found.add((operation.path, operation.method.upper()))
    assert found == set(OPERATIONS)


@pytest.mark.parametrize(
    ("mode", "path", "method"),
    [(schemathesis.GenerationMode.POSITIVE, *operation) for operation in OPERATIONS]
    + [
        (schemathesis.GenerationMode.NEGATIVE, *operation)
        for operation in OPERATIONS
        if "{site}" in operation[0]
    ],
)
def test_every_answer_is_one_that_the_description_names(
    described: schemathesis.BaseSchema, mode: schemathesis.GenerationMode, path: str, method: str
) -> None:
    """Valid and invalid calls alike."""
    operation = described[path][method]

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation.as_strategy(generation_mode=mode))
    def call(case: schemathesis.Case[Any]) -> None:
        if "{site}" in path:
            case.path_parameters = {**(case.path_parameters or {}), "site": "acme"}
        headers = {"Origin": SHOP, "Host": SERVICE.partition("//")[2]}
        response = case.call(headers=headers, allow_redirects=False)
        case.validate_response(response, checks=CHECKS)

    call()
