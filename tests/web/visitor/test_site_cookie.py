"""The site's cookie: its text is the script's, and no answer takes the place of what it must not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_service.config.first_party import FirstParty
from consent_service.domain.facts import ChoiceMade
from consent_service.domain.words import Basis, Stance
from consent_service.web.visitor.site_cookie import CookieRecord, parse, renewed, set_cookie, text_of

EXAMPLE = CookieRecord("dda", "gpc", gpc=True, as_of=1795000000, max_age=300, token="1.a-B_c.d")
KEPT = st.builds(
    CookieRecord,
    letters=st.text("ad", min_size=3, max_size=3),
    basis=st.sampled_from([basis.value for basis in Basis]),
    gpc=st.booleans(),
    as_of=st.integers(1_000_000_000, 9_999_999_999),
    max_age=st.integers(0, 86_400),
    token=st.from_regex(r"[A-Za-z0-9_.-]{0,40}", fullmatch=True),
)
OPT_OUT = ChoiceMade(1, sale=Stance.OPTED_OUT, share=Stance.OPTED_OUT)
LIMIT = ChoiceMade(1, sensitive=Stance.OPTED_OUT)
OPT_IN = ChoiceMade(1, sale=Stance.OPTED_IN, share=Stance.OPTED_IN)


def kept(letters: str, basis: str = "choice", max_age: int = 300) -> CookieRecord:
    return EXAMPLE._replace(letters=letters, basis=basis, max_age=max_age)


def test_the_service_writes_the_same_cookie_text_as_the_script() -> None:
    assert text_of(EXAMPLE) == "1.dda.gpc.1.1795000000.300.1.a-B_c.d"


@given(KEPT)
def test_what_is_written_can_be_read_back(one: CookieRecord) -> None:
    assert parse(text_of(one)) == one


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "?",
            "1.dda.gpc.1.1795000000.300",
            "2.dda.gpc.1.1795000000.300.",
            "1.ddx.gpc.1.1795000000.300.",
        ),
        *("1.dda.gpc.1.1795000000.300.a b", "1.dda.gpc.1.1795000000.300.t\n"),
    ],
)
def test_what_is_not_a_record_is_not_taken_for_one(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("way", "attributes"),
    [
        (FirstParty("https://a.example/p", "a.example", None, secure=True, on_site=True), "; Secure"),
        (
            FirstParty("http://p.a.example", "p.a.example", "a.example", secure=False, on_site=False),
            "; Domain=a.example",
        ),
    ],
)
def test_the_services_cookie_has_the_attributes_of_the_scripts(way: FirstParty, attributes: str) -> None:
    assert set_cookie("pc_acme", way, EXAMPLE).decode() == (
        f"pc_acme={text_of(EXAMPLE)}; Path=/; SameSite=Lax; Max-Age=34560000{attributes}"
    )


@given(KEPT, KEPT, st.sampled_from([None, OPT_IN, OPT_OUT, LIMIT]))
def test_no_answer_allows_over_a_choice_that_nobody_has_acknowledged(
    before: CookieRecord, answer: CookieRecord, choice: ChoiceMade | None
) -> None:
    made_here = before._replace(basis="choice", max_age=0)
    if renewed([text_of(made_here)], answer, choice):
        assert choice is not None
        assert all(now == "d" for was, now in zip(before.letters, answer.letters, strict=True) if was == "d")


@given(KEPT, st.sampled_from([None, OPT_OUT]))
def test_a_doubtful_answer_is_never_written_into_the_cookie(
    before: CookieRecord, choice: ChoiceMade | None
) -> None:
    assert not renewed([], before._replace(basis="unavailable"), choice)


@pytest.mark.parametrize(
    ("before", "answer", "choice", "takes_its_place"),
    [
        # a page view
        (None, kept("aaa", "default"), None, True),
        (kept("aaa", "default"), kept("dda", "gpc"), None, True),
        (kept("dda"), kept("dda"), None, True),
        (kept("dda"), kept("aaa", "opted_in"), None, True),
        (kept("dda"), kept("aaa", "default"), None, False),
        (kept("dda"), kept("dda", "default"), None, False),
        (kept("dda", max_age=0), kept("dda", "gpc"), None, False),
        (kept("aad", max_age=0), kept("aaa", "default"), None, False),
        # the answer to the very choice, and to another one
        (kept("dda", max_age=0), kept("dda"), OPT_OUT, True),
        (kept("dda", max_age=0), kept("dda", "gpc"), OPT_OUT, True),
        (kept("ddd", max_age=0), kept("dda"), OPT_OUT, False),
        (kept("ddd", max_age=0), kept("ddd"), LIMIT, True),
        (kept("ddd", max_age=0), kept("ddd", "gpc"), LIMIT, False),
        (kept("aad", max_age=0), kept("aad"), LIMIT, True),
        (kept("dda", max_age=0), kept("aaa", "opted_in"), OPT_IN, False),
    ],
)
def test_an_answer_replaces_the_cookie_only_where_the_table_allows(
    before: CookieRecord | None, answer: CookieRecord, choice: ChoiceMade | None, takes_its_place: bool
) -> None:
    brought = [] if before is None else [text_of(before)]
    assert renewed(brought, answer, choice) is takes_its_place


def test_of_two_cookies_both_must_allow_the_answer_to_replace_them() -> None:
    old, new = text_of(kept("aaa", "default")), text_of(kept("dda", max_age=0))
    for brought in ([old, new], [new, old]):
        assert not renewed(brought, kept("aaa", "default"))


def test_a_cookie_that_cannot_be_read_gives_way_to_an_answer_without_doubt() -> None:
    assert renewed(["?"], kept("dda"), OPT_OUT)


def test_numbers_longer_than_any_that_is_written_make_it_no_record() -> None:
    for digits in (10, 5000):
        assert parse(f"1.dda.choice.0.1795000000.{'9' * digits}.") is None
