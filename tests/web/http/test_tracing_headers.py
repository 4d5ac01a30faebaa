"""Headers that a site's monitoring adds keep no call of its pages from being sent."""

from __future__ import annotations

import httpx2
import pytest

from consent_service.web.http.tracing_headers import tracing_names
from tests.support.application import SHOP, Running

ADDED = (
    *("traceparent", "tracestate", "baggage", "sentry-trace", "newrelic", "b3", "request-id", "x-request-id"),
    *("x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid", "x-b3-sampled", "x-b3-flags"),
    *("x-datadog-trace-id", "x-datadog-parent-id", "x-datadog-origin", "x-datadog-sampling-priority"),
    *("x-datadog-sampled", "x-datadog-tags", "request-context", "correlation-context", "x-correlation-id"),
    *("elastic-apm-traceparent", "x-dtc", "adrum", "x-instana-t", "uber-trace-id", "x-amzn-trace-id"),
    *("x-cloud-trace-context", "x-newrelic-id", "x-honeycomb-trace"),
)
OTHERS = (
    *(
        "x-forwarded-for",
        "x-forwarded-host",
        "forwarded",
        "authorization",
        "cf-ipcountry",
        "x-real-ip",
        "cookie",
    ),
    *("sec-gpc", "x-http-method-override", "x-original-url", "x-datadog-", "x-b3-1", "b33", "*", "", "a b"),
    "traceparent\nx",
)


async def asked(service: Running, names: str, call: str = "choices") -> httpx2.Response:
    """The answer to the preflight of a page whose script sends these headers."""
    headers = {
        "origin": SHOP,
        "access-control-request-method": "POST",
        "access-control-request-headers": names,
    }
    return await service.client.options(f"/v1/acme/{call}", headers=headers)


def allowed(answer: httpx2.Response) -> set[str]:
    return {name.strip() for name in answer.headers["access-control-allow-headers"].split(",")}


@pytest.mark.parametrize("call", ["choices", "signals", "flag", "receipts/x"])
async def test_a_preflight_allows_what_monitoring_adds(service: Running, call: str) -> None:
    answer = await asked(service, ",".join(("content-type", *ADDED)), call)
    assert answer.status_code == 204
    assert allowed(answer) == {"content-type", *ADDED}
    assert "Access-Control-Request-Headers" in answer.headers["vary"]


async def test_a_preflight_allows_nothing_that_somebody_may_act_on(service: Running) -> None:
    answer = await asked(service, ", ".join(name for name in OTHERS if "\n" not in name))
    assert allowed(answer) == {"content-type"}


async def test_names_are_read_in_any_case_and_with_blanks(service: Running) -> None:
    assert allowed(await asked(service, " TraceParent ,\tBaggage,baggage")) == {
        "content-type",
        "traceparent",
        "baggage",
    }


@pytest.mark.parametrize("name", OTHERS)
def test_a_header_that_no_tracing_tool_sends_is_no_tracing_header(name: str) -> None:
    assert tracing_names(name) == []


def test_a_preflight_that_asks_for_very_many_names_is_answered_briefly() -> None:
    assert (
        len(tracing_names(",".join(f"x-b3-{'a' * size}{chr(97 + size)}" for size in range(1, 19)) * 50)) <= 64
    )
