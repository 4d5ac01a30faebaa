"""The US Privacy string against the strings of its specification."""

from __future__ import annotations

import pytest

from consent_service.codecs.codec_error import CodecError
from consent_service.codecs.fields import Fields
from consent_service.codecs.us_privacy import NOT_APPLICABLE, decode, encode, encode_fields


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


def test_where_no_law_applies_the_string_has_dashes() -> None:
    assert NOT_APPLICABLE == "1---"


@pytest.mark.parametrize("text", ["1YNN", "1Y--", "1---", "1NYY"])
def test_what_is_read_is_written_again(text: str) -> None:
    assert encode_fields(decode(text)) == text


def test_an_answer_that_is_not_given_is_written_as_a_dash() -> None:
    assert encode_fields({}) == NOT_APPLICABLE
    assert encode_fields({"OptOutSale": "Y"}) == "1-Y-"


@pytest.mark.parametrize(
    ("text", "field"),
    [("", ""), ("1YN", ""), ("1YNNN", ""), ("2YNN", "Version"), ("1yNN", "Notice"), ("1YN1", "LspaCovered")],
)
def test_anything_but_these_four_characters_is_refused(text: str, field: str) -> None:
    with pytest.raises(CodecError) as raised:
        decode(text)
    assert (raised.value.section, raised.value.field) == ("uspv1", field)


@pytest.mark.parametrize("fields", [{"Version": 2}, {"Notice": True}, {"OptOutSale": "YN"}, {"Sale": "Y"}])
def test_what_the_four_characters_cannot_say_is_not_written(fields: Fields) -> None:
    with pytest.raises(CodecError):
        encode_fields(fields)
