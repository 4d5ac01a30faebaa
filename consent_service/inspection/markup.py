"""Leaks in markup: tags of the page's own text that reach a blocked partner before any script can hold them.
Pure.

The browser's preload scanner fetches addresses while scripts still wait. So the text counts as it came, not
the tree that scripts made of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Final

from consent_service.config import PartnerFacts
from consent_service.inspection.blocked_partners import BlockedPartners
from consent_service.inspection.leaks import Leak, LeakKind

_KINDS: Final[dict[str, LeakKind]] = {
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


def leaks_in_markup(html: str, page: str, partners: BlockedPartners) -> list[Leak]:
    """Return a finding for each fetch from a blocked partner in a document. Comments and inert tags are left out."""
    reader = _TagReader(page, partners)
    reader.feed(html)
    reader.close()
    return reader.leaks


def leaks_in_header(links: str, page: str, partners: BlockedPartners) -> list[Leak]:
    """Return a finding for each fetch from a blocked partner in the answer's `Link` headers (RFC 8288 section 3)."""
    owned = ((address, partners.owner_of(address, page)) for address in _LINKED.findall(links))
    return [Leak("header", owner, f"Link: <{address}>") for address, owner in owned if owner]


class _TagReader(HTMLParser):
    """Parser that collects leaks from tags.

    Tags in `template` load nothing. Tags in `noscript` load in browsers without scripts, where nothing holds
    them.
    """

    def __init__(self, page: str, partners: BlockedPartners) -> None:
        super().__init__(convert_charrefs=True)
        self.leaks: list[Leak] = []
        self._page = page
        self._partners = partners
        self._templates = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record a leak if the tag fetches something from a blocked partner."""
        self._templates += tag == "template"
        attributes = {name: value or "" for name, value in reversed(attrs)}  # of two the first counts
        kind = _leak_kind(tag, attributes)
        owner = next((whose for whose in self._owners_of(attributes) if whose), None)
        if kind and owner and not self._templates:
            markup = " ".join((self.get_starttag_text() or "").split())[:_LONGEST]
            self.leaks.append(Leak(kind, owner, markup, self.getpos()[0]))

    def handle_endtag(self, tag: str) -> None:
        """Leave a `template`."""
        self._templates -= tag == "template" and self._templates > 0

    def _owners_of(self, attributes: dict[str, str]) -> Iterator[PartnerFacts | None]:
        for name in _ADDRESSES:
            value = attributes.get(name, "")
            addresses = _CANDIDATE.split(value) if name.endswith("srcset") else [value]
            yield from (self._partners.owner_of(address, self._page) for address in addresses if address)


def _leak_kind(tag: str, attributes: dict[str, str]) -> LeakKind | None:
    """Return the kind of thing that the browser loads for a tag, or None."""
    if tag == "script":
        return "script" if _is_run(attributes.get("type", "")) else None
    if tag == "link":
        relations = set(attributes.get("rel", "").lower().split())
        if "stylesheet" in relations:
            return "style"
        return "hint" if relations & _HINTS else None
    return _KINDS.get(tag)


def _is_run(kind: str) -> bool:
    """Return True if a script of this type runs. Marked scripts have `text/plain`."""
    media_type = kind.strip().lower()
    return (
        not media_type or media_type == "module" or "javascript" in media_type or "ecmascript" in media_type
    )
