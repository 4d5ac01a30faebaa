"""The work that a caller makes for the service grows no faster than what the caller sends."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from consent_service.web.http.request_headers import MOST_COOKIES
from tests.support.application import SERVICE, SHOP, Running, running
from tests.web.raw_calls import HUGE, Answer, call, cookie, filled


async def verified(work: Coroutine[Any, Any, Answer]) -> int:
    """Return the number of tokens that the application verified meanwhile."""
    counted: Counter[str] = Counter()

    def count(frame: FrameType, event: str, _argument: object) -> None:
        counted[f"{event} {frame.f_code.co_qualname}"] += 1

    sys.setprofile(count)
    try:
        await work
    finally:
        sys.setprofile(None)
    return counted["call SealedTexts.unsign"]


def different(size: int) -> str:
    """So many bytes of cookies, each with a token of its own."""
    return "; ".join(cookie(str(number)) for number in range(size // 45))


@pytest.mark.parametrize("size", [30_000, HUGE])
async def test_no_more_tokens_are_verified_than_cookies_are_read(service: Running, size: int) -> None:
    headers = [("host", "privacy.example"), ("origin", SHOP), ("cookie", different(size))]
    for what in ("GET /v1/acme/flag", "POST /v1/acme/signals", "GET /s/acme/privacy-choices"):
        assert await verified(call(service, what, headers, body=b"{}")) <= MOST_COOKIES + 2


UNITS = [
    "a-",
    "-",
    "a,",
    ", ",
    "a;q=0.1,",
    "a; ",
    ";",
    "pc_acme=; ",
    "pc_acme=a.",
    "a=b; ",
    "1,",
    "10.0.0.1, ",
    "%41",
    "a&",
]
HEADERS = [
    *(
        "accept-language",
        "cookie",
        "x-forwarded-for",
        "sec-gpc",
        "if-none-match",
        "user-agent",
        "x-forwarded-host",
    ),
    *("origin", "host", "content-type", "sec-fetch-site"),
]
GROWING = [
    *("GET /v1/acme/flag", "POST /v1/acme/choices", "POST /v1/acme/signals", "GET /s/acme/privacy-choices"),
    *("GET /s/acme/confirm/x", "POST /s/acme/privacy-choices/open", "GET /s/acme/privacy-choices/back"),
]
SMALL = 3_500
FASTEST = 1e-4
"""Seconds: below it a call is mostly the same whatever it brings."""


async def quickest(service: Running, what: str, header: str, unit: str, size: int) -> float:
    own = SHOP if what.endswith(("choices", "signals", "open")) and "POST" in what else SERVICE
    headers = {"host": "privacy.example", "origin": own} | {header: filled(unit, size)}
    if header == "query":
        query = f"lang={headers.pop('query')}"
        runs = [await call(service, what, headers.items(), query, b"{}") for _ in range(3)]
    else:
        runs = [await call(service, what, headers.items(), "", b"{}") for _ in range(3)]
    return min(run.seconds for run in runs)


@pytest.mark.parametrize("what", GROWING)
async def test_eight_times_the_bytes_take_about_eight_times_the_work(tmp_path: Path, what: str) -> None:
    async with running(tmp_path, proxies=["10.0.0.0/8"]) as service:
        await call(service, what)
        for header in (*HEADERS, "query"):
            for unit in UNITS:
                once = await quickest(service, what, header, unit, SMALL)
                eight = await quickest(service, what, header, unit, 8 * SMALL)
                # Work by the square would be 64 times as much.
                assert eight < 24 * max(once, FASTEST), (
                    f"{header}: {unit!r} {once * 1000:.2f} {eight * 1000:.2f} ms"
                )
