"""A browser with Global Privacy Control, in header and navigator."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from consent_service.ledger.entries import SignalEntry
from tests.e2e.conftest import Arrive
from tests.e2e.visiting import flag, part
from tests.support.demo import Demo

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

VIEWS = 6


async def test_a_signal_denies_before_any_answer_of_the_service(arrive: Arrive) -> None:
    visitor = await arrive()
    await visitor.has_signal()
    await visitor.hold("**://privacy.localhost:*/**")
    page = await visitor.visit(until="parsed")
    said = await flag(page)
    assert (said["sale"], said["share"], said["sensitive"]) == ("denied", "denied", "allowed")
    assert (said["basis"], said["gpc"], said["us_privacy"]) == ("gpc", True, "1YYN")
    assert visitor.asked_of_service == ["/w/acme.js"]  # and it has no answer yet
    assert visitor.asked_of_partner == []


async def test_a_signal_is_recorded_once_over_many_page_views_and_the_partner_is_never_asked(
    arrive: Arrive, demo: Demo
) -> None:
    before = await demo.ledger()
    partner_before = demo.partner_log()
    visitor = await arrive()
    await visitor.has_signal()
    for _ in range(VIEWS):
        page = await visitor.visit(until="still")
        assert (await flag(page))["basis"] == "gpc"
    (entry,) = await demo.ledger_since(before)
    assert isinstance(entry, SignalEntry)
    assert entry.sources == ["header", "script"]
    assert entry.subject == await demo.subject(await visitor.token())
    assert visitor.asked_of_partner == []
    assert demo.partner_log() == partner_before


async def test_a_signal_is_honoured_in_words_and_without_asking(arrive: Arrive) -> None:
    visitor = await arrive()
    await visitor.has_signal()
    page = await visitor.visit()
    status = page.get_by_role("status").filter(has_text="Opt-Out Request Honored")
    await expect(status).to_be_visible()
    await expect(part(page, "banner")).to_be_hidden()


async def test_the_service_denies_to_everybody_what_a_signal_denied(arrive: Arrive, demo: Demo) -> None:
    visitor = await arrive()
    await visitor.has_signal()
    await visitor.visit()
    said = demo.server_flag(await visitor.token())
    assert (said["sale"], said["share"], said["basis"]) == ("denied", "denied", "gpc")
