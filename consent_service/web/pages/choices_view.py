"""The choices page's words for how things stand, as keys. Pure: knows no request, no cookie and no words, only keys.

The page lies on another domain than most sites, so it knows a visitor's choices only where the site has handed them
over or its cookie is sent here. Of everybody else it says what they did on this page, what this call brings, and
what the site does by default; never that something is allowed or stopped on the site.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from consent_service.domain.resolution import Resolution, Ruling
from consent_service.domain.words import SALE_AND_SHARE, Basis, Right
from consent_service.services.sites import Site
from consent_service.services.visitor.browser_records import Source, Status

_CHOSEN: Final = {Basis.CHOICE, Basis.CONSUMER, Basis.OPTED_IN, Basis.AFFIRMED}
"""Sources in which a visitor's own word decides."""

_REFUSED: Final = "parent"


class Way(NamedTuple):
    """The visitor's way here and back. `handed`: the site sent them here; `back`: the link back takes the choices."""

    handed: bool
    back: bool


class Row(NamedTuple):
    """One choice. `key`: what it is about; `state` and `means`: keys of what is known of it.

    `stop` and `allow`: what its buttons do, "" for one that would come to nothing; `pressed`: the one in force.
    """

    key: str
    state: str
    means: str
    stop: str
    allow: str
    pressed: str


class View(NamedTuple):
    """`unknown`: nothing is known of what this visitor chose on the site; `signal`: keys of what a signal came to.

    `notes`: keys of what else there is to know; `did`: key of what the last form did; `reach`: key of where choices
    made here count; `away`: the site learns of them only by the link back.
    """

    rows: tuple[Row, ...]
    unknown: bool
    signal: tuple[str, ...]
    notes: tuple[str, ...]
    did: str
    reach: str
    away: bool


class _Subject(NamedTuple):
    """A row: the right it is about, and its buttons' actions."""

    key: str
    rights: tuple[Right, ...]
    stop: str
    allow: str


_SALE_SHARE: Final = _Subject("sale_share", SALE_AND_SHARE, "opt_out", "allow")
_SENSITIVE: Final = _Subject("sensitive", (Right.SENSITIVE,), "limit", "lift")


def view_of(status: Status, site: Site, did: str, way: Way) -> View:
    """Return what is shown for these answers."""
    told = status.source is Source.SITE or way.handed
    subjects = (_SALE_SHARE, _SENSITIVE) if site.sensitive else (_SALE_SHARE,)
    did = _still_true(did, status.resolution)
    own = "_own" if status.source is Source.PAGE and did != _REFUSED else ""
    reach = _reach(status, way)
    return View(
        rows=tuple(_row(subject, status, told=told) for subject in subjects),
        unknown=not told,
        signal=_signal(status, told=told),
        notes=tuple(_notes(status, told=told)),
        did=did and f"page{own}_did_{did}",
        reach=reach,
        away=reach != "page_reach_site",
    )


def _row(subject: _Subject, status: Status, *, told: bool) -> Row:
    ruling = _deciding(status.resolution.ruling(right) for right in subject.rights)
    state, means = _state(subject, ruling, status, told=told)
    pressed = ""
    if ruling.basis is not Basis.DEFAULT and state != "page_unknown":
        pressed = subject.stop if ruling.denied else subject.allow
    # Allowing something here undoes nothing that this page can't see: it would look like a choice and be none.
    allow = subject.allow if told or ruling.basis in _CHOSEN else ""
    return Row(subject.key, state, means, subject.stop, allow, pressed)


def _state(subject: _Subject, ruling: Ruling, status: Status, *, told: bool) -> tuple[str, str]:
    """Return the keys of what is known of this choice and, where it is none, of what the site does by default."""
    way = "off" if ruling.denied else "on"
    own = status.source is Source.PAGE
    if ruling.basis is Basis.DEFAULT:
        return ("page_unchosen" if told else "page_unknown"), f"page_default_{way}"
    if ruling.basis is Basis.UNAVAILABLE and not told:
        return "page_unknown", ""
    if own and (ruling.basis in _CHOSEN or (ruling.basis is Basis.GPC and not status.signal)):
        return f"page_own_{subject.key}_{way}", ""
    return f"{subject.key}_{way}", ""


def _deciding(rulings: Iterable[Ruling]) -> Ruling:
    """Return the ruling that speaks for all: a denial before what is allowed, a default after what was decided.

    Of what is allowed a default speaks first: a choice on one right says nothing of the other.
    """
    return min(
        rulings, key=lambda ruling: (not ruling.denied, ruling.denied == (ruling.basis is Basis.DEFAULT))
    )


def _signal(status: Status, *, told: bool) -> tuple[str, ...]:
    if not any(status.resolution.ruling(right).basis is Basis.GPC for right in SALE_AND_SHARE):
        return ()
    heard = "signal" if status.signal else "page_signal_before"
    return (heard,) if told else (heard, "page_signal_unless")


def _notes(status: Status, *, told: bool) -> list[str]:
    bases = {status.resolution.ruling(right).basis for right in SALE_AND_SHARE}
    notes = {
        "page_unavailable": Basis.UNAVAILABLE in bases and told,
        "page_own_lost": status.lost,
        "page_minor": Basis.MINOR in bases,
        "page_several": status.records > 1,
    }
    return [key for key, applies in notes.items() if applies]


def _reach(status: Status, way: Way) -> str:
    """Return the key of where a choice made here counts."""
    if status.source is Source.SITE and status.resolution.basis is not Basis.UNAVAILABLE:
        return "page_reach_site"
    if not way.back:
        return "page_reach_nowhere"
    return "page_reach_back" if way.handed else "page_reach_link"


def _still_true(did: str, resolution: Resolution) -> str:
    """Return what the last form did, unless it was undone since: a page may be looked at again much later."""
    holds = {
        "opt_out": resolution.sale.denied and resolution.share.denied,
        "limit": resolution.sensitive.denied,
        "allow": not resolution.opted_out,
        "lift": not resolution.sensitive.denied,
        _REFUSED: resolution.opted_out,
    }
    return did if holds.get(did, False) else ""
