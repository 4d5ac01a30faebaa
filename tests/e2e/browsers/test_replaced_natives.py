"""Old libraries that replaced methods of the browser's, in three engines: a visitor meets what all others do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from tests.e2e.browsers.browsing import part
from tests.e2e.browsers.dirty import Dirt, dirt
from tests.e2e.browsers.webkit import Screen
from tests.e2e.embedding import Written
from tests.e2e.replacing import BODY, OLD_LIBRARY

pytestmark = pytest.mark.e2e

FIELD: Final = "new Promise((done) => __gpp('getField', done, 'usca.SaleOptOut'))"
EARLY: Final = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>x</title>'
    "<script>window.ran = []</script><script>{stub}</script>"
    f'{OLD_LIBRARY}<script src="{{service}}/w/acme.js"></script>'
    '<link rel="icon" href="data:,">'
    f"</head><body>{BODY}</body></html>"
)
"""The script runs before there is a body."""
PAGES: Final = {
    "once the page is there": Written(head=OLD_LIBRARY, body=BODY),
    "before there is a body": Written(whole=EARLY),
}
TAKE_FRAMES: Final = "document.querySelectorAll('iframe').forEach((frame) => frame.remove())"


@pytest.fixture(scope="module")
def page(engine: str, tmp_path_factory: pytest.TempPathFactory, webkit_screen: Screen) -> Iterator[Dirt]:
    with dirt(engine, tmp_path_factory.mktemp("replaced"), webkit_screen) as opened:
        yield opened


@pytest.mark.parametrize("when", PAGES)
def test_beside_an_old_library_all_works_and_goes_on_working_when_frames_are_taken_away(
    page: Dirt, when: str
) -> None:
    page.open(PAGES[when])
    page.becomes(f"!!{part('banner')} && ran.length === 1")
    for _ in range(2):
        page.run(f"({TAKE_FRAMES}, true)")
        page.run("(document.querySelector('[data-privacy-choices]').click(), true)")
        page.becomes(f"{part('dialog')}.open")
        page.run(f"({part('settings-close')}.click(), true)")
        page.becomes(f"!{part('dialog')}.open")
    page.run(f"({part('opt-out')}.click(), true)")
    page.becomes("privacyChoices.flag().max_age > 0")
    assert page.run("privacyChoices.flag().sale") == "denied"
    assert page.run(FIELD) == 1
