"""Tracing headers: names of headers that a site's own monitoring adds to every call of its pages. Pure.

A browser asks by a preflight if such a header may be sent. If not, it does not send the call at all: an opt-out would
fail because of a tool that has nothing to do with it. So the names in this table are allowed; the service reads none
of them. Other names are refused, because a proxy or the service may act on them (X-Forwarded-For, a visitor's place).
"""

from __future__ import annotations

import re
from typing import Final

_FAMILIES: Final = (
    r"traceparent|tracestate|baggage",  # W3C Trace Context and Baggage, OpenTelemetry
    r"sentry-trace",
    r"b3|x-b3-[a-z]{1,20}",  # Zipkin
    r"x-datadog-[a-z-]{1,30}",
    r"newrelic|x-newrelic-[a-z-]{1,30}",
    r"elastic-apm-traceparent",
    r"x-dynatrace|x-dtc|x-dtpc|x-dtreferer",
    r"adrum|adrum_[0-9]",  # AppDynamics
    r"x-instana-[a-z]{1,10}",
    r"uber-trace-id|jaeger-[a-z-]{1,20}",  # Jaeger
    r"ot-tracer-[a-z]{1,20}|x-ot-span-context",  # OpenTracing, Lightstep
    r"x-honeycomb-trace|x-amzn-trace-id|x-cloud-trace-context|sw8(-[a-z]{1,20})?",
    r"request-id|request-context|correlation-context|traceresponse",  # Application Insights
    r"(x-)?correlation-id|x-request-id|x-trace-id|x-span-id|x-parent-span-id",
    r"x-ms-(client-)?request-(root-)?id",
    r"x-highlight-request|x-posthog-[a-z-]{1,20}",  # tools that record sessions
)
_TRACING: Final = re.compile("|".join(_FAMILIES))
_MOST: Final = 64
"""Most names in one answer: more than any page's tools add."""


def tracing_names(requested: str) -> list[str]:
    """Return the names for tracing among those that a preflight asks for, each once.

    `requested`: an `Access-Control-Request-Headers`.
    """
    names = dict.fromkeys(name.strip().lower() for name in requested.split(","))
    return [name for name in names if _TRACING.fullmatch(name)][:_MOST]
