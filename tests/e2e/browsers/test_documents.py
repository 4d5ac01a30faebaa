"""Pages that are drawn as a whole, or anew, in Firefox and in WebKit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.browsers.browsing import Browsing, part
from tests.e2e.documents import AGAIN_AND_AGAIN, FRAMES, HELD, REDRAWINGS, hydrated, plain
from tests.e2e.embedding import Shop, shop

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One shop for all of these tests."""
    with shop(tmp_path_factory.mktemp("shop")) as opened, opened.serving():
        yield opened


def walked(browsing: Browsing, site: Shop) -> None:
    """The page is hydrated without an error and works, and so does all of ours."""
    browsing.go(f"{site.origin}/", until="privacyChoices.ready")
    browsing.becomes("document.querySelector('#h').textContent === 'Shop 1'")
    assert browsing.run("window.recovered") == []
    browsing.click("document.querySelector('#b')")
    browsing.becomes("document.querySelector('#h').textContent === 'Shop 2'")
    browsing.becomes(HELD)
    assert browsing.becomes(f"!!{part('banner')}")
    assert browsing.is_seen(part("banner"))


def test_a_framework_hydrates_the_document_without_an_error(
    browsing: Browsing, site: Shop, tmp_path: Path
) -> None:
    for framework in ("react18", "react", "vue"):
        for late in (False, True):
            hydrated(site, tmp_path, framework, late=late)
            walked(browsing, site)
    hydrated(site, tmp_path, "react18", middle=True)
    walked(browsing, site)


def test_ours_comes_back_whatever_draws_the_page_anew(browsing: Browsing, site: Shop) -> None:
    for between in ("", "\n"):
        plain(site, between)
        for way in REDRAWINGS.values():
            browsing.go(f"{site.origin}/", until="privacyChoices.ready")
            browsing.becomes(f"!!{part('banner')} && {HELD}")
            assert browsing.run(f"(async () => {{ {way}; await null; return {FRAMES} }})()")
            browsing.becomes(f"!!{part('banner')} && {FRAMES}")
            assert browsing.is_seen(part("banner"))
            browsing.run(AGAIN_AND_AGAIN)
            browsing.becomes(f"!!{part('banner')} && {FRAMES}")
