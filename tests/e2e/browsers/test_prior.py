"""In Firefox and WebKit, too, what the consent tool before has noted is honoured with the first page view."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.browsers.browsing import Browsing
from tests.e2e.embedding import Shop, Written, shop
from tests.e2e.test_prior import ALLOWED, DENIED, SITE, TAG

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def open_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop that had another consent tool, with its service."""
    with shop(tmp_path_factory.mktemp("shop"), SITE) as site, site.serving():
        site.pages["/"] = Written(body=TAG)
        yield site


def arrive(browsing: Browsing, site: Shop, cookie: str) -> None:
    """The shop's page, by a browser in which the tool before has left this cookie."""
    # A document that no script of ours is in.
    browsing.visit(url=f"{site.origin}/tag/nothing.js", until="true")
    browsing.run(f"(document.cookie = {cookie!r} + '; Path=/')")
    browsing.visit(url=f"{site.origin}/")


@pytest.mark.parametrize("kind", DENIED)
def test_an_opt_out_of_any_generation_denies_and_is_recorded(
    browsing: Browsing, open_shop: Shop, kind: str
) -> None:
    arrive(browsing, open_shop, DENIED[kind])
    browsing.becomes("privacyChoices.flag().max_age > 0")
    said = browsing.flag()
    assert (said["sale"], said["share"], said["basis"]) == ("denied", "denied", "choice")
    assert browsing.run("window.ran") == []


def test_a_visitor_who_refused_nothing_before_is_one_like_any_other(
    browsing: Browsing, open_shop: Shop
) -> None:
    arrive(browsing, open_shop, ALLOWED["all on"])
    browsing.becomes("window.ran.length === 1")
    assert browsing.flag()["basis"] == "default"
