"""Changes that one call may make to a standing, judged under every regime of its site (design rules 3 and 4)."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from consent_service.domain.facts import ChoiceMade, SignalSeen, apply_fact, fold_facts
from consent_service.domain.flags import FlagTerms
from consent_service.domain.resolution import resolve
from consent_service.domain.signals import Sources
from consent_service.domain.standing import Standing
from consent_service.domain.visitor_location import UNKNOWN_LOCATION, Location
from consent_service.domain.words import REJECTED, RIGHTS, AgeBand, Stance, Step
from consent_service.ledger.entries import Evidence
from consent_service.services.sites import Site
from consent_service.services.visitor.plans import Call, Subject, choice_plan
from tests.domain.strategies import NOW, choices, codes, sources, standings

PLACES = (
    UNKNOWN_LOCATION,
    Location("US", "CA"),
    Location("US", "CO"),
    Location("US", "TX"),
    Location("DE", "BE"),
    Location("US"),
)
MINOR = fold_facts([ChoiceMade(NOW, age=AgeBand.FROM_16_TO_17)])
GROWN = ChoiceMade(NOW, age=AgeBand.ADULT)

sites = st.lists(codes(), min_size=1, unique=True).map(
    lambda chosen: Site("acme", "Acme", frozenset(), tuple(chosen), FlagTerms("acme"))
)
places = st.sampled_from(PLACES)
posts = choices(st.just(Step.ONLY)).filter(lambda choice: not choice.is_empty)
BOTH = Site("acme", "Acme", frozenset(), ("us-ca", "us-co"), FlagTerms("acme"))


def posted(call: Call, standing: Standing | None, post: ChoiceMade, *, unhonoured: bool) -> Standing | None:
    """Return the standing after this one call."""
    subject = Subject(bytes(16), minted=standing is None, rejected=unhonoured)
    planned = choice_plan(call, subject, replace(post, at=call.now))(standing, 1)
    for fact in planned.facts:
        standing = apply_fact(standing or Standing(), fact)
    return standing


@settings(max_examples=400)
@given(sites, places, sources, st.none() | standings(), posts, st.booleans(), sources)
@example(BOTH, PLACES[1], Sources.NONE, MINOR, GROWN, False, Sources.NONE)
@example(BOTH, UNKNOWN_LOCATION, Sources.NONE, MINOR, GROWN, False, Sources.NONE)
def test_rule_3_one_post_from_anywhere_opts_in_under_no_regime_of_the_site(
    site: Site,
    place: Location,
    signals: Sources,
    standing: Standing | None,
    post: ChoiceMade,
    unhonoured: bool,
    live: Sources,
) -> None:
    """Under each regime, now and later, with and without a signal: allowed afterwards was allowed before."""
    call = Call(site, signals, Evidence(), NOW, place=place)
    before = REJECTED if unhonoured else standing
    after = posted(call, None if unhonoured else standing, post, unhonoured=unhonoured)
    for regime in site.binding(NOW):
        for heard in (Sources.NONE, signals, live):
            was = resolve(regime, heard, before, None, NOW)
            now = resolve(regime, heard, after, None, NOW)
            for right in RIGHTS:
                assert now.ruling(right).denied or not was.ruling(right).denied


@given(sites, places, sources, standings(), posts)
def test_rule_3_one_post_never_records_an_opt_in_of_somebody_denied_for_more_than_a_default(
    site: Site, place: Location, signals: Sources, standing: Standing, post: ChoiceMade
) -> None:
    """Also not one that would count nowhere: such an opt-in always waits for the second step."""
    call = Call(site, signals, Evidence(), NOW, place=place)
    after = posted(call, standing, post, unhonoured=False)
    assert after is not None
    under = [resolve(regime, signals, standing, None, NOW) for regime in site.binding(NOW)]
    for right in RIGHTS:
        if any(one.ruling(right).denied and one.ruling(right).basis.value != "default" for one in under):
            before = standing.choice_on(right)
            assert after.choice_on(right) == before or after.choice_on(right).stance is Stance.OPTED_OUT


@given(sites, places, sources, st.none() | standings(), posts, st.booleans())
def test_rule_4_from_anywhere_an_opt_out_and_a_limit_are_recorded_at_once(
    site: Site,
    place: Location,
    signals: Sources,
    standing: Standing | None,
    post: ChoiceMade,
    unhonoured: bool,
) -> None:
    call = Call(site, signals, Evidence(), NOW, place=place)
    after = posted(call, standing, post, unhonoured=unhonoured)
    assert all(
        after is not None and after.choice_on(right).stance is Stance.OPTED_OUT
        for right in RIGHTS
        if post.stance_on(right) is Stance.OPTED_OUT
    )


def test_a_signal_that_the_call_brings_is_on_record_before_its_choice_is_judged() -> None:
    call = Call(BOTH, Sources.HEADER, Evidence(), NOW)
    plan = choice_plan(call, Subject(bytes(16), True, False), ChoiceMade(NOW, sale=Stance.OPTED_IN))
    seen, asked = plan(None, 0).facts
    assert seen == SignalSeen(NOW, Sources.HEADER)
    assert isinstance(asked, ChoiceMade)
    assert asked.step is Step.ASKED
