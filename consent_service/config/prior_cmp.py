"""What consent tools that a site had before left in its visitors' browsers: who opted out, and who it was.

A literal table: the cookie's name, the pattern that its text (after URL decoding) matches for somebody who opted
out of sale, sharing or advertising, and where the tool's own id of the visitor stands in it. Only tools whose
cookie says so in words that are the same on every site are here. Osano's cookie is sealed; Klaro and
vanilla-cookieconsent note the site's own names of services and categories: for those a site writes
`prior_cookies` itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class PriorCookie(NamedTuple):
    """A cookie's name, the pattern of an opt-out in its text, and that of the visitor's id, which is its one group.

    "" where it says no such thing. Python and JavaScript read the patterns alike.
    """

    cookie: str
    pattern: str
    id: str = ""


PRESETS: Final[Mapping[str, PriorCookie]] = {
    # IAB US Privacy string: 1YYN; the third character is Y for opted out of the sale.
    "usprivacy": PriorCookie("usprivacy", "^1.[Yy]"),
    # isGpcEnabled=0&datestamp=…&consentId=…&groups=C0001:1,C0002:1,C0004:0 — C0004 is targeting, SPD_BG sale and
    # sharing, as the tool ships them; a site that renamed its groups writes its own entry.
    "onetrust": PriorCookie("OptanonConsent", r"\b(C0004|SPD_BG):0", r"\bconsentId=([^&]+)"),
    # {stamp:'…',necessary:true,preferences:false,statistics:false,marketing:false,method:'explicit',ver:1,…}; older
    # ones say 0 for declined.
    "cookiebot": PriorCookie("CookieConsent", "marketing:false|^0$", r"\bstamp:'([^']+)'"),
    # consentid:…,consent:no,action:yes,necessary:yes,functional:no,analytics:no,performance:no,advertisement:no
    "cookieyes": PriorCookie("cookieyes-consent", r"\badvertisement:no\b", r"\bconsentid:([^,]+)"),
    # 0: is required cookies alone, 1: functional as well, 2: advertising too, in the three steps it ships with.
    "trustarc": PriorCookie("notice_preferences", "^[01]:"),
    # allow or deny; a cookie for each category.
    "complianz": PriorCookie("cmplz_marketing", "^deny$"),
}


def cookie_of(tool: str) -> str:
    """The cookie that is meant by a tool's name here, or by the cookie's own."""
    return PRESETS[tool].cookie if tool in PRESETS else tool
