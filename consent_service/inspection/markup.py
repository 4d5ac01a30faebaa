"""Markup: what in a page's own text reaches for a blocked partner before any script can hold it. Pure.

The browser's preload scanner fetches what it sees while scripts still wait, so what counts is the text as it came,
not the tree that scripts made of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Final

from consent_service.config import PartnerFacts
from consent_service.inspection.findings import Finding, Kind
from consent_service.inspection.partners import Blocked

_KINDS: Final[dict[str, Kind]] = {
    "iframe": "frame",
    "frame": "frame",
    "embed": "frame",
    "object": "frame",
    "img": "image",
    "source": "image",
    "input": "image",
    "video": "image",
    "audio": "image",
    "track": "image",
}
_HINTS: Final = {
    *("preconnect", "dns-prefetch", "preload", "prefetch", "modulepreload", "prerender", "icon", "manifest"),
}
_ADDRESSES: Final = ("src", "href", "srcset", "imagesrcset", "data", "poster")
_LONGEST: Final = 300
_CANDIDATE: Final = re.compile(r"[\s,]+")
_LINKED: Final = re.compile(r"<([^<>]*)>")


def markup_findings(html: str, page: str, partners: Blocked) -> list[Finding]:
    """Return a finding for each fetch from a blocked partner in a document. Comments and inert tags are left out."""
    reader = _Reader(page, partners)
    reader.feed(html)
    reader.close()
    return reader.found


def header_findings(links: str, page: str, partners: Blocked) -> list[Finding]:
    """Return a finding for each fetch from a blocked partner in the answer's `Link` headers (RFC 8288 section 3)."""
    owned = ((address, partners.owner(address, page)) for address in _LINKED.findall(links))
    return [Finding("header", owner, f"Link: <{address}>") for address, owner in owned if owner]


class _Reader(HTMLParser):
    """Walks over the tags. What stands in `template` loads nothing; what stands in `noscript` is for visitors whose
    browsers run no scripts, and nobody holds it for them.
    """

    def __init__(self, page: str, partners: Blocked) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Finding] = []
        self._page = page
        self._partners = partners
        self._templates = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._templates += tag == "template"
        given = {name: value or "" for name, value in reversed(attrs)}  # of two the first counts
        kind = _kind(tag, given)
        owner = next((whose for whose in self._owners(given) if whose), None)
        if kind and owner and not self._templates:
            markup = " ".join((self.get_starttag_text() or "").split())[:_LONGEST]
            self.found.append(Finding(kind, owner, markup, self.getpos()[0]))

    def handle_endtag(self, tag: str) -> None:
        self._templates -= tag == "template" and self._templates > 0

    def _owners(self, given: dict[str, str]) -> Iterator[PartnerFacts | None]:
        for name in _ADDRESSES:
            value = given.get(name, "")
            addresses = _CANDIDATE.split(value) if name.endswith("srcset") else [value]
            yield from (self._partners.owner(address, self._page) for address in addresses if address)


def _kind(tag: str, given: dict[str, str]) -> Kind | None:
    """Return the kind of thing that the browser loads for a tag, or None."""
    if tag == "script":
        return "script" if _runs(given.get("type", "")) else None
    if tag == "link":
        relations = set(given.get("rel", "").lower().split())
        if "stylesheet" in relations:
            return "style"
        return "hint" if relations & _HINTS else None
    return _KINDS.get(tag)


def _runs(kind: str) -> bool:
    """Return True if a script of this type runs. Marked scripts have `text/plain`."""
    said = kind.strip().lower()
    return not said or said == "module" or "javascript" in said or "ecmascript" in said
