"""Opt-out preference signals: what counts as one, and which facts one request carries.

Source: W3C Global Privacy Control. Header, script and a partner's word are separate facts; any one of them
denies, and a false never cancels a true.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntFlag


class Sources(IntFlag):
    """Sources of a signal. The numbers are stored in packed records: add new ones, never renumber."""

    NONE = 0
    HEADER = 1
    SCRIPT = 2
    PARTNER = 4

    @property
    def source_words(self) -> list[str]:
        """Names of the sources in lower case."""
        return [(source.name or "").lower() for source in self]


def gpc_in_headers(values: Iterable[bytes]) -> bool:
    """Return True if the raw `Sec-GPC` header values carry the signal.

    Only the exact value `1` counts; everything else is no signal (GPC-1). One exact `1` among several headers
    is enough (GPC-2), also when a proxy joined them into one header, which means the same (RFC 9110 section
    5.2).
    """
    return any(value == b"1" or (b"," in value and _is_among(value)) for value in values)


def _is_among(joined: bytes) -> bool:
    """Return True if one of the joined values is exactly `1`. All are read, so that no length hides a signal."""
    return b",1," in b"," + joined.translate(None, b" \t") + b","


def sources_of(*, header: bool, script: bool | None = None, partner: bool = False) -> Sources:
    """Return the sources of the signals of one request. `script`: value from the page; None if it sent none."""
    live_sources = Sources.NONE
    if header:
        live_sources |= Sources.HEADER
    if script is True:
        live_sources |= Sources.SCRIPT
    if partner:
        live_sources |= Sources.PARTNER
    return live_sources
