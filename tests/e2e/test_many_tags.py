"""A page that puts a thousand marked scripts in at once, and goes on putting in some: nothing stalls."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from tests.bench.pages.tasks import CATEGORIES, LONG, of_page
from tests.e2e.conftest import ONCE
from tests.e2e.embedding import Written, guest, ran, shop

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), ONCE]

MANY = 1000
# The texts differ, as those of a page's tags do.
INSERT = """([first, last]) => {
  const made = document.createDocumentFragment();
  for (let number = first; number < last; number++) {
    const script = document.createElement('script');
    script.type = 'text/plain';
    script.dataset.right = 'sale';
    script.text = `window.ran.push('${number}')`;
    made.append(script);
  }
  document.body.append(made);
}"""
# Every look at an element, by whichever of these the script looks.
COUNT = """() => {
  window.looks = 0;
  const counted = (owner, name) => {
    const property = Object.getOwnPropertyDescriptor(owner, name);
    const key = property.get ? 'get' : 'value';
    const own = property[key];
    property[key] = function (...given) { window.looks++; return own.apply(this, given); };
    Object.defineProperty(owner, name, property);
  };
  counted(Node.prototype, 'isConnected');
  counted(Node.prototype, 'isEqualNode');
  counted(Node.prototype, 'nextSibling');
  counted(Element.prototype, 'matches');
  counted(HTMLElement.prototype, 'dataset');
}"""


async def run(page: Page, first: int, last: int) -> None:
    """Put these in, and wait until they have run."""
    await page.evaluate(INSERT, [first, last])
    await page.wait_for_function(f"() => window.ran.length >= {last}")


async def test_a_thousand_tags_run_in_order_without_a_long_task_and_later_ones_are_cheap(
    chromium: Browser, tmp_path: Path
) -> None:
    with shop(tmp_path) as site, site.serving():
        site.pages["/"] = Written()
        async with guest(chromium, site) as visitor:
            page = await visitor.visit()
            # The parser must be seen parsing: a trace that begins later doesn't tell which thread is the page's.
            await chromium.start_tracing(page=page, categories=CATEGORIES)
            await page.reload()
            await page.evaluate("() => privacyChoices.ready.then(() => true)")
            await run(page, 0, MANY)
            trace = json.loads(await chromium.stop_tracing())
            tasks = of_page(trace["traceEvents"], f"{site.origin}/")
            assert max(tasks) < LONG
            assert await ran(page) == [str(number) for number in range(MANY)]

            await page.evaluate(COUNT)
            await run(page, MANY, MANY + 1)
            assert 0 < await page.evaluate("() => window.looks") < 30
            assert visitor.complaints == []
