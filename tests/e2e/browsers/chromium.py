"""Debian's Chromium behind WebDriver's words, as far as pages need them that are tried in every engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Error, Page, sync_playwright

from tests.e2e.browsers.words import RELOAD, RUN, VISIT, Refused, Word
from tests.e2e.visiting import CHROMIUM, FLAGS, MISSING


class Tab:
    """One tab, driven by Playwright."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def say(self, word: Word, **given: Any) -> Any:
        """The browser's answer. Raises Refused."""
        try:
            if word == RUN:
                return self._page.evaluate(f"() => {{ {given['script']} }}")
            if word == VISIT:
                return self._page.goto(given["url"], wait_until="commit") and None
            assert word == RELOAD, word
            return self._page.reload(wait_until="commit") and None
        except Error as error:
            raise Refused(error.message) from error


@contextmanager
def chromium() -> Iterator[Tab]:
    """A running browser with one tab."""
    assert CHROMIUM.exists(), MISSING
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield Tab(browser.new_page())
        finally:
            browser.close()
