"""Comparing: what is the same to a person, and what is not."""

from __future__ import annotations

import pytest

from consent_service.importing.cell_meaning import meaning_of, normalise_name, trim_cell


@pytest.mark.parametrize(
    "value",
    [
        "opt-out",
        "OPT_OUT",
        "Opt Out",
        " Opt-Out\xa0",
        "Opt\u2011Out",
        "\ufeffOpt-Out",
        "\uff2fpt-Out",
        "Opt\0-Out",
        '="Opt-Out"',
        "Opt-Out (pending)",
        "Opt-Out - Unconfirmed",
        "pending opt-out",
        "OPT_OUT_PENDING",
        "Opt-Out: awaiting confirmation",
        "Opt-Out, not yet verified",
        "Opt-Out requested",
        "Opt-Out expired",
        "Opt-Out confirmed",
        "Opt-Out / e-mail bounced",
    ],
)
def test_enf_9_an_opt_out_is_one_however_it_is_written_and_whether_or_not_it_was_confirmed(
    value: str,
) -> None:
    assert meaning_of(value) == meaning_of("Opt-Out")


@pytest.mark.parametrize(
    "value", ["", "Opt-In", "Not Opt-Out", "Opt-Out withdrawn", "Opt-Outs", "Pending", "Confirmed", "out"]
)
def test_what_says_something_else_is_another_value(value: str) -> None:
    assert meaning_of(value) != meaning_of("Opt-Out")


@pytest.mark.parametrize(
    ("one", "other"),
    [("1.0", "10"), ("-1", "1"), ("C0004:0", "C0004:1"), ("Pending", "Confirmed"), ("0", "")],
)
def test_numbers_signs_and_lone_words_keep_what_they_say(one: str, other: str) -> None:
    assert meaning_of(one) != meaning_of(other)


def test_names_differ_by_no_case_blank_or_hyphen() -> None:
    assert normalise_name(" Consent  ID ") == normalise_name("consent_id") == normalise_name("CONSENT-ID")
    assert trim_cell(' ="0012" ') == "0012"
