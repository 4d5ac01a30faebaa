"""Site cookie: in first-party mode an answer carries it, so that browsers which soon forget what scripts have set
keep it for its whole time.

The script writes the same text and attributes (widget: `core/cookie.ts`, `page/cookies.ts`); a test in a real browser
holds the two together. An answer never writes a cookie that the script would not write after it: a choice that this
browser has made and no answer has acknowledged yet outranks any answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from starlette.requests import Request

from consent_service.config.first_party import FirstParty
from consent_service.domain.facts import ChoiceMade
from consent_service.domain.flags import Flag
from consent_service.domain.words import Basis, Stance
from consent_service.public_contract import cookie_name
from consent_service.web.http import request_headers

MAX_AGE: Final = 34_560_000
"""Seconds: 400 days, the longest that browsers keep a cookie (RFC 6265bis)."""

_SHAPE: Final = re.compile(r"1\.([ad]{3})\.([a-z_]+)\.([0-3])\.(\d{10})\.(\d{1,9})\.([\w.-]*)", re.ASCII)


class CookieRecord(NamedTuple):
    """Fields of the cookie's text. `max_age` 0 with basis `choice`: made in the browser, not acknowledged yet.

    `identified`: a consumer was identified in this browser; the script sets this mark, and no answer takes it away.
    """

    letters: str
    basis: str
    gpc: bool
    as_of: int
    max_age: int
    token: str
    identified: bool = False

    @property
    def unacknowledged(self) -> bool:
        """True for a choice that the service has not answered yet."""
        return self.basis == Basis.CHOICE.value and self.max_age == 0

    @property
    def opted_out(self) -> bool:
        """True if sale and sharing are denied."""
        return self.letters.startswith("dd")


class CookieRenewal:
    """Renewer of one site's cookie. `way`: the site's first-party way to the service."""

    def __init__(self, site: str, way: FirstParty) -> None:
        self._site = site
        self._way = way

    def after(
        self, request: Request, flag: Flag, token: str | None, now: int, choice: ChoiceMade | None = None
    ) -> request_headers.Raw:
        """Return the header that renews the cookie after this answer, or none. `choice`: the choice in the call."""
        way = self._way
        if not _reaches(way, request):
            return []
        record = answered(flag, token, now)
        cookies = request_headers.cookie_texts(request_headers.seen(request.scope).cookie, self._site)
        own = [text for prefix, text in cookies if prefix or not way.host_only_cookie]
        if not renewed(own, record, choice):
            return []
        identified = any(before.identified for before in map(parse, own) if before)
        name = cookie_name(self._site, host_only=way.host_only_cookie)
        return [(b"set-cookie", set_cookie(name, way, record._replace(identified=identified)))]


def _reaches(way: FirstParty, request: Request) -> bool:
    """Return True if the site's pages would read this cookie. A browser itself refuses a wrong domain."""
    return way.cookie_domain is not None or way.host in request_headers.host_names(request.scope)


def text_of(record: CookieRecord) -> str:
    """Return `1.<sale,share,sensitive>.<basis>.<marks>.<as_of>.<max_age>.<token>`; marks: 1 signal, 2 consumer."""
    marks = record.gpc + 2 * record.identified
    return f"1.{record.letters}.{record.basis}.{marks}.{record.as_of}.{record.max_age}.{record.token}"


def parse(text: str) -> CookieRecord | None:
    """Return the fields of a cookie's text, or None if it is malformed."""
    match = _SHAPE.fullmatch(text)
    if match is None:
        return None
    letters, basis, marks, as_of, max_age, token = match.groups()
    return CookieRecord(letters, basis, marks in "13", int(as_of), int(max_age), token, marks > "1")


def answered(flag: Flag, token: str | None, now: int) -> CookieRecord:
    """Return the fields that this answer leaves in the browser. `now`: Unix seconds."""
    letters = "".join(answer[0] for answer in (flag.sale, flag.share, flag.sensitive))
    return CookieRecord(letters, flag.basis, flag.gpc, now, max(1, flag.max_age), token or "")


def renewed(cookies: Iterable[str], answer: CookieRecord, choice: ChoiceMade | None = None) -> bool:
    """Return True if the answer may replace every cookie that the call brought.

    `choice`: the choice in the call; None for a page view. An answer in doubt is never kept in a cookie.
    """
    if answer.basis == Basis.UNAVAILABLE.value:
        return False
    return all(_gives_way(parse(text), answer, choice) for text in cookies)


def set_cookie(name: str, way: FirstParty, record: CookieRecord) -> bytes:
    """Return the value of the `Set-Cookie` header. The page's scripts read the cookie, so it is not HttpOnly."""
    domain = f"; Domain={way.cookie_domain}" if way.cookie_domain else ""
    secure = "; Secure" if way.secure else ""
    attributes = f"; Path=/; SameSite=Lax; Max-Age={MAX_AGE}{domain}{secure}"
    return f"{name}={text_of(record)}{attributes}".encode()


def _gives_way(before: CookieRecord | None, answer: CookieRecord, choice: ChoiceMade | None) -> bool:
    if before is None:
        return (
            True  # nothing that denies is lost: a malformed cookie is answered in doubt, and that is not kept
        )
    if before.unacknowledged:
        return choice is not None and _acknowledges(before, answer, choice)
    forgotten = (
        before.basis == Basis.CHOICE.value and before.opted_out and answer.basis == Basis.DEFAULT.value
    )
    return not forgotten  # a default never replaces an opt-out: the script sends it again


def _acknowledges(before: CookieRecord, answer: CookieRecord, choice: ChoiceMade) -> bool:
    """Return True if everything denied before stays denied and is on record."""
    if any(was == "d" and now == "a" for was, now in zip(before.letters, answer.letters, strict=True)):
        return False
    opts_out = choice.sale is Stance.OPTED_OUT and choice.share is Stance.OPTED_OUT
    return opts_out or not before.opted_out or answer.basis == Basis.CHOICE.value
