"""Texts: every visible word, of the widget and of the service's own pages; one flat table for each language.

The shipped tables lie in `templates/texts`, a site may put its own words over them. Knows the tables' keys and
which languages are near to each other; nothing of what the words are for, or of where they are shown.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from consent_service import resources

Words = Mapping[str, str]
"""Every key's text in one language."""

SOURCE: Final = "en"
"""The language from which the others are translated."""
PAGES_ONLY: Final = "page_"
"""Prefix of keys for the service's pages alone; the script leaves them out."""
SENSITIVE: Final = "sensitive"
"""Prefix of keys for the switch for sensitive information, in the settings."""


@cache
def shipped() -> Mapping[str, Words]:
    """The languages that come with the service, complete."""
    files = sorted((resources.templates_folder() / "texts").glob("*.json"))
    tables = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files}
    return MappingProxyType({lang: MappingProxyType(table) for lang, table in tables.items()})


def keys() -> Collection[str]:
    """Every key there is."""
    return shipped()[SOURCE].keys()


def nearest(wanted: Iterable[str], offered: Collection[str]) -> str | None:
    """The offered language that comes first in what is wanted, itself or as its nearest parent.

    `es-MX` finds `es` where `es-MX` is not offered (RFC 4647 section 3.4); case says nothing.
    """
    known = {f"{lang.lower()}-": lang for lang in offered}
    for lang in wanted:
        # Looked for among what is offered: a wanted tag is any caller's text, and may have any number of parents.
        asked = f"{lang.lower()}-"
        parents = [tag for tag in known if asked.startswith(tag)]
        if parents:
            return known[max(parents, key=len)]
    return None


def words(lang: str, own: Mapping[str, Words]) -> Words:
    """Return the words of a language: the shipped ones, and over them a site's own, parents first."""
    said: dict[str, str] = {}
    for tag in reversed(_with_parents(lang.lower())):
        said |= shipped().get(tag, {})
        said |= next((table for own_lang, table in own.items() if own_lang.lower() == tag), {})
    return MappingProxyType(said)


def of_view(said: Words, *, sensitive: bool) -> Words:
    """Those that the widget shows; about sensitive information only where the site has any."""
    elsewhere = (PAGES_ONLY,) if sensitive else (PAGES_ONLY, SENSITIVE)
    return {key: text for key, text in said.items() if not key.startswith(elsewhere)}


def _with_parents(lang: str) -> list[str]:
    """The tag, then without its last part, until one part is left."""
    parts = lang.split("-")
    return ["-".join(parts[:count]) for count in range(len(parts), 0, -1)]
