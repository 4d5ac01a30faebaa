"""In Firefox and WebKit, too, a sibling subdomain allows nobody, and the cookie from before is known again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

import pytest

from tests.e2e.browsers.browsing import Browsing
from tests.e2e.browsers.test_core_walk import opt_out
from tests.e2e.siblings import HOST_COOKIE, MIRROR, PLAIN_COOKIE, Site, beside_a_sibling
from tests.support.nginx import SITE_HOST

pytestmark = pytest.mark.e2e

READY: Final = "privacyChoices.ready"
SALE: Final = "privacyChoices.flag().sale"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with beside_a_sibling(tmp_path_factory.mktemp("siblings")) as site:
        yield site


def forged(name: str = PLAIN_COOKIE) -> str:
    """A cookie that allows everything, for the whole domain."""
    text = f"1.aaa.affirmed.2.{int(time.time())}.300."
    return f"{name}={text}; Path=/; Domain={SITE_HOST}; Secure"


def sets(browsing: Browsing, address: str, *cookies: str) -> None:
    """A page at this address sets these cookies."""
    browsing.go(address)
    for cookie in cookies:
        browsing.run(f"(document.cookie = {cookie!r}, document.cookie.length)")


def cookies(browsing: Browsing, name: str) -> list[str]:
    """The texts of the cookies of this name that the page sees."""
    pairs: list[str] = browsing.run("document.cookie.split('; ')")
    return [pair.partition("=")[2] for pair in pairs if pair.startswith(f"{name}=")]


def says(browsing: Browsing, site: Site) -> set[str]:
    """Return the flags of the stub alone and of the script."""
    browsing.go(site.stub)
    alone = browsing.run(SALE)
    browsing.go(site.url, until=READY)
    return {alone, browsing.run(SALE)}


def test_an_opted_out_visitor_stays_denied_beside_and_without_a_cookie_of_ours(
    browsing: Browsing, site: Site
) -> None:
    browsing.go(site.url, until=READY)
    opt_out(browsing)
    (ours,) = cookies(browsing, HOST_COOKIE)
    sets(browsing, site.evil, forged())
    assert says(browsing, site) == {"denied"}

    sets(
        browsing, site.stub, *(f"{name}=; Path=/; Max-Age=0; Secure" for name in (HOST_COOKIE, PLAIN_COOKIE))
    )
    assert cookies(browsing, HOST_COOKIE) == []
    assert len(cookies(browsing, PLAIN_COOKIE)) == 1, "nothing was shown"
    assert says(browsing, site) == {"denied"}
    (again,) = cookies(browsing, HOST_COOKIE)
    assert again.split(".", 6)[6] == ours.split(".", 6)[6]


def test_an_allowed_visitor_is_not_harmed_by_a_siblings_cookies(browsing: Browsing, site: Site) -> None:
    browsing.go(site.url, until=READY)
    ours = cookies(browsing, HOST_COOKIE)
    assert ours[0].startswith("1.aaa.default.")
    sets(browsing, site.evil, forged())
    assert says(browsing, site) == {"allowed"}
    assert browsing.run("privacyChoices.flag().basis") == "default"
    assert cookies(browsing, HOST_COOKIE) == ours


def test_where_a_browser_knows_no_prefix_the_stricter_of_two_cookies_answers(
    browsing: Browsing, site: Site
) -> None:
    """Safari and Firefox take no such cookie from a sibling; what Debian's WebKit is built on does."""
    browsing.go(site.url, until=READY)
    opt_out(browsing)
    sets(browsing, site.evil, forged(HOST_COOKIE), forged(f"={HOST_COOKIE}"))
    assert says(browsing, site) == {"denied"}
    assert any(text.startswith("1.dda.choice.") for text in cookies(browsing, HOST_COOKIE))


def test_a_visitor_who_opted_out_before_the_prefix_stays_opted_out_and_gets_the_new_cookie(
    browsing: Browsing, site: Site
) -> None:
    browsing.go(site.url, until=READY)
    opt_out(browsing)
    (ours,) = cookies(browsing, HOST_COOKIE)
    former = f"{PLAIN_COOKIE}={ours}; Path=/; SameSite=Lax; Max-Age=34560000; Secure"
    sets(browsing, site.stub, former, f"{HOST_COOKIE}=; Path=/; Max-Age=0; Secure")
    browsing.run(f"localStorage.removeItem('{MIRROR}')")
    sets(browsing, site.evil, forged())
    assert says(browsing, site) == {"denied"}
    (kept,) = cookies(browsing, HOST_COOKIE)
    assert kept.startswith("1.dda.choice.")
    assert site.server_flag(kept.split(".", 6)[6])["basis"] == "choice"
