"""The US Privacy string against the strings of its specification."""

from __future__ import annotations

import pytest

from consent_service.codecs.us_privacy import NOT_APPLICABLE, encode


@pytest.mark.parametrize(
    ("notice", "opted_out", "lspa", "string"),
    [
        (True, False, False, "1YNN"),
        (True, True, False, "1YYN"),
        (False, False, False, "1NNN"),
        (True, True, True, "1YYY"),
    ],
)
def test_three_answers_make_four_characters(notice: bool, opted_out: bool, lspa: bool, string: str) -> None:
    assert encode(notice=notice, opted_out=opted_out, lspa=lspa) == string


def test_not_applicable_has_dashes() -> None:
    assert NOT_APPLICABLE == "1---"
