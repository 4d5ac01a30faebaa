"""The core walk in Firefox and in WebKit: what a visitor must be able to rely on, whatever browser it is."""

from __future__ import annotations

import pytest

from consent_service.ledger.entries import SignalEntry
from tests.e2e.browsers.browsing import ENTER, ESCAPE, SPACE, TAB, Browsing, hanging, part
from tests.support.demo import Demo
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e

LISTEN = """
(window.heard = [], addEventListener('privacychoices:change', (event) => window.heard.push(event.detail)))
""".strip()
LINK = "document.querySelector('[data-privacy-choices]')"
BOX = "document.querySelector('#adnet-box').textContent"
ACKNOWLEDGED = "privacyChoices.flag().sale === 'denied' && privacyChoices.flag().max_age > 0"
FOCUSED = "document.querySelector('#privacy-choices').shadowRoot.activeElement.id"


def opt_out(browsing: Browsing) -> None:
    """Opt out in the banner, and wait until the service has acknowledged it."""
    browsing.click(part("opt-out"))
    browsing.becomes(ACKNOWLEDGED)


def test_the_stub_answers_while_nothing_comes_over_the_network(browsing: Browsing) -> None:
    with hanging(browsing.demo):
        browsing.visit(until="true")
        assert browsing.run("'q' in privacyChoices")  # the stub's own: the script is not here
        said = browsing.flag()
    assert (said["sale"], said["basis"]) == ("allowed", "default")
    browsing.becomes("!('q' in privacyChoices)")
    browsing.becomes(f"{BOX}.startsWith('adnet: tag ran')")


def test_an_opt_out_by_click_denies_at_once_and_the_partner_is_never_asked_again(
    browsing: Browsing, demo: Demo
) -> None:
    browsing.visit()
    browsing.becomes(f"{BOX}.startsWith('adnet: tag ran')")
    assert browsing.is_seen(part("banner"))
    browsing.run(LISTEN)
    browsing.click(part("opt-out"))
    heard = browsing.run("window.heard")
    assert [(said["sale"], said["share"], said["basis"]) for said in heard] == [
        ("denied", "denied", "choice")
    ]
    browsing.becomes(ACKNOWLEDGED)
    assert "pc_acme=1.dda." in browsing.run("document.cookie")

    before = demo.partner_log()
    browsing.reload()
    assert browsing.flag()["basis"] == "choice"
    assert browsing.run(BOX) == "Nothing has run here."
    assert not browsing.is_seen(part("banner"))
    assert browsing.asked_of_partner() == []
    assert demo.partner_log() == before


def test_the_settings_are_opened_used_and_left_by_keyboard(browsing: Browsing) -> None:
    browsing.visit()
    browsing.run(f"{LINK}.focus()")
    browsing.press(ENTER)
    assert browsing.becomes(FOCUSED) == "privacy-choices-title"
    browsing.press(TAB)
    assert browsing.run(FOCUSED) == "privacy-choices-switch"
    browsing.press(SPACE)
    browsing.becomes(ACKNOWLEDGED)
    assert browsing.run(f"{part('switch')}.getAttribute('aria-checked')") == "false"
    browsing.press(ESCAPE)
    browsing.becomes(f"document.activeElement === {LINK}")


def test_the_second_step_opens_in_a_tab_of_its_own_and_brings_the_tag_back(browsing: Browsing) -> None:
    browsing.visit()
    opt_out(browsing)
    browsing.reload()
    (shop,) = browsing.tabs()
    browsing.click(LINK)
    browsing.becomes(f"{part('switch')} !== null")  # the settings are a file of their own
    browsing.click(part("switch"))
    (step,) = eventually(lambda: set(browsing.tabs()) - {shop})
    assert browsing.flag()["sale"] == "denied"  # one step alone changes nothing

    browsing.turn_to(step)
    browsing.becomes("document.querySelector('.scripted button:enabled') !== null")
    browsing.click("document.querySelector('.scripted button')")
    browsing.becomes("document.querySelector('[role=status]')?.textContent === 'Your choice is recorded'")
    browsing.close(shop)
    browsing.becomes("privacyChoices.flag().basis === 'opted_in'")
    browsing.becomes(f"{BOX}.startsWith('adnet: tag ran')")


async def test_firefoxs_own_signal_denies_before_any_answer_and_is_honoured_in_words(
    signalling: Browsing, demo: Demo
) -> None:
    ledger, partner = await demo.ledger(), demo.partner_log()
    with hanging(demo):
        signalling.visit(until="true")
        said = signalling.flag()
    assert (said["sale"], said["share"], said["basis"], said["gpc"]) == ("denied", "denied", "gpc", True)

    assert signalling.becomes(f"{part('status')}.textContent") == "Opt-Out Request Honored"
    assert signalling.is_seen(part("status"))
    assert not signalling.is_seen(part("banner"))
    (entry,) = await demo.ledger_since(ledger)
    assert isinstance(entry, SignalEntry)
    assert entry.sources == ["header", "script"]
    assert signalling.asked_of_partner() == []
    assert demo.partner_log() == partner
