"""What the choices page says, given how things stand. Pure: knows no request, no cookie and no words, only keys."""

from __future__ import annotations

from typing import NamedTuple

from consent_service.domain.resolution import Resolution
from consent_service.domain.words import SALE_AND_SHARE, Basis
from consent_service.services.everybody import Status
from consent_service.services.sites import Site


class Row(NamedTuple):
    """One choice. `key`: what it is about; `stop` and `allow`: what its two buttons do; both get equal room."""

    key: str
    allowed: bool
    stop: str
    allow: str


class View(NamedTuple):
    """`honored`: a signal denies; `notes`: keys of what else there is to know; `did`: what the last form did."""

    rows: tuple[Row, ...]
    honored: bool
    notes: tuple[str, ...]
    did: str


def view_of(status: Status, site: Site, did: str) -> View:
    """What is shown for these answers."""
    resolution = status.resolution
    sale_share = Row(
        "sale_share", not any(resolution.ruling(right).denied for right in SALE_AND_SHARE), "opt_out", "allow"
    )
    sensitive = Row("sensitive", not resolution.sensitive.denied, "limit", "lift")
    rows = (sale_share, sensitive) if site.sensitive else (sale_share,)
    bases = {resolution.ruling(right).basis for right in SALE_AND_SHARE}
    return View(rows, Basis.GPC in bases, tuple(_notes(status, bases)), _still_true(did, resolution))


def _notes(status: Status, bases: set[Basis]) -> list[str]:
    notes = {
        "page_unavailable": Basis.UNAVAILABLE in bases,
        "page_minor": Basis.MINOR in bases,
        "page_several": status.records > 1,
    }
    return [key for key, applies in notes.items() if applies]


def _still_true(did: str, resolution: Resolution) -> str:
    """What the last form did, unless it was undone since: a page may be looked at again much later."""
    holds = {
        "opt_out": resolution.sale.denied and resolution.share.denied,
        "limit": resolution.sensitive.denied,
        "allow": not resolution.opted_out,
        "lift": not resolution.sensitive.denied,
        "parent": resolution.opted_out,
    }
    return did if holds.get(did, False) else ""
