"""Choices view: the content of the choices page, as keys of its texts. Pure.

The page lies on another domain than most sites, so it knows a visitor's choices only if the site has handed them over
or its cookie is sent here. To all others it shows what they did on this page, what this call brings, and what the
site does by default; it never says that something is allowed or stopped on the site.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from consent_service.domain.resolution import Resolution, Ruling
from consent_service.domain.words import SALE_AND_SHARE, Basis, Right
from consent_service.services.sites import Site
from consent_service.services.visitor.browser_records import BrowserStatus, TokenSource

_CHOSEN: Final = {Basis.CHOICE, Basis.CONSUMER, Basis.OPTED_IN, Basis.AFFIRMED}
"""Bases of answers that rest on the visitor's own choice."""

_REFUSED: Final = "parent"


class WayBack(NamedTuple):
    """Visitor's way here and back. `handed`: the site sent them here; `back`: the link back carries the choices."""

    handed: bool
    back: bool


class ChoiceRow(NamedTuple):
    """Row of one choice. `key`: its subject; `state` and `means`: keys of the texts on its present state.

    `stop` and `allow`: the actions of its buttons, "" = no such button; `pressed`: the action in force.
    """

    key: str
    state: str
    means: str
    stop: str
    allow: str
    pressed: str


class View(NamedTuple):
    """Content of the page. `unknown`: this visitor's choices on the site are unknown; `signal`: texts about a signal.

    `notes`: further texts; `did`: text on the last form's effect; `reach`: text on where choices made here count;
    `away`: the site learns of them only by the link back. All texts as keys.
    """

    rows: tuple[ChoiceRow, ...]
    unknown: bool
    signal: tuple[str, ...]
    notes: tuple[str, ...]
    did: str
    reach: str
    away: bool


class _RowSubject(NamedTuple):
    """Subject of a row: its rights, and the actions of its buttons."""

    key: str
    rights: tuple[Right, ...]
    stop: str
    allow: str


_SALE_SHARE: Final = _RowSubject("sale_share", SALE_AND_SHARE, "opt_out", "allow")
_SENSITIVE: Final = _RowSubject("sensitive", (Right.SENSITIVE,), "limit", "lift")


def view_of(status: BrowserStatus, site: Site, did: str, way: WayBack) -> View:
    """Return the content for these answers."""
    handed_over = status.source is TokenSource.SITE or way.handed
    subjects = (_SALE_SHARE, _SENSITIVE) if site.sensitive else (_SALE_SHARE,)
    did = _still_true(did, status.resolution)
    own = "_own" if status.source is TokenSource.PAGE and did != _REFUSED else ""
    reach = _reach(status, way)
    return View(
        rows=tuple(_row(subject, status, handed_over=handed_over) for subject in subjects),
        unknown=not handed_over,
        signal=_signal(status, handed_over=handed_over),
        notes=tuple(_notes(status, handed_over=handed_over)),
        did=did and f"page{own}_did_{did}",
        reach=reach,
        away=reach != "page_reach_site",
    )


def _row(subject: _RowSubject, status: BrowserStatus, *, handed_over: bool) -> ChoiceRow:
    ruling = _deciding(status.resolution.ruling(right) for right in subject.rights)
    state, means = _state(subject, ruling, status, handed_over=handed_over)
    pressed = ""
    if ruling.basis is not Basis.DEFAULT and state != "page_unknown":
        pressed = subject.stop if ruling.denied else subject.allow
    # Allowing something here undoes nothing that this page can't see: it would look like a choice and be none.
    allow = subject.allow if handed_over or ruling.basis in _CHOSEN else ""
    return ChoiceRow(subject.key, state, means, subject.stop, allow, pressed)


def _state(
    subject: _RowSubject, ruling: Ruling, status: BrowserStatus, *, handed_over: bool
) -> tuple[str, str]:
    """Return the keys of this choice's state and, if there is no choice, of the site's default."""
    way = "off" if ruling.denied else "on"
    own = status.source is TokenSource.PAGE
    if ruling.basis is Basis.DEFAULT:
        return ("page_unchosen" if handed_over else "page_unknown"), f"page_default_{way}"
    if ruling.basis is Basis.UNAVAILABLE and not handed_over:
        return "page_unknown", ""
    if own and (ruling.basis in _CHOSEN or (ruling.basis is Basis.GPC and not status.signal)):
        return f"page_own_{subject.key}_{way}", ""
    return f"{subject.key}_{way}", ""


def _deciding(rulings: Iterable[Ruling]) -> Ruling:
    """Return the ruling to show for several: a denial first, and of denials one that is no default.

    Of rulings that allow, a default comes first: a choice on one right says nothing of the other.
    """
    return min(
        rulings, key=lambda ruling: (not ruling.denied, ruling.denied == (ruling.basis is Basis.DEFAULT))
    )


def _signal(status: BrowserStatus, *, handed_over: bool) -> tuple[str, ...]:
    if not any(status.resolution.ruling(right).basis is Basis.GPC for right in SALE_AND_SHARE):
        return ()
    text = "signal" if status.signal else "page_signal_before"
    return (text,) if handed_over else (text, "page_signal_unless")


def _notes(status: BrowserStatus, *, handed_over: bool) -> list[str]:
    bases = {status.resolution.ruling(right).basis for right in SALE_AND_SHARE}
    notes = {
        "page_unavailable": Basis.UNAVAILABLE in bases and handed_over,
        "page_own_lost": status.own_record_gone,
        "page_minor": Basis.MINOR in bases,
        "page_several": status.records > 1,
    }
    return [key for key, applies in notes.items() if applies]


def _reach(status: BrowserStatus, way: WayBack) -> str:
    """Return the key of the text on where a choice made here counts."""
    if status.source is TokenSource.SITE and status.resolution.basis is not Basis.UNAVAILABLE:
        return "page_reach_site"
    if not way.back:
        return "page_reach_nowhere"
    return "page_reach_back" if way.handed else "page_reach_link"


def _still_true(did: str, resolution: Resolution) -> str:
    """Return the last form's action if it still holds, else "": a page may be shown again much later."""
    holds = {
        "opt_out": resolution.sale.denied and resolution.share.denied,
        "limit": resolution.sensitive.denied,
        "allow": not resolution.opted_out,
        "lift": not resolution.sensitive.denied,
        _REFUSED: resolution.opted_out,
    }
    return did if holds.get(did, False) else ""
