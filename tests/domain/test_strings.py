"""From rulings to strings: the strings of the reference library, and what must hold whatever is on record."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_service.codecs import gpp
from consent_service.domain.facts import ChoiceMade, Fact, SignalSeen, fold_facts
from consent_service.domain.regimes import Regime, regime_on
from consent_service.domain.resolution import Resolution, resolve, unavailable_resolution
from consent_service.domain.signals import Sources
from consent_service.domain.standing import Standing
from consent_service.domain.strings import Mspa, Strings, StringTerms, sections_of, strings_of
from consent_service.domain.words import AgeBand, Stance, Step

from .strategies import CALIFORNIA, COLORADO, ELSEWHERE, NOW, regimes, sources, standings

IN, OUT = Stance.OPTED_IN, Stance.OPTED_OUT
TEENAGER, CHILD, OLDER = AgeBand.FROM_13_TO_15, AgeBand.UNDER_13, AgeBand.FROM_16_TO_17
TERMS = StringTerms()
SENSITIVE = StringTerms(sensitive=True)


def in_state(code: str) -> Regime:
    return regime_on(code, date(2026, 11, 22))


CONNECTICUT = in_state("us-ct")
MARYLAND = in_state("us-md")


def both(stance: Stance, *, age: AgeBand | None = None, step: Step = Step.ONLY, at: int = 1) -> ChoiceMade:
    return ChoiceMade(at, sale=stance, share=stance, age=age, step=step)


def limited(at: int = 2) -> ChoiceMade:
    return ChoiceMade(at, sensitive=OUT)


def resolved(*facts: Fact, regime: Regime = CALIFORNIA, live: Sources = Sources.NONE) -> Resolution:
    return resolve(regime, live, fold_facts(list(facts)) if facts else None, None, NOW)


def said(
    *facts: Fact, terms: StringTerms = TERMS, regime: Regime = CALIFORNIA, live: Sources = Sources.NONE
) -> str:
    return strings_of(terms, (regime,), resolved(*facts, regime=regime, live=live)).gpp


def test_californias_section_without_an_opt_out_says_so() -> None:
    assert said() == "DBABBg~BUoAAACA.QA"


def test_californias_section_says_an_opt_out_by_the_link() -> None:
    assert said(both(OUT)) == "DBABBg~BUUAAACA.QA"


def test_californias_section_says_a_live_and_a_recorded_signal() -> None:
    assert said(live=Sources.HEADER) == "DBABBg~BUUAAACA.YA"
    assert said(SignalSeen(1, Sources.SCRIPT)) == "DBABBg~BUUAAACA.YA"


def test_a_signal_that_consent_overrides_is_still_said() -> None:
    affirmed: list[Fact] = [SignalSeen(1, Sources.HEADER), both(IN, step=Step.CONFIRMED, at=2)]
    assert said(*affirmed, live=Sources.HEADER) == "DBABBg~BUoAAACA.YA"


def test_a_site_that_does_not_sell_or_share_says_not_applicable() -> None:
    assert said(both(OUT), terms=StringTerms(shares=False)) == "DBABBg~BQQAAACA.QA"
    assert said(both(OUT), terms=StringTerms(sells=False)) == "DBABBg~BEEAAACA.QA"
    assert said(both(OUT), terms=StringTerms(sells=False, shares=False)) == "DBABBg~BAAAAACA.QA"


def test_limiting_is_said_only_where_the_site_processes_sensitive_data() -> None:
    assert said(both(OUT), limited(), terms=SENSITIVE) == "DBABBg~BVVVVUCA.QA"
    assert said(limited(), terms=SENSITIVE) == "DBABBg~BVpVVUCA.QA"
    assert said(terms=SENSITIVE) == "DBABBg~BVqqqoCA.QA"
    assert said(both(OUT), limited()) == "DBABBg~BUUAAACA.QA"


def test_californias_section_says_a_minors_consent_and_its_absence() -> None:
    assert said(ChoiceMade(1, age=TEENAGER)) == "DBABBg~BUUAABSA.QA"
    assert said(ChoiceMade(1, age=CHILD)) == "DBABBg~BUUAABSA.QA"
    assert said(both(IN, age=TEENAGER, step=Step.CONFIRMED)) == "DBABBg~BUoAACiA.QA"
    assert said(ChoiceMade(1, age=OLDER)) == said(), "16 is no minor in California"


def test_sections_of_a_signatory_say_that_the_agreement_covers_them() -> None:
    assert said(both(OUT), terms=StringTerms(mspa=Mspa())) == "DBABBg~BUUAAABY.QA"
    fields = gpp.decode(said(terms=StringTerms(mspa=Mspa(service_provider=True)))).sections["usca"]
    assert (fields["MspaOptOutOptionMode"], fields["MspaServiceProviderMode"]) == (2, 1)


def test_the_national_section_is_for_signatories_of_the_national_approach_alone() -> None:
    national = StringTerms(mspa=Mspa(national=True))
    assert said(terms=national) == "DBABLA~CVQqAAAAAABY.QA"
    assert said(terms=national, live=Sources.HEADER) == "DBABLA~CVQVAAAAAABY.YA"
    several = strings_of(national, (CALIFORNIA, COLORADO), resolved())
    assert (several.gpp, several.gpp_sid) == ("DBABLA~CVQqAAAAAABY.QA", (7,))
    assert 7 not in strings_of(StringTerms(mspa=Mspa()), (CALIFORNIA,), resolved()).gpp_sid


@pytest.mark.parametrize(
    ("code", "string"),
    [
        ("us-co", "DBABJg~BVUAAIA.YA"),
        ("us-ct", "DBABVg~BVUAAAIA.YA"),
        ("us-mt", "DBABQw~BVUAAACA.YA"),
        ("us-or", "DBABIw~BVUAAAACAA.YA"),
        ("us-tx", "DBABEw~BVUAAAgA.YA"),
        ("us-de", "DBABUw~BVUAAAACAA.YA"),
        ("us-ne", "DBABSw~BVUAAAgA.YA"),
        ("us-nh", "DBABKw~BVUAAACA.YA"),
        ("us-nj", "DBABAYA~BVUAAAAAgA.YA"),
        ("us-mn", "DBABIYA~BVUAAAgA.YA"),
    ],
)
def test_every_state_says_the_signal_in_its_own_section(code: str, string: str) -> None:
    assert said(regime=in_state(code), live=Sources.HEADER) == string


def test_a_site_of_several_states_speaks_in_several_sections() -> None:
    strings = strings_of(TERMS, (CALIFORNIA, COLORADO, CONNECTICUT), resolved(live=Sources.HEADER))
    assert strings == Strings("DBADBmY~BUUAAACA.YA~BVUAAIA.YA~BVUAAAIA.YA", (8, 10, 12), "1YYN")


def test_another_states_section_is_never_milder_than_its_own_law() -> None:
    strings = strings_of(SENSITIVE, (CALIFORNIA, COLORADO), resolved(ChoiceMade(1, age=OLDER)))
    colorado = gpp.decode(strings.gpp).sections["usco"]
    assert (colorado["SaleOptOut"], colorado["SensitiveDataProcessing"]) == (1, (1,) * 7)
    california = gpp.decode(strings.gpp).sections["usca"]
    assert (california["SaleOptOut"], california["SensitiveDataProcessing"]) == (2, (2,) * 9)


def test_a_confirmed_opt_in_is_kept_under_another_state() -> None:
    kept = strings_of(TERMS, (CALIFORNIA, COLORADO), resolved(both(IN, step=Step.CONFIRMED)))
    assert gpp.decode(kept.gpp).sections["usco"]["SaleOptOut"] == 2
    affirmed = resolved(SignalSeen(1, Sources.HEADER), both(IN, step=Step.CONFIRMED, at=2))
    said_there = gpp.decode(strings_of(TERMS, (CALIFORNIA, COLORADO), affirmed).gpp).sections["usco"]
    assert (said_there["SaleOptOut"], said_there["Gpc"]) == (2, True)


@pytest.mark.parametrize(
    ("code", "age", "consents"),
    [
        ("us-co", CHILD, 1),
        ("us-co", TEENAGER, 0),
        ("us-ct", CHILD, (1, 0, 0)),
        ("us-ct", TEENAGER, (0, 1, 1)),
        ("us-ct", OLDER, (0, 0, 0)),
        ("us-de", TEENAGER, (0, 1, 1, 0, 0)),
        ("us-de", OLDER, (0, 0, 0, 1, 1)),
        ("us-de", AgeBand.ADULT, (0, 0, 0, 0, 0)),
    ],
)
def test_a_states_section_asks_for_consent_by_age(
    code: str, age: AgeBand, consents: int | tuple[int, ...]
) -> None:
    text = said(ChoiceMade(1, age=age), regime=in_state(code))
    (fields,) = gpp.decode(text).sections.values()
    assert fields["KnownChildSensitiveDataConsents"] == consents


def test_a_site_that_sells_nothing_asks_no_childs_consent_to_it() -> None:
    fields = gpp.decode(said(ChoiceMade(1, age=CHILD), terms=StringTerms(sells=False))).sections["usca"]
    assert fields["KnownChildSensitiveDataConsents"] == (0, 1)


def test_without_a_notice_the_strings_say_that_none_was_given() -> None:
    silent = StringTerms(notice_shown=False)
    fields = gpp.decode(said(terms=silent)).sections["usca"]
    assert (fields["SaleOptOutNotice"], fields["SharingOptOutNotice"]) == (2, 2)
    assert strings_of(silent, (CALIFORNIA,), resolved()).us_privacy == "1NNN"


def test_outside_the_united_states_no_section_applies() -> None:
    strings = strings_of(TERMS, (ELSEWHERE, CALIFORNIA), resolved(regime=ELSEWHERE))
    assert strings == Strings("DBAA", (-1,), "1---")


def test_a_state_whose_section_is_not_settled_speaks_in_californias() -> None:
    out = strings_of(TERMS, (MARYLAND,), resolved(both(OUT), regime=MARYLAND))
    assert out == Strings("DBABBg~BUUAAACA.QA", (8,), "1YYN")


def test_the_sections_of_several_states_are_named_once_each_and_never_none() -> None:
    assert [section.name for section in sections_of(TERMS, (COLORADO, MARYLAND, CALIFORNIA))] == [
        "usca",
        "usco",
    ]
    assert [section.name for section in sections_of(TERMS, (ELSEWHERE,))] == ["usca"]


def test_two_states_in_one_section_say_the_stricter_of_both() -> None:
    older = resolved(ChoiceMade(1, age=OLDER))
    assert strings_of(TERMS, (CALIFORNIA, MARYLAND), older).gpp == "DBABBg~BUUAAACA.QA"


def opted_out(strings: Strings) -> bool:
    """Return True if every section says that the site sells and shares."""
    sections = gpp.decode(strings.gpp).sections.values()
    shares = ("SharingOptOut", "TargetedAdvertisingOptOut")
    return bool(sections) and all(
        fields["SaleOptOut"] == 1 and all(fields[name] == 1 for name in shares if name in fields)
        for fields in sections
    )


@given(
    st.lists(regimes(), min_size=1, max_size=4), sources, st.sampled_from([None, Mspa(), Mspa(national=True)])
)
def test_rule_2_unavailable_is_opted_out_in_every_string(
    found: list[Regime], live: Sources, mspa: Mspa | None
) -> None:
    strings = strings_of(StringTerms(mspa=mspa), found, unavailable_resolution(live))
    assert opted_out(strings)
    assert strings.us_privacy == "1YYN"


@given(st.lists(regimes(), min_size=1, max_size=4), sources, standings())
def test_the_strings_never_allow_what_the_flag_denies(
    found: list[Regime], live: Sources, standing: Standing
) -> None:
    resolution = resolve(found[0], live, standing, None, NOW)
    strings = strings_of(TERMS, found, resolution)
    assert gpp.section_ids(strings.gpp) == tuple(number for number in strings.gpp_sid if number > 0)
    for fields in gpp.decode(strings.gpp).sections.values():
        shared = fields.get("SharingOptOut", fields.get("TargetedAdvertisingOptOut"))
        assert fields["SaleOptOut"] == 1 or not resolution.sale.denied
        assert shared == 1 or not resolution.share.denied
        assert fields["Gpc"] is resolution.gpc


@given(regimes(), sources, standings())
def test_the_strings_of_one_regime_say_what_the_flag_says(
    regime: Regime, live: Sources, standing: Standing
) -> None:
    resolution = resolve(regime, live, standing, None, NOW)
    for fields in gpp.decode(strings_of(SENSITIVE, (regime,), resolution).gpp).sections.values():
        assert fields["SaleOptOut"] == (1 if resolution.sale.denied else 2)
        sensitive = fields["SensitiveDataProcessing"]
        assert isinstance(sensitive, tuple)
        assert set(sensitive) == {1 if resolution.sensitive.denied else 2}
