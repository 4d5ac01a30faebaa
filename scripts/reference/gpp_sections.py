"""The page of the GPP sections: what the strings for partners may hold, from the codec's tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from consent_service.codecs.fields import Field
from consent_service.codecs.sections import SECTIONS, Section
from consent_service.domain.regimes import ROWS
from reference.markdown import code, page, table

_ABOUT: Final = """\
The Global Privacy Platform (GPP) of the IAB writes a visitor's choices as one string. Each state has a section of it
with fields of its own. The flag carries the string as `gpp`, and the ids of the sections that apply as `gpp_sid`.

Outside the United States no section applies, and `gpp_sid` is `[-1]`. In doubt abroad, and where a state's section is
not settled, California's section speaks. Signatories of the IAB's agreement may use one national section for all
states ([`[sites.KEY.mspa]`](configuration.md#siteskeymspa)).
"""
_READ_ONLY: Final = """\
A section that is only read has a layout that the specification still discusses. `consent_service.codecs.gpp` decodes
it, and the service never writes it.
"""
_VALUES: Final = """\
| field | values |
|---|---|
| `…Notice` | 0 not applicable, 1 given, 2 not given |
| `SaleOptOut`, `SharingOptOut`, `TargetedAdvertisingOptOut` | 0 not applicable, 1 opted out, 2 did not opt out |
| `SensitiveDataProcessing` | each kind of data: 0 not applicable, 1 opted out or no consent, 2 neither |
| `KnownChildSensitiveDataConsents` | each age group: 0 not applicable, 1 no consent, 2 consent |
| `PersonalDataConsents`, `AdditionalDataProcessingConsent` | 0 not applicable, 1 no consent, 2 consent |
| `MspaCoveredTransaction` | 1 yes, 2 no |
| `MspaOptOutOptionMode`, `MspaServiceProviderMode`, `MspaMode` | 0 not applicable, 1 yes, 2 no |
| `Gpc` | whether the browser sent Global Privacy Control |
"""


def render() -> str:
    """Return the whole page."""
    header = (
        "id",
        "section",
        "jurisdictions that use it",
        "sensitive kinds",
        "child groups",
        "has `Gpc`",
        "use",
    )
    return page(
        "GPP sections",
        _ABOUT,
        table(header, map(_row, SECTIONS)),
        _READ_ONLY,
        "## Values",
        _VALUES,
        "## Fields",
        "In the order in which they are encoded. The number behind a field counts its bits.",
        *(block for section in SECTIONS for block in _layouts(section)),
    )


def _row(section: Section) -> tuple[str, ...]:
    names = dict.fromkeys(row.name for row in ROWS if row.gpp_section == section.id)
    newest = section.layouts[-1].fields
    return (
        str(section.id),
        code(section.name),
        ", ".join(names),
        str(_count((*newest, *section.more), "SensitiveDataProcessing")),
        str(_count(newest, "KnownChildSensitiveDataConsents")),
        "yes" if "Gpc" in section.field_names else "no",
        "read and written" if section.emitted else "only read",
    )


def _count(fields: Iterable[Field], name: str) -> int:
    """Return how many values this field has in a section; 0 if the section lacks it."""
    return next((field.count or 1 for field in fields if field.name == name), 0)


def _layouts(section: Section) -> list[str]:
    """Return the heading of a section, then one paragraph for each layout and one for the sub-section."""
    blocks = [f"### {section.name} ({section.id})"]
    several = len(section.layouts) > 1
    blocks += [
        (f"Version {layout.version}: " if several else "") + _fields(layout.fields)
        for layout in section.layouts
    ]
    if section.more:
        blocks.append(f"After a dot: {_fields(section.more)}")
    return blocks


def _fields(fields: Iterable[Field]) -> str:
    return ", ".join(f"{code(field.name)} {field.bits}" for field in fields) + "."
