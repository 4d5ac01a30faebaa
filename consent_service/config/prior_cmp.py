"""Consent tools that a site had before: the cookies in which each notes a visitor's choices, and how to read them.

A literal table, from the tools' public documentation and from cookies as browsers keep them; every generation of a
tool that may still be in a browser has its row. Only denials are ever taken from these cookies. A cookie that is
there and can't be read denies, unless its text says plainly that nothing was chosen yet (design rule 2). Tools that
keep choices in web storage are not here: the stub, which answers before the script is there, reads cookies alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

SALE_SHARE: Final = 1
SENSITIVE: Final = 2

GRANTED: Final = "^(1|true|yes|on|allow(ed)?|accept(ed)?|granted)$"
"""Words for "granted" in cookies whose tool is not in the table."""


class Groups(NamedTuple):
    """Ids of a tool's groups (categories, purposes) that a site names: those of sale and sharing, and sensitive."""

    sale_share: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()


class CookieReading(NamedTuple):
    """One cookie, and how its text is read once it is percent-decoded: pairs of an id and a word, `id:word`.

    `doubt`: bits of the rights that a text denies which can't be read. `harmless`: pattern of a text that refuses
    nothing. `field`: the member of a query string that holds the pairs; "" = the whole text. `signals`: ids whose
    truth denies, such as a note that the browser sent Global Privacy Control. `sale_share`, `sensitive`: ids that
    deny unless their word matches `granted`; the id "" is that of a text which is one word. `others`: ids that mean
    something else. `refused`: pattern of the word that denies under any id that is in none of these lists; "" where
    such ids mean nothing. `opted_out`: pattern of a site's own, in place of all that.

    Python and JavaScript read the patterns alike, in a time that grows with the text's length alone.
    """

    cookie: str
    doubt: int = SALE_SHARE
    harmless: str = ""
    field: str = ""
    signals: tuple[str, ...] = ()
    sale_share: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    granted: str = ""
    refused: str = ""
    opted_out: str = ""

    def as_page_value(self) -> dict[str, object]:
        """Return the members that have a value, in the page's form."""
        return {name: value for name, value in self._asdict().items() if value}


class Tool(NamedTuple):
    """A consent tool. `cookie`: its main one. `read`: all of them, for a site with these groups of its own.

    `id`: pattern whose one group is the tool's id of a visitor, in that cookie; "" where it holds none. `groups`:
    pattern of the ids that a site may name; "" where they are the same on every site.
    """

    cookie: str
    read: Callable[[Groups], tuple[CookieReading, ...]]
    id: str = ""
    groups: str = ""


def _rights_of(groups: Groups) -> int:
    """Return the bits of the rights that these groups are about."""
    return (SALE_SHARE if groups.sale_share else 0) | (SENSITIVE if groups.sensitive else 0)


def read_groups(cookie: str, groups: Groups) -> CookieReading:
    """Return the reading of a cookie that holds pairs `id:word`, by the ids that a site names."""
    return CookieReading(
        cookie, _rights_of(groups), sale_share=groups.sale_share, sensitive=groups.sensitive, granted=GRANTED
    )


def _word_cookies(
    prefixes: tuple[str, ...], categories: tuple[str, ...], granted: str, right: int = SALE_SHARE
) -> list[CookieReading]:
    """Return the readings of cookies `<prefix><category>`, whose whole text is one word."""
    word = Groups(("",)) if right == SALE_SHARE else Groups((), ("",))
    cookies = (f"{prefix}{category}" for category in categories for prefix in prefixes)
    return [
        CookieReading(cookie, right, sale_share=word.sale_share, sensitive=word.sensitive, granted=granted)
        for cookie in cookies
    ]


def _usprivacy_cookies(_: Groups) -> tuple[CookieReading, ...]:
    """The IAB's US Privacy string, `1YNN`: the third character is Y for opted out of the sale, - where no law is."""
    return (CookieReading("usprivacy", harmless="^[0-9][YNyn-][Nn-][YNyn-]$"),)


def _onetrust_cookies(own: Groups) -> tuple[CookieReading, ...]:
    """`isGpcEnabled=0&datestamp=…&groups=C0001%3A1%2CC0004%3A0%2CSSPD_BG%3A0&…`: 0 is a group that is off.

    Groups are C0001 to C0005, or 1 to 4 in older set-ups; SPD_BG, SSPD_BG and OSSTA_BG are the opt-outs of the sale,
    of sale or sharing, and of both with targeted advertising. Sites name others as they like (BG12, trg, V2STACK42),
    so a group that nobody knows denies while it is off, until the site says which of its groups mean the sale.
    `interactionCount=0` does not say that nothing was chosen: the tool turns groups off under Global Privacy Control
    without any interaction. That signal was a request to opt out (CCPA regs § 7025(c)), so its note denies too.
    """
    groups = CookieReading(
        "OptanonConsent",
        SALE_SHARE | _rights_of(own),
        field="groups",
        signals=("isGpcEnabled", "browserGpcFlag"),
        sale_share=tuple(dict.fromkeys(("C0004", "4", "SPD_BG", "SSPD_BG", "OSSTA_BG", *own.sale_share))),
        sensitive=own.sensitive,
        others=("C0001", "C0002", "C0003", "1", "2", "3"),
        granted="^1$",
        refused="" if own.sale_share else "^(?!1$)",
    )
    return (groups, CookieReading("OneTrustWPCCPAGoogleOptOut", harmless="^(false|0)$"))


def _cookiebot_cookies(_: Groups) -> tuple[CookieReading, ...]:
    """`{stamp:'…',necessary:true,preferences:false,statistics:false,marketing:false,method:'explicit',…}`.

    Older texts are 0 for declined, and -1 for a visitor from where nothing is asked.
    """
    return (CookieReading("CookieConsent", harmless="^-1$", sale_share=("marketing",), granted="^(true|1)$"),)


_COOKIEYES_OTHERS: Final = (
    "necessary",
    "functional",
    "preferences",
    "analytics",
    "performance",
    "other",
    "others",
)


def _cookieyes_cookies(own: Groups) -> tuple[CookieReading, ...]:
    """`consentid:…,consent:no,action:yes,necessary:yes,functional:no,…,advertisement:no`.

    An empty `action` says that nothing was chosen yet. Before, each category had a cookie of its own, `yes` or `no`;
    before that, as the WordPress plugin, too, and a JSON object in base64 beside them.
    """
    now = CookieReading(
        "cookieyes-consent",
        SALE_SHARE | _rights_of(own),
        harmless="(^|,)action:(no)?(,|$)",
        sale_share=("advertisement", "consent", *own.sale_share),
        sensitive=own.sensitive,
        others=_COOKIEYES_OTHERS,
        granted="^yes$",
        refused="" if own.sale_share else "^no$",
    )
    plugin = now._replace(
        cookie="CookieLawInfoConsent",
        harmless="",
        signals=("ccpaOptout",),
        sale_share=("advertisement", "non-necessary", *own.sale_share),
        granted="^true$",
        refused=now.refused and "^false$",
    )
    before, plugins = "cookieyes-", "cookielawinfo-checkbox-"
    return (
        now,
        plugin,
        *_word_cookies(("",), ("cky-consent", "viewed_cookie_policy", f"{plugins}non-necessary"), "^yes$"),
        *_word_cookies((before, plugins), ("advertisement", *own.sale_share), "^yes$"),
        *_word_cookies((before, plugins), own.sensitive, "^yes$", SENSITIVE),
    )


def _trustarc_cookies(own: Groups) -> tuple[CookieReading, ...]:
    """Steps: `notice_preferences=2:` is the highest that was accepted, `notice_gdpr_prefs=0,1,2:…` lists them all.

    So does `cmapi_cookie_privacy=permit 1,2,3`, counted from 1. As the tool ships them, 0 is required cookies alone,
    1 functional and 2 advertising ones; a site with other steps names its own in place of 2.
    """
    sale_share = _step_cookies(own.sale_share or ("2",), SALE_SHARE)
    return (
        *sale_share,
        *_step_cookies(own.sensitive, SENSITIVE),
        CookieReading("gpcishonored", harmless="^(false|0)$"),
    )


def _step_cookies(steps: tuple[str, ...], right: int) -> list[CookieReading]:
    """Return the readings of the three cookies, each with the pattern of a text that accepts all these steps."""
    if not steps:
        return []
    listed = "(?=([0-9][,|])*{}(?![0-9]))"
    patterns = {
        "notice_preferences": f"^[{max(steps)}-9](?![0-9])",
        "notice_gdpr_prefs": "^" + "".join(listed.format(step) for step in steps),
        "cmapi_cookie_privacy": "^permit[_+]?" + "".join(listed.format(int(step) + 1) for step in steps),
    }
    return [CookieReading(cookie, right, harmless=pattern) for cookie, pattern in patterns.items()]


def _complianz_cookies(own: Groups) -> tuple[CookieReading, ...]:
    """`cmplz_marketing=deny`, a cookie for each category, and one for all of it before; `cmplz_rt_` on
    the main site of a WordPress network.

    A banner that was only dismissed (`dismiss`) leaves that one in doubt: where opt-in is the law it meant no.
    """
    prefixes = ("cmplz_", "cmplz_rt_")
    return (
        *_word_cookies(prefixes, ("marketing", "consent_status", *own.sale_share), "^allow$"),
        *_word_cookies(("",), ("complianz_consent_status",), "^allow$"),
        *_word_cookies(prefixes, own.sensitive, "^allow$", SENSITIVE),
    )


_GROUP: Final = "[A-Za-z0-9_.-]{1,64}"

PRESETS: Final[Mapping[str, Tool]] = {
    "usprivacy": Tool("usprivacy", _usprivacy_cookies),
    "onetrust": Tool("OptanonConsent", _onetrust_cookies, r"\bconsentId=([^&]+)", _GROUP),
    "cookiebot": Tool("CookieConsent", _cookiebot_cookies, r"\bstamp:'([^']+)'"),
    "cookieyes": Tool("cookieyes-consent", _cookieyes_cookies, r"\bconsentid:([^,]+)", _GROUP),
    "trustarc": Tool("notice_preferences", _trustarc_cookies, groups="[0-8]"),
    "complianz": Tool("cmplz_marketing", _complianz_cookies, groups=_GROUP),
}


def cookie_of(tool: str) -> str:
    """Return the cookie of a tool in PRESETS; any other name is the cookie's own."""
    return PRESETS[tool].cookie if tool in PRESETS else tool
