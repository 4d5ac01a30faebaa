"""The site's cookie: its text, its attributes, and when an answer may take its place. Pure.

The script writes the same text and the same attributes (widget: `core/cookie.ts`, `page/cookies.ts`); a test in a
real browser holds the two together. What the script would not write after this answer is not written here
either: a choice that this browser has made and nobody has acknowledged yet outranks any answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from consent_service.config.first_party import FirstParty
from consent_service.domain.facts import ChoiceMade
from consent_service.domain.flags import Flag
from consent_service.domain.words import Basis, Stance

MAX_AGE: Final = 34_560_000
"""Seconds: 400 days, the longest that browsers keep a cookie (RFC 6265bis)."""

_SHAPE: Final = re.compile(r"1\.([ad]{3})\.([a-z_]+)\.([0-3])\.(\d{10})\.(\d{1,9})\.([\w.-]*)", re.ASCII)


class CookieRecord(NamedTuple):
    """A cookie's text, read. `max_age` 0 with basis `choice`: made in the browser, not acknowledged yet.

    `identified`: a consumer was, in this browser; the script's own mark, which no answer takes away.
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
        return self.basis == Basis.CHOICE.value and self.max_age == 0

    @property
    def opted_out(self) -> bool:
        return self.letters.startswith("dd")


def text_of(kept: CookieRecord) -> str:
    """`1.<sale,share,sensitive>.<basis>.<marks>.<as_of>.<max_age>.<token>`; marks: 1 a signal, 2 a consumer."""
    marks = kept.gpc + 2 * kept.identified
    return f"1.{kept.letters}.{kept.basis}.{marks}.{kept.as_of}.{kept.max_age}.{kept.token}"


def parse(text: str) -> CookieRecord | None:
    """The record in this text, None when it is not one."""
    found = _SHAPE.fullmatch(text)
    if found is None:
        return None
    letters, basis, marks, as_of, max_age, token = found.groups()
    return CookieRecord(letters, basis, marks in "13", int(as_of), int(max_age), token, marks > "1")


def answered(flag: Flag, token: str | None, now: int) -> CookieRecord:
    """Return the record that this answer leaves in the browser. `now` is Unix seconds."""
    letters = "".join(answer[0] for answer in (flag.sale, flag.share, flag.sensitive))
    return CookieRecord(letters, flag.basis, flag.gpc, now, max(1, flag.max_age), token or "")


def renewed(brought: Iterable[str], answer: CookieRecord, choice: ChoiceMade | None = None) -> bool:
    """Return True if the answer may replace every cookie that the call brought.

    `choice` is what the call itself asked for, None for a mere page view. Doubt is answered and never kept here.
    """
    if answer.basis == Basis.UNAVAILABLE.value:
        return False
    return all(_gives_way(parse(text), answer, choice) for text in brought)


def set_cookie(name: str, way: FirstParty, kept: CookieRecord) -> bytes:
    """The value of the `Set-Cookie` header: the page's scripts read this cookie, so it is not HttpOnly."""
    domain = f"; Domain={way.cookie_domain}" if way.cookie_domain else ""
    secure = "; Secure" if way.secure else ""
    attributes = f"; Path=/; SameSite=Lax; Max-Age={MAX_AGE}{domain}{secure}"
    return f"{name}={text_of(kept)}{attributes}".encode()


def _gives_way(before: CookieRecord | None, answer: CookieRecord, choice: ChoiceMade | None) -> bool:
    if before is None:
        return (
            True  # nothing that denies is lost: what can't be read is answered in doubt, and that is not kept
        )
    if before.unacknowledged:
        return choice is not None and _acknowledges(before, answer, choice)
    forgotten = (
        before.basis == Basis.CHOICE.value and before.opted_out and answer.basis == Basis.DEFAULT.value
    )
    return not forgotten  # a default never speaks for somebody who opted out: the script sends it again


def _acknowledges(before: CookieRecord, answer: CookieRecord, choice: ChoiceMade) -> bool:
    """Return True if everything denied before stays denied and is on record."""
    if any(was == "d" and now == "a" for was, now in zip(before.letters, answer.letters, strict=True)):
        return False
    opts_out = choice.sale is Stance.OPTED_OUT and choice.share is Stance.OPTED_OUT
    return opts_out or not before.opted_out or answer.basis == Basis.CHOICE.value
