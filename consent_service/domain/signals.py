"""Opt-out preference signals: what counts as one, and which facts one request carries.

Source: W3C Global Privacy Control. Header, script and a partner's word are separate facts; any one of them
denies, and a false never cancels a true.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntFlag


class Sources(IntFlag):
    """Who said it. The numbers stand in packed records: add, never renumber."""

    NONE = 0
    HEADER = 1
    SCRIPT = 2
    PARTNER = 4

    @property
    def words(self) -> list[str]:
        return [(source.name or "").lower() for source in self]


def gpc_in_headers(values: Iterable[bytes]) -> bool:
    """Whether the raw `Sec-GPC` header values carry the signal.

    Only the exact value `1` counts; everything else is no signal (GPC-1). Of several headers one exact `1`
    is enough (GPC-2), also when a proxy joined them into one, which says the same (RFC 9110 section 5.2).
    """
    return any(value == b"1" or (b"," in value and _is_among(value)) for value in values)


def _is_among(joined: bytes) -> bool:
    """Return True when one of the joined values is exactly `1`. No length is too much to read: none may hide it."""
    return b",1," in b"," + joined.translate(None, b" \t") + b","


def sources_of(*, header: bool, script: bool | None = None, partner: bool = False) -> Sources:
    """The facts of one request. `script` is the page's own word: None when it did not say."""
    found = Sources.NONE
    if header:
        found |= Sources.HEADER
    if script is True:
        found |= Sources.SCRIPT
    if partner:
        found |= Sources.PARTNER
    return found
