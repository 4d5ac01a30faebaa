"""The way of a visitor's call through the package: each token is recognised once, and few modules are passed."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

import consent_service
from tests.support.application import Running, running
from tests.web.browsing import Person, person, result_in
from tests.web.raw_calls import cookie

PACKAGE = Path(consent_service.__file__).parent
GPC = {"sec-gpc": "1"}
MOST_MODULES = 30
"""Modules on the way of a choice, from the application's entry to the store's contract."""


@contextmanager
def recognised_tokens() -> Iterator[Counter[str]]:
    """The number of times that each token is recognised meanwhile."""
    frames: dict[int, FrameType] = {}  # a coroutine that goes on is called again, with the same frame

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code.co_qualname == "Standings.recognise":
            frames[id(frame)] = frame

    tokens: Counter[str] = Counter()
    sys.setprofile(note)
    try:
        yield tokens
    finally:
        sys.setprofile(None)
        tokens.update(frame.f_locals["token"] for frame in frames.values())


@pytest.fixture
async def visitor(service: Running) -> AsyncIterator[Person]:
    async with person(service) as one:
        yield one


async def two_cookies(service: Running) -> tuple[list[str], dict[str, str]]:
    """The tokens of two visitors, and the header that presents both."""
    tokens = [(await service.choose(sale_share="opt_in")).json()["visitor"] for _ in range(2)]
    return tokens, {"cookie": "; ".join(cookie(token, "__Host-pc_acme") for token in tokens)}


async def test_the_choices_page_recognises_each_token_once(service: Running, visitor: Person) -> None:
    tokens, cookies = await two_cookies(service)
    with recognised_tokens() as counted:
        assert (await visitor.look(**cookies, **GPC)).status_code == 200
    assert counted == Counter(tokens)


async def test_a_choice_on_the_page_recognises_each_token_once(service: Running, visitor: Person) -> None:
    tokens, cookies = await two_cookies(service)
    page = await visitor.look(**cookies)
    visit = "; ".join(f"{name}={value}" for name, value in visitor.client.cookies.items())
    with recognised_tokens() as counted:
        answer = await visitor.press("opt_out", page, cookie=f"{visit}; {cookies['cookie']}")
    assert answer.status_code == 303
    assert counted == Counter(tokens)


async def test_a_page_view_with_a_result_recognises_each_token_once(
    service: Running, visitor: Person
) -> None:
    await visitor.hand_over(visitor="", state="made-by-this-tab")
    await visitor.choose("opt_out")
    result = result_in(await visitor.back())
    tokens, cookies = await two_cookies(service)
    body = {"gpc": True, "result": result, "state": "made-by-this-tab"}
    headers = {"origin": "https://shop.example", **cookies}
    with recognised_tokens() as counted:
        answer = await service.client.post("/v1/acme/signals", json=body, headers=headers)
    assert answer.json()["flag"]["sale"] == "denied"
    assert counted == Counter(tokens)


async def test_a_choice_with_several_tokens_recognises_each_once(service: Running) -> None:
    tokens, cookies = await two_cookies(service)
    headers = {"origin": "https://shop.example", **cookies}
    with recognised_tokens() as counted:
        answer = await service.client.post("/v1/acme/choices", json={"sale": "opt_out"}, headers=headers)
    assert answer.status_code == 201
    assert counted == Counter(tokens)


async def test_a_choice_passes_through_few_modules(tmp_path: Path) -> None:
    """Those whose functions run, whatever thread they run on. The engine behind the store's contract is left out."""
    passed: set[str] = set()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.is_relative_to(PACKAGE):
            passed.add(str(path.relative_to(PACKAGE)))

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        async with running(tmp_path, writes_per_minute=600) as service:
            on_each, at_all = set[str](), set[str]()
            # What runs beside the calls, now and then, is on the way of some of them only.
            for number in range(4):
                passed.clear()
                answer = await service.choose(sale_share="opt_out", method="banner")
                assert answer.status_code == 201
                on_each = passed & on_each if number else set(passed)
                at_all |= passed
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    way = sorted(module for module in on_each if not module.startswith("store/sqlite/"))
    assert "services/records/writer.py" in way
    assert "store/sqlite/writer_thread.py" in at_all, "functions on other threads are seen too"
    assert len(way) <= MOST_MODULES, way
