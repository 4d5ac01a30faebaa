"""Strings: rulings in the forms that the ad ecosystem reads, GPP and US Privacy. Pure.

The one place that knows which field follows from which fact; the codecs turn fields into characters. A
section takes its fields from one table, so that all states say the same in the same words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from consent_service.codecs import gpp, us_privacy
from consent_service.codecs.fields import Field, Value
from consent_service.codecs.sections import BY_ID, Section
from consent_service.domain.regimes import Regime
from consent_service.domain.resolution import Resolution, resolution_under, stricter_resolution
from consent_service.domain.words import SALE_AND_SHARE, AgeBand, Basis, Right

NONE_APPLIES: Final = (-1,)
"""The section ids of a visitor for whom no section speaks."""

_NATIONAL: Final = 7
_STAND_IN: Final = 8
"""California's section, for a state whose own may not be written yet (Maryland), and for doubt abroad."""
_NOT_APPLICABLE, _YES, _NO = 0, 1, 2
_OUT, _NOT_OUT = 1, 2
"""Values of an opt-out field. A consent field has the same: 1 no consent (denied), 2 consent (allowed)."""


class Mspa(msgspec.Struct, frozen=True):
    """The site's signature under the IAB's Multi-State Privacy Agreement.

    `service_provider`: Service Provider Mode, else Opt-Out Option Mode. `national`: the national approach, so one
    section speaks for every state.
    """

    service_provider: bool = False
    national: bool = False


class StringTerms(msgspec.Struct, frozen=True):
    """Settings of a site that enter its strings.

    `sensitive`: the site processes sensitive data. `mspa`: None if the site has not signed the agreement.
    """

    sells: bool = True
    shares: bool = True
    sensitive: bool = False
    notice_shown: bool = True
    mspa: Mspa | None = None


class Strings(NamedTuple):
    """The GPP string, the ids of the sections that apply (-1 = none), and the US Privacy string."""

    gpp: str
    gpp_sid: tuple[int, ...]
    us_privacy: str


def strings_of(terms: StringTerms, regimes: Sequence[Regime], resolution: Resolution) -> Strings:
    """Return the strings for a resolution.

    `regimes`: the regime of the resolution, then others that may apply to the visitor.
    """
    by_section = _resolution_by_section(terms, regimes, resolution)
    values = {
        BY_ID[number].name: _section_fields(terms, BY_ID[number], ruled)
        for number, ruled in by_section.items()
    }
    return Strings(
        gpp=gpp.encode(values),
        gpp_sid=tuple(sorted(by_section)) or NONE_APPLIES,
        us_privacy=us_privacy_of(terms, regimes[0], resolution),
    )


def sections_of(terms: StringTerms, regimes: Iterable[Regime]) -> Sequence[Section]:
    """Return every section that may be written for visitors of these regimes, by ascending id."""
    numbers = {_section_of(terms, regime) for regime in regimes if regime.us_privacy_applies}
    return [BY_ID[number] for number in sorted(numbers or {_STAND_IN})]


def us_privacy_of(terms: StringTerms, regime: Regime, resolution: Resolution) -> str:
    """Return the US Privacy string: opted out if sale or share is denied.

    It is "not applicable" only where the law does not apply and the denial is not one of doubt.
    """
    if not regime.us_privacy_applies and resolution.basis is not Basis.UNAVAILABLE:
        return us_privacy.NOT_APPLICABLE
    return us_privacy.encode(notice=terms.notice_shown, opted_out=resolution.opted_out)


def _resolution_by_section(
    terms: StringTerms, regimes: Sequence[Regime], resolution: Resolution
) -> Mapping[int, Resolution]:
    """Return the resolution to write in each applicable section, by section id."""
    doubt = resolution.basis is Basis.UNAVAILABLE
    binding = regimes[0]
    if not binding.us_privacy_applies and not doubt:
        return {}
    by_section: dict[int, Resolution] = {}
    for regime in regimes:
        if regime.us_privacy_applies:
            number = _section_of(terms, regime)
            ruled = resolution if regime is binding else resolution_under(regime, resolution)
            by_section[number] = (
                stricter_resolution(by_section[number], ruled) if number in by_section else ruled
            )
    return by_section or {_STAND_IN: resolution}


def _section_of(terms: StringTerms, regime: Regime) -> int:
    """Return the section id for a regime.

    Sites outside the agreement use the states' sections; the national one is for the agreement's national
    approach.
    """
    if terms.mspa is not None and terms.mspa.national:
        return _NATIONAL
    return regime.gpp_section or _STAND_IN


def _section_fields(terms: StringTerms, section: Section, resolution: Resolution) -> dict[str, Value]:
    """Return the fields of the section's newest layout."""
    values = {
        **_notice_fields(terms),
        **_opt_out_fields(terms, resolution),
        **_agreement_fields(terms),
        "Gpc": resolution.gpc,
    }
    for field in section.layouts[-1].fields:
        if field.name == "SensitiveDataProcessing":
            values[field.name] = _sensitive_value(terms, field, resolution)
        elif field.name == "KnownChildSensitiveDataConsents":
            values[field.name] = _children_value(terms, section, field, resolution)
    return {name: value for name, value in values.items() if name in section.field_names}


def _notice_fields(terms: StringTerms) -> dict[str, Value]:
    """Return the notice fields: 1 if the notice or link is shown, 2 if not, 0 if none is needed."""
    shown = _YES if terms.notice_shown else _NO
    sale, share, sensitive = (
        shown if done else _NOT_APPLICABLE for done in (terms.sells, terms.shares, terms.sensitive)
    )
    return {
        "ProcessingNotice": shown,
        "SharingNotice": sale or share,
        "SaleOptOutNotice": sale,
        "SharingOptOutNotice": share,
        "TargetedAdvertisingOptOutNotice": share,
        "SensitiveDataProcessingOptOutNotice": sensitive,
        "SensitiveDataOptOutNotice": sensitive,
        "SensitiveDataLimitUseNotice": sensitive,
    }


def _opt_out_fields(terms: StringTerms, resolution: Resolution) -> dict[str, Value]:
    """Return the opt-out fields. They include denials by signal: many readers never look at Gpc."""
    share = _opt_out_value(terms.shares, resolution.share.denied)
    return {
        "SaleOptOut": _opt_out_value(terms.sells, resolution.sale.denied),
        "SharingOptOut": share,
        "TargetedAdvertisingOptOut": share,
    }


def _agreement_fields(terms: StringTerms) -> dict[str, Value]:
    """Return the fields of the agreement. Both modes are "not applicable" if it does not cover the transaction."""
    mspa = terms.mspa
    if mspa is None:
        return {"MspaCoveredTransaction": _NO}
    return {
        "MspaCoveredTransaction": _YES,
        "MspaOptOutOptionMode": _NO if mspa.service_provider else _YES,
        "MspaServiceProviderMode": _YES if mspa.service_provider else _NO,
    }


def _sensitive_value(terms: StringTerms, field: Field, resolution: Resolution) -> Value:
    """Return the same answer for every kind of sensitive data: visitors decide about all of them together."""
    return (_opt_out_value(terms.sensitive, resolution.sensitive.denied),) * field.count


class _ChildItem(NamedTuple):
    """One item of KnownChildSensitiveDataConsents: consent for these rights, from age `youngest` to below `below`."""

    youngest: int
    below: int
    rights: tuple[Right, ...]


_CHILD: Final = _ChildItem(0, 13, SALE_AND_SHARE)
_TEENAGER: Final = (_ChildItem(13, 16, (Right.SALE,)), _ChildItem(13, 16, (Right.SHARE,)))
_OLDER: Final = (_ChildItem(16, 18, (Right.SALE,)), _ChildItem(16, 18, (Right.SHARE,)))
_ONLY_CHILDREN: Final = (_CHILD,)
_CHILD_ITEMS: Final[Mapping[str, tuple[_ChildItem, ...]]] = {
    "usnat": (_ChildItem(13, 16, SALE_AND_SHARE), _CHILD, _ChildItem(16, 18, SALE_AND_SHARE)),
    "usca": (_ChildItem(0, 16, (Right.SALE,)), _ChildItem(0, 16, (Right.SHARE,))),
    "usct": (_CHILD, *_TEENAGER),
    "usmt": (_CHILD, *_TEENAGER),
    "usor": (_CHILD, *_TEENAGER),
    "usnh": (_CHILD, *_TEENAGER),
    "usde": (_CHILD, *_TEENAGER, *_OLDER),
    "usnj": (_CHILD, *_TEENAGER, *_OLDER),
}


def _children_value(terms: StringTerms, section: Section, field: Field, resolution: Resolution) -> Value:
    """Return the consent of a known minor, or of the parent, for each item; 0 if the item is about another age."""
    items = tuple(_consent_values(terms, _CHILD_ITEMS.get(section.name, _ONLY_CHILDREN), resolution))
    return items if field.count else items[0]


def _consent_values(terms: StringTerms, items: Sequence[_ChildItem], resolution: Resolution) -> Iterator[int]:
    done = {Right.SALE: terms.sells, Right.SHARE: terms.shares}
    for item in items:
        rights = [right for right in item.rights if done[right]]
        applies = bool(rights) and _is_about(item, resolution.minor)
        yield _opt_out_value(applies, any(resolution.ruling(right).denied for right in rights))


def _is_about(item: _ChildItem, minor: AgeBand | None) -> bool:
    return minor is not None and item.youngest <= minor < item.below


def _opt_out_value(applies: bool, denied: bool) -> int:
    if not applies:
        return _NOT_APPLICABLE
    return _OUT if denied else _NOT_OUT
