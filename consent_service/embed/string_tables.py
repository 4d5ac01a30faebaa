"""Spoken: the strings that a page says by itself, and how it reads their fields. Made here, never in the page.

Pure. Names are those of the widget's `protocol.ts`. What the service answers brings strings of its own; these are for
what the page knows without it: a default, the browser's signal, an opt-out not acknowledged yet, and doubt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from consent_service.codecs.fields import Field
from consent_service.codecs.sections import Section
from consent_service.domain.regimes import default_answers, strictest_defaults
from consent_service.domain.resolution import Resolution, Ruling
from consent_service.domain.strings import Strings, sections_of
from consent_service.domain.words import RIGHTS, Answer, Basis, Right
from consent_service.services.sites import Site

_OUTCOMES: Final = (
    Ruling(Answer.ALLOWED, Basis.DEFAULT),
    Ruling(Answer.DENIED, Basis.DEFAULT),
    Ruling(Answer.DENIED, Basis.UNAVAILABLE),
)
_USUAL_BITS: Final = 2


def us_privacy_table(site: Site, now: int) -> list[str]:
    """The site's US Privacy strings for sale and sharing allowed, for either denied, and for doubt."""
    return [_strings(site, Resolution(one, one, one, gpc=False), now).us_privacy for one in _OUTCOMES]


def doubt(site: Site, now: int) -> list[object]:
    """Return the strings in doubt: the ids of the sections, the GPP string without the signal and with it."""
    ruling = _OUTCOMES[-1]
    said = [_strings(site, Resolution(ruling, ruling, ruling, gpc), now) for gpc in (False, True)]
    return [said[0].gpp_sid, *(strings.gpp for strings in said)]


def outcomes(site: Site, now: int) -> dict[str, str]:
    """Outcomes -> the ids of the sections and the GPP string. An outcome is the letters of sale, share and
    sensitive, and whether there is a signal: `dda1`; those that say the same stand together.
    """
    together: dict[str, list[str]] = {}
    for letters, gpc in _outcomes_of(site, now):
        sale, share, sensitive = (Ruling(_ANSWERS[letter], Basis.DEFAULT) for letter in letters)
        strings = _strings(site, Resolution(sale, share, sensitive, gpc), now)
        text = f"{','.join(map(str, strings.gpp_sid))} {strings.gpp}"
        together.setdefault(text, []).append(f"{letters}{gpc:d}")
    return {" ".join(names): text for text, names in together.items()}


def layouts(site: Site, now: int) -> dict[str, str]:
    """`8:usca` -> the layout of the section, for each that may speak."""
    sections = sections_of(site.terms.strings, site.regimes(now))
    return {f"{section.id}:{section.name}": layout_of(section) for section in sections}


def layout_of(section: Section) -> str:
    """The section's fields as it is written: `Name:bits:count`, without what is usual (2 bits, a single value), and a
    dot before the sub-section.
    """
    return ".".join(_fields(part) for part in (section.layouts[-1].fields, section.more) if part)


def letters_of(answers: Mapping[Right, Answer]) -> str:
    """One letter each for sale, share, sensitive: `a` allowed, `d` denied."""
    return "".join(answers[right].value[0] for right in RIGHTS)


_ANSWERS: Final = {answer.value[0]: answer for answer in Answer}


def _outcomes_of(site: Site, now: int) -> Iterator[tuple[str, bool]]:
    """Each default of the site, then what a signal, an opt-out and a limit make of it."""
    regimes = site.regimes(now)
    known = [
        letters_of(strictest_defaults(regimes)),
        *(letters_of(default_answers(regime)) for regime in regimes),
    ]
    begun = {made for letters in known for made in (letters, f"{letters[:2]}d")}
    denied = sorted({f"dd{letters[2]}" for letters in begun})
    yield from ((letters, False) for letters in sorted({*begun, *denied}))
    yield from ((letters, True) for letters in denied)


def _strings(site: Site, resolution: Resolution, now: int) -> Strings:
    """For a page nobody knows the place of: every regime of the site speaks."""
    first, *others = site.regimes(now)
    return site.string_memo.of(site.terms.strings, (first, *others), resolution)


def _fields(fields: Iterable[Field]) -> str:
    return " ".join(_field(field) for field in fields)


def _field(field: Field) -> str:
    if field.count:
        return f"{field.name}:{field.width}:{field.count}"
    return field.name if field.width == _USUAL_BITS else f"{field.name}:{field.width}"
