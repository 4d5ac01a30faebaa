"""The script is blocked, missing or hanging: the page renders without it, and nothing marked runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page

from tests.e2e.conftest import Arrive
from tests.e2e.visiting import Visitor, flag, opt_out, waited

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

SCRIPT = "**/w/acme.js"
PAINTED = "() => performance.getEntriesByName('first-contentful-paint').length > 0"

Trouble = Callable[[Visitor], Awaitable[None]]


async def blocked(visitor: Visitor) -> None:
    await visitor.context.route(SCRIPT, lambda route: route.abort("blockedbyclient"))


async def missing(visitor: Visitor) -> None:
    await visitor.context.route(SCRIPT, lambda route: route.fulfill(status=404, body="not here"))


async def hanging(visitor: Visitor) -> None:
    """Until the test ends."""
    await visitor.hold(SCRIPT)


@pytest.fixture(params=[blocked, missing, hanging], ids=["blocked", "missing", "hanging"])
def trouble(request: pytest.FixtureRequest) -> Trouble:
    """Fate of the script."""
    given: Trouble = request.param
    return given


async def visit_in_trouble(visitor: Visitor, trouble: Trouble) -> Page:
    """Open the shop while its script can't be had, and wait until it is painted all the same."""
    await trouble(visitor)
    page = await visitor.visit(until="parsed")
    await page.wait_for_function(PAINTED)
    if trouble is not hanging:
        await page.wait_for_load_state("networkidle")
    return page


async def test_an_opted_out_visitors_page_renders_without_the_script_and_nothing_marked_runs(
    arrive: Arrive, trouble: Trouble
) -> None:
    visitor = await arrive()
    page = await visitor.visit()
    await opt_out(page)
    await page.close()

    visitor.asked.clear()
    page = await visit_in_trouble(visitor, trouble)
    said = await flag(page)
    assert (said["sale"], said["share"], said["basis"]) == ("denied", "denied", "choice")
    assert await page.locator("#flag-basis").inner_text() == "choice"
    assert visitor.asked_of_partner == []


async def test_a_page_calls_what_is_not_there_yet_and_nothing_breaks(
    arrive: Arrive, trouble: Trouble
) -> None:
    visitor = await arrive()
    page = await visit_in_trouble(visitor, trouble)
    visitor.complaints.clear()  # the script itself was reported missing
    await page.evaluate("() => { privacyChoices.on('change', () => {}); privacyChoices.open(); }")
    await page.evaluate("() => privacyChoices.optOut()")
    assert (await flag(page))["sale"] == "denied"
    assert visitor.complaints == []
    assert visitor.asked_of_partner == []


async def test_an_opt_out_that_the_page_made_before_the_script_came_is_kept(
    arrive: Arrive,
) -> None:
    visitor = await arrive()
    await visitor.hold(SCRIPT)
    page = await visitor.visit(until="parsed")
    await page.evaluate("() => privacyChoices.optOut()")
    assert (await flag(page))["sale"] == "denied"
    await visitor.release()
    await waited(page, "still")
    assert (await flag(page))["basis"] == "choice"
    assert visitor.asked_of_partner == []
