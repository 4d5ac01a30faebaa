"""The US sections of the Global Privacy Platform: one literal table. A new state is a new row.

Source: IAB Tech Lab, Global-Privacy-Platform, `Sections/`. Values, unless a row says otherwise:

| field | bits | values |
|---|---|---|
| Version | 6 | of the section's layout |
| …Notice | 2 | 0 not applicable, 1 given, 2 not given |
| SaleOptOut, SharingOptOut, TargetedAdvertisingOptOut | 2 | 0 not applicable, 1 opted out, 2 did not opt out |
| SensitiveDataProcessing | 2 each | 0 not applicable, 1 opted out or no consent, 2 did not opt out or consent |
| KnownChildSensitiveDataConsents | 2 each | 0 not applicable, 1 no consent, 2 consent |
| PersonalDataConsents, AdditionalDataProcessingConsent | 2 | 0 not applicable, 1 no consent, 2 consent |
| MspaCoveredTransaction | 2 | 1 yes, 2 no |
| MspaOptOutOptionMode, MspaServiceProviderMode, MspaMode | 2 | 0 not applicable, 1 yes, 2 no |
| SubsectionType, then Gpc | 2, 1 | 1; whether the browser sent Global Privacy Control |

SensitiveDataProcessing asks for an opt-out in usca, usut and usia, elsewhere for consent. California's items:
1 identity documents, 2 account log-in, 3 precise location, 4 origin, religion or union, 5 contents of messages,
6 genetic, 7 biometric, 8 health, 9 sex life or orientation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from consent_service.codecs.bits import padded_lengths
from consent_service.codecs.fields import Field


@dataclass(frozen=True, slots=True)
class SectionLayout:
    """Fields of the first part of a section, in order. `version`: the value of its field Version."""

    version: int
    fields: tuple[Field, ...]

    @property
    def text_lengths(self) -> tuple[int, int]:
        """Number of characters of the encoded layout, in the two paddings."""
        return padded_lengths(sum(field.total_bits for field in self.fields))


@dataclass(frozen=True, slots=True)
class Section:
    """One section. `layouts`: oldest first, told apart by length, since libraries disagree about Version.

    `more`: the fields of the sub-section that may follow after a dot. `emitted`: False where only the reference
    libraries have a layout that the specification still discusses: read, never written.
    """

    id: int
    name: str
    layouts: tuple[SectionLayout, ...]
    more: tuple[Field, ...]
    emitted: bool = True

    @property
    def field_names(self) -> frozenset[str]:
        """Names of all fields that the section has in any layout."""
        return frozenset(field.name for layout in self.layouts for field in (*layout.fields, *self.more))


def _field(name: str) -> Field:
    return Field(name, 2, range(3))


def _sensitive_field(count: int) -> Field:
    return Field("SensitiveDataProcessing", 2, range(3), count)


def _children_field(count: int) -> Field:
    return Field("KnownChildSensitiveDataConsents", 2, range(3), count)


_SHARING_NOTICE: Final = _field("SharingNotice")
_PROCESSING_NOTICE: Final = _field("ProcessingNotice")
_SALE_NOTICE: Final = _field("SaleOptOutNotice")
_ADS_NOTICE: Final = _field("TargetedAdvertisingOptOutNotice")
_SALE: Final = _field("SaleOptOut")
_ADS: Final = _field("TargetedAdvertisingOptOut")
_CHILD: Final = _children_field(0)
_ADDITIONAL: Final = _field("AdditionalDataProcessingConsent")
_COVERED: Final = Field("MspaCoveredTransaction", 2, range(1, 3), default=None)
_MSPA: Final = (_COVERED, _field("MspaOptOutOptionMode"), _field("MspaServiceProviderMode"))
_GPC: Final = (
    Field("SubsectionType", 2, range(1, 2), default=1),
    Field("Gpc", 1, range(2), boolean=True),
)
_MSPA_VERSION: Final = Field("MspaVersion", 6, range(1, 2), default=1)


def _version_field(*versions: int, default: int) -> Field:
    return Field("Version", 6, range(versions[0], versions[-1] + 1), default=default)


def _national_layout(version: int, sensitive: int, children: int) -> SectionLayout:
    """Return a layout of the national section. Version is kept as read: some writers number layouts otherwise."""
    return SectionLayout(
        version,
        (
            _version_field(1, 2, default=version),
            _SHARING_NOTICE,
            _SALE_NOTICE,
            _field("SharingOptOutNotice"),
            _ADS_NOTICE,
            _field("SensitiveDataProcessingOptOutNotice"),
            _field("SensitiveDataLimitUseNotice"),
            _SALE,
            _field("SharingOptOut"),
            _ADS,
            _sensitive_field(sensitive),
            _children_field(children),
            _field("PersonalDataConsents"),
            *_MSPA,
        ),
    )


def _state_section(number: int, name: str, *fields: Field, gpc: bool = True) -> Section:
    """Return a state's section: Version 1, its own fields, the three fields of the agreement, perhaps the signal."""
    layout = SectionLayout(1, (_version_field(1, default=1), *fields, *_MSPA))
    return Section(number, name, (layout,), _GPC if gpc else ())


def _unsettled_section(number: int, name: str, *fields: Field, more: tuple[Field, ...]) -> Section:
    """Return a section of October 2025 in the reference libraries' form: without the header under discussion."""
    layout = SectionLayout(
        1,
        (
            _MSPA_VERSION,
            _COVERED,
            _field("MspaMode"),
            _PROCESSING_NOTICE,
            _SALE_NOTICE,
            _ADS_NOTICE,
            _SALE,
            _ADS,
            *fields,
        ),
    )
    return Section(number, name, (layout,), more, emitted=False)


_CALIFORNIA: Final = (
    _SALE_NOTICE,
    _field("SharingOptOutNotice"),
    _field("SensitiveDataLimitUseNotice"),
    _SALE,
    _field("SharingOptOut"),
    _sensitive_field(9),
    _children_field(2),
    _field("PersonalDataConsents"),
)
_SHARING: Final = (_SHARING_NOTICE, _SALE_NOTICE, _ADS_NOTICE, _SALE, _ADS)
_PROCESSING: Final = (_PROCESSING_NOTICE, _SALE_NOTICE, _ADS_NOTICE, _SALE, _ADS)
_UTAH: Final = (
    _SHARING_NOTICE,
    _SALE_NOTICE,
    _ADS_NOTICE,
    _field("SensitiveDataProcessingOptOutNotice"),
    _SALE,
    _ADS,
)
_IOWA: Final = (
    _PROCESSING_NOTICE,
    _SALE_NOTICE,
    _ADS_NOTICE,
    _field("SensitiveDataOptOutNotice"),
    _SALE,
    _ADS,
)
_CONSENTS: Final = (_sensitive_field(8),)

SECTIONS: Final[tuple[Section, ...]] = (
    Section(7, "usnat", (_national_layout(1, 12, 2), _national_layout(2, 16, 3)), _GPC),
    _state_section(8, "usca", *_CALIFORNIA),
    _state_section(9, "usva", *_SHARING, _sensitive_field(8), _CHILD, gpc=False),
    _state_section(10, "usco", *_SHARING, _sensitive_field(7), _CHILD),
    _state_section(11, "usut", *_UTAH, _sensitive_field(8), _CHILD, gpc=False),
    _state_section(12, "usct", *_SHARING, _sensitive_field(8), _children_field(3)),
    _state_section(13, "usfl", *_PROCESSING, _sensitive_field(8), _children_field(3), _ADDITIONAL, gpc=False),
    _state_section(14, "usmt", *_SHARING, _sensitive_field(8), _children_field(3), _ADDITIONAL),
    _state_section(15, "usor", *_PROCESSING, _sensitive_field(11), _children_field(3), _ADDITIONAL),
    _state_section(16, "ustx", *_PROCESSING, _sensitive_field(8), _CHILD, _ADDITIONAL),
    _state_section(17, "usde", *_PROCESSING, _sensitive_field(9), _children_field(5), _ADDITIONAL),
    _state_section(18, "usia", *_IOWA, _sensitive_field(8), _CHILD),
    _state_section(19, "usne", *_PROCESSING, _sensitive_field(8), _CHILD, _ADDITIONAL),
    _state_section(20, "usnh", *_PROCESSING, _sensitive_field(8), _children_field(3), _ADDITIONAL),
    _state_section(21, "usnj", *_PROCESSING, _sensitive_field(10), _children_field(5), _ADDITIONAL),
    # The specification's table forgets MspaCoveredTransaction here; every writer has it.
    _state_section(22, "ustn", *_PROCESSING, _sensitive_field(8), _CHILD, _ADDITIONAL),
    _state_section(23, "usmn", *_PROCESSING, _sensitive_field(8), _CHILD, _ADDITIONAL),
    _unsettled_section(24, "usmd", _ADDITIONAL, more=_GPC),
    _unsettled_section(25, "usin", _CHILD, _ADDITIONAL, more=_CONSENTS),
    _unsettled_section(26, "usky", _CHILD, _ADDITIONAL, more=_CONSENTS),
    _unsettled_section(27, "usri", _CHILD, _ADDITIONAL, more=_CONSENTS),
)
BY_ID: Final[Mapping[int, Section]] = {section.id: section for section in SECTIONS}
BY_NAME: Final[Mapping[str, Section]] = {section.name: section for section in SECTIONS}
