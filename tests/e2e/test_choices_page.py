"""The service's own page: without a script, and from the settings there and back."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, expect

from consent_service.demo.site_addresses import SERVICE_HOST, SHOP_HOST
from consent_service.ledger.entries import ChoiceEntry
from tests.e2e.conftest import ONCE, Arrive
from tests.e2e.visiting import acknowledged, confirmed, confirmed_without_script, flag, part, waited
from tests.support.demo import Demo

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

PAGE = f"**://{SERVICE_HOST}:*/s/acme/privacy-choices*"
SIGNALS = "**/v1/acme/signals"
FORBID_FORMS = """() => {
  const policy = document.createElement("meta");
  policy.httpEquiv = "Content-Security-Policy";
  policy.content = "form-action 'none'";
  document.head.append(policy);
}"""
STOPPED, UNKNOWN = "Stopped: you are opted out", "Not known on this page"
OUT_HERE, IN_HERE = "Opted out on this page", "Allowed on this page"


async def from_settings(page: Page) -> None:
    """Open the settings, and from there the service's page."""
    await page.get_by_role("link", name="Your Privacy Choices").first.click()
    await part(page, "more").click()
    await page.wait_for_url(PAGE)


async def back(page: Page) -> None:
    """Take the link back to the shop."""
    await part(page, "back").click()
    await page.wait_for_url(f"**://{SHOP_HOST}:*/**")


async def allowed(page: Page) -> None:
    """Ask on the page that sale and sharing be allowed, and take the second step."""
    await part(page, "allow").click()
    await confirmed(page)
    await page.get_by_role("link", name="Back to").click()
    await page.wait_for_url(PAGE)


async def entries_of(demo: Demo, token: str) -> list[str]:
    subject = await demo.subject(token)
    mine = [entry for entry in await demo.ledger() if entry.subject == subject]
    return [entry.step for entry in mine if isinstance(entry, ChoiceEntry)]


@ONCE
async def test_without_a_script_everything_works(arrive: Arrive) -> None:
    visitor = await arrive(java_script_enabled=False)
    page = await visitor.visit(until="parsed")
    await page.get_by_role("link", name="Your Privacy Choices").click()
    await expect(part(page, "sale_share-state")).to_have_text(UNKNOWN)
    await expect(part(page, "scriptless")).to_be_visible()

    await part(page, "opt_out").click()
    await expect(part(page, "did")).to_contain_text("You opted out of sale and sharing on this page.")
    await expect(part(page, "sale_share-state")).to_have_text(OUT_HERE)
    await page.reload()
    await expect(part(page, "sale_share-state")).to_have_text(OUT_HERE)

    await part(page, "allow").click()
    await confirmed_without_script(page)
    await page.get_by_role("link", name="Back to").click()
    await expect(part(page, "sale_share-state")).to_have_text(IN_HERE)
    await back(page)
    assert urlsplit(page.url).path == "/"
    assert visitor.complaints == []


@ONCE
async def test_without_a_script_a_signal_is_said_to_be_honoured(arrive: Arrive) -> None:
    visitor = await arrive(java_script_enabled=False, locale="es-MX")
    await visitor.has_signal()
    page = await visitor.visit(until="parsed")
    await page.get_by_role("link", name="Your Privacy Choices").click()
    await expect(part(page, "honored")).to_have_text("Solicitud de exclusión atendida")
    await expect(part(page, "opt_out")).to_have_attribute("aria-pressed", "true")


@ONCE
async def test_whoever_opted_out_on_the_site_and_types_the_address_reads_that_it_is_not_known(
    arrive: Arrive, demo: Demo
) -> None:
    visitor = await arrive()
    page = await visitor.visit()
    await part(page, "opt-out").click()
    await acknowledged(page)
    await page.goto(f"{demo.addresses.service}/s/acme/privacy-choices")
    await expect(part(page, "sale_share-state")).to_have_text(UNKNOWN)
    await expect(part(page, "unknown")).to_contain_text("This page can't see what you chose on Acme Shop.")
    await expect(page.get_by_text("Allowed", exact=True)).to_have_count(0)
    await expect(part(page, "allow")).to_have_count(0)
    await expect(part(page, "scriptless")).to_have_count(0)

    card = page.get_by_role("region", name="See what you chose on Acme Shop")
    await card.get_by_role("link", name="Back to Acme Shop").click()
    await page.wait_for_url(f"**://{SHOP_HOST}:*/**")
    await from_settings(page)
    await expect(part(page, "sale_share-state")).to_have_text(STOPPED)
    await expect(part(page, "unknown")).to_have_count(0)


@ONCE
async def test_whoever_types_the_address_and_opts_out_takes_it_along_by_the_link_and_for_good(
    arrive: Arrive, demo: Demo
) -> None:
    visitor = await arrive()
    page = await visitor.visit()
    await page.goto(f"{demo.addresses.service}/s/acme/privacy-choices")
    await part(page, "opt_out").click()
    await expect(part(page, "reach")).to_contain_text("by the link “Back to Acme Shop”")
    await part(page, "did-back").click()
    await page.wait_for_url(f"**://{SHOP_HOST}:*/**")
    await page.wait_for_function("() => privacyChoices.flag().basis === 'choice'")
    assert (await flag(page))["sale"] == "denied"


async def test_whoever_opts_out_there_is_denied_here_before_the_service_has_answered(
    arrive: Arrive, demo: Demo
) -> None:
    visitor = await arrive()
    page = await visitor.visit("/?lamp=fern#goods", until="still")
    await from_settings(page)
    await part(page, "opt_out").click()
    await expect(part(page, "did")).to_be_visible()
    visitor.asked.clear()
    await visitor.hold(SIGNALS)
    await back(page)
    await page.wait_for_function("() => !privacyChoices.q")
    assert (await flag(page))["sale"] == "denied"
    assert page.url == f"{demo.addresses.shop}/?lamp=fern#goods"
    assert visitor.asked_of_partner == []

    await visitor.release()
    await waited(page, "still")
    assert (await flag(page))["basis"] == "choice"
    assert demo.server_flag(await visitor.token())["basis"] == "choice"
    assert visitor.asked_of_partner == []


async def test_whoever_is_known_stays_the_same_visitor_there_and_back(arrive: Arrive, demo: Demo) -> None:
    visitor = await arrive()
    page = await visitor.visit()
    await part(page, "opt-out").click()
    await acknowledged(page)
    before = demo.visitor(await visitor.token())
    await from_settings(page)
    await expect(part(page, "sale_share-state")).to_have_text(STOPPED)
    await allowed(page)
    await back(page)
    await page.wait_for_function("() => privacyChoices.flag().basis === 'opted_in'")
    await expect(page.locator("#adnet-box")).to_contain_text("adnet: tag ran")
    token = await visitor.token()
    assert demo.visitor(token) == before
    assert await entries_of(demo, token) == ["only", "asked", "confirmed"]


@ONCE
async def test_whoever_only_looks_comes_back_as_before(arrive: Arrive) -> None:
    visitor = await arrive()
    page = await visitor.visit()
    await part(page, "keep").click()
    await page.wait_for_function("() => privacyChoices.flag().basis === 'opted_in'")
    await from_settings(page)
    await page.go_back()
    await page.wait_for_function("() => privacyChoices.flag().basis === 'opted_in'")


@ONCE
async def test_no_token_and_no_result_stands_in_any_address_that_is_sent(arrive: Arrive) -> None:
    visitor = await arrive()
    page = await visitor.visit()
    await part(page, "opt-out").click()
    await acknowledged(page)
    token = await visitor.token()
    await from_settings(page)
    await part(page, "opt_out").click()
    await back(page)
    await waited(page, "still")
    sent = [urlsplit(request.url)._replace(fragment="").geturl() for request in visitor.asked]
    assert not [url for url in sent if token in url or "privacy-choices=" in url]
    referrers = [request.headers.get("referer", "") for request in visitor.asked]
    assert not [referrer for referrer in referrers if "privacy-choices=" in referrer]


async def attackers_result(arrive: Arrive) -> str:
    """A result of an attacker's own, who opted in for good."""
    attacker = await arrive()
    page = await attacker.visit()
    await from_settings(page)
    await part(page, "opt_out").click()
    await allowed(page)
    async with page.expect_response("**/privacy-choices/back") as answer:
        await back(page)
    location = (await (await answer.value).all_headers())["location"]
    assert "#privacy-choices=" in location
    return location.partition("#")[2]


@ONCE
async def test_a_link_with_an_attackers_result_swaps_nobody_and_opts_nobody_in(
    arrive: Arrive, demo: Demo
) -> None:
    result = await attackers_result(arrive)
    visitor = await arrive()
    page = await visitor.visit()
    await part(page, "opt-out").click()
    await acknowledged(page)
    before = demo.visitor(await visitor.token())
    page = await visitor.visit(f"/#{result}", until="still")
    assert page.url == f"{demo.addresses.shop}/"
    assert (await flag(page))["sale"] == "denied"
    assert demo.visitor(await visitor.token()) == before

    stranger = await arrive()
    page = await stranger.visit(f"/#{result}", until="still")
    assert await stranger.token() == ""


@ONCE
async def test_where_the_sites_policy_forbids_the_form_an_opt_out_there_still_denies_here(
    arrive: Arrive,
) -> None:
    visitor = await arrive()
    page = await visitor.visit()
    await page.evaluate(FORBID_FORMS)
    await from_settings(page)
    await part(page, "opt_out").click()
    await expect(part(page, "did")).to_be_visible()
    await back(page)
    await page.wait_for_function("() => privacyChoices.flag().basis === 'choice'")
    assert (await flag(page))["sale"] == "denied"
