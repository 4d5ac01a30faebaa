"""Random facts, standings and situations for the rules' properties."""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st

from consent_service.domain.facts import (
    Carried,
    ChoiceMade,
    DoubtRaised,
    Erased,
    Fact,
    Incentive,
    SignalSeen,
    Suppressed,
    fold_facts,
)
from consent_service.domain.regimes import ROWS, Regime, regime_on
from consent_service.domain.signals import Sources
from consent_service.domain.standing import Standing
from consent_service.domain.words import AgeBand, Method, Stance, Step

NOW = 1_900_000_000
CALIFORNIA = regime_on("us-ca", date(2026, 11, 22))
COLORADO = regime_on("us-co", date(2026, 11, 22))
ELSEWHERE = regime_on("elsewhere", date(2026, 11, 22))

times = st.integers(1_700_000_000, NOW)
sources = st.sampled_from([Sources(bits) for bits in range(8)])
some_sources = st.sampled_from([Sources(bits) for bits in range(1, 8)])
stances = st.sampled_from([None, Stance.OPTED_OUT, Stance.OPTED_IN])
ages = st.sampled_from([None, *AgeBand])
incentives = st.none() | st.builds(Incentive, st.integers(0, 7), st.booleans())


def regimes() -> st.SearchStrategy[Regime]:
    return st.sampled_from([row for row in ROWS if row.valid_from <= date(2026, 1, 1)])


def codes() -> st.SearchStrategy[str]:
    """One regime of each kind: everything opts out, `sensitive` opts in, everything opts in."""
    return st.sampled_from(["us-ca", "us-co", "elsewhere"])


def choices(steps: st.SearchStrategy[Step] | None = None) -> st.SearchStrategy[ChoiceMade]:
    """Choices at any time; `steps` limits which step they are."""
    chosen = st.sampled_from(Step) if steps is None else steps
    return st.builds(
        ChoiceMade,
        at=times,
        method=st.sampled_from(Method),
        sale=stances,
        share=stances,
        sensitive=stances,
        age=ages,
        incentive=incentives,
        step=chosen,
    )


def facts() -> st.SearchStrategy[Fact]:
    return st.one_of(
        st.builds(SignalSeen, times, some_sources), st.builds(DoubtRaised, times), choices(), choices()
    )


def carried() -> st.SearchStrategy[Carried]:
    return st.builds(Carried, times, standings())


def erasures() -> st.SearchStrategy[Fact]:
    """Return a strategy for facts that an erasure leaves in the ledger, and that a record behind one begins with."""
    return st.one_of(st.builds(Erased, times), st.builds(Suppressed, times, st.booleans()))


def standings() -> st.SearchStrategy[Standing]:
    """Only standings that facts can amount to."""
    return st.lists(facts(), max_size=8).map(
        lambda found: fold_facts(sorted(found, key=lambda fact: fact.at))
    )
