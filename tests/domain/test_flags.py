"""The flag's words, and that its strings say the same."""

from __future__ import annotations

import pytest
from hypothesis import given

from consent_service.domain.facts import ChoiceMade, fold_facts
from consent_service.domain.flags import Flag, FlagTerms, flag_of
from consent_service.domain.regimes import Regime
from consent_service.domain.resolution import Resolution, resolve, unavailable_resolution
from consent_service.domain.signals import Sources
from consent_service.domain.standing import Standing
from consent_service.domain.strings import StringTerms, strings_of
from consent_service.domain.words import Stance

from .strategies import CALIFORNIA, ELSEWHERE, NOW, regimes, sources, standings

TERMS = FlagTerms("acme")
AS_OF = "2026-11-22T10:00:00Z"
OUT = Stance.OPTED_OUT


def said(regime: Regime, resolution: Resolution, terms: FlagTerms = TERMS) -> Flag:
    return flag_of(terms, strings_of(terms.strings, (regime,), resolution), resolution, AS_OF)


def test_a_signal_speaks_opted_out() -> None:
    flag = said(CALIFORNIA, resolve(CALIFORNIA, Sources.HEADER, None, None, NOW))
    assert (flag.sale, flag.share, flag.sensitive, flag.basis) == ("denied", "denied", "allowed", "gpc")
    assert (flag.gpc, flag.us_privacy, flag.as_of, flag.max_age) == (True, "1YYN", AS_OF, 300)


@pytest.mark.parametrize("choice", [ChoiceMade(1, sale=OUT), ChoiceMade(1, share=OUT)])
def test_us_privacy_says_opted_out_if_sale_or_share_is_denied(choice: ChoiceMade) -> None:
    resolution = resolve(CALIFORNIA, Sources.NONE, fold_facts([choice]), None, NOW)
    assert said(CALIFORNIA, resolution).us_privacy == "1YYN"


def test_us_privacy_says_no_opt_out_and_whether_a_notice_was_given() -> None:
    resolution = resolve(CALIFORNIA, Sources.NONE, fold_facts([ChoiceMade(1, sensitive=OUT)]), None, NOW)
    assert said(CALIFORNIA, resolution).us_privacy == "1YNN"
    assert (
        said(CALIFORNIA, resolution, FlagTerms("acme", StringTerms(notice_shown=False))).us_privacy == "1NNN"
    )


def test_us_privacy_is_not_applicable_outside_the_united_states() -> None:
    resolution = resolve(ELSEWHERE, Sources.NONE, None, None, NOW)
    assert said(ELSEWHERE, resolution).us_privacy == "1---"


@given(regimes(), sources)
def test_rule_2_unavailable_speaks_opted_out_everywhere_and_is_never_kept(
    regime: Regime, live: Sources
) -> None:
    flag = said(regime, unavailable_resolution(live))
    assert (flag.sale, flag.share, flag.sensitive) == ("denied", "denied", "denied")
    assert (flag.basis, flag.us_privacy, flag.max_age) == ("unavailable", "1YYN", 0)


@given(regimes(), sources, standings())
def test_the_string_never_says_more_than_the_answers(
    regime: Regime, live: Sources, standing: Standing
) -> None:
    flag = said(regime, resolve(regime, live, standing, None, NOW))
    if "denied" in (flag.sale, flag.share):
        assert flag.us_privacy in ("1YYN", "1---")
