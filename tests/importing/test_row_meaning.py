"""Rows of an export: read by our own columns, or by those that somebody names."""

from __future__ import annotations

import io

import pytest

from consent_service.domain.words import SALE_AND_SHARE, Right
from consent_service.errors import ImportRefused
from consent_service.importing.csv_rows import read_rows
from consent_service.importing.line_outcomes import LineOutcome, LineResult, OptOut
from consent_service.importing.row_meaning import ExportColumns, read_export
from tests.support.clock import START

OWN = "id,sale_share,sale,share,sensitive,at\n"


def said(text: str, named: ExportColumns | None = None) -> list[OptOut | LineOutcome]:
    return list(
        read_export(read_rows(io.BytesIO(text.encode()), ","), named or ExportColumns(), START).outcomes
    )


def one(text: str, named: ExportColumns | None = None) -> OptOut | LineOutcome:
    (only,) = said(text, named)
    return only


@pytest.mark.parametrize(
    ("row", "rights"),
    [
        ("7,opt_out,,,,", SALE_AND_SHARE),
        ("7,,opt_out,,,", (Right.SALE,)),
        ("7,,,opt_out,,", (Right.SHARE,)),
        ("7,,,,limit,", (Right.SENSITIVE,)),
        (" 7 , OPT_OUT ,opt_out,,limit,", tuple(Right)),
    ],
)
def test_our_own_layout_says_what_is_denied(row: str, rights: tuple[Right, ...]) -> None:
    assert one(OWN + row) == OptOut(2, "7", rights, None)


def test_rule_3_an_opt_in_is_never_imported() -> None:
    for row in ("7,opt_in,,,,", "7,,,opt_in,,", "7,,,,lift,"):
        refused = one(OWN + row)
        assert isinstance(refused, LineOutcome)
        assert (refused.result, "two steps" in refused.why) == (LineResult.REFUSED, True)


def test_beside_an_opt_in_the_opt_out_is_imported_and_the_rest_is_told() -> None:
    assert one(OWN + "7,,opt_out,opt_in,,") == OptOut(2, "7", (Right.SALE,), None, "its opt-in was left out")


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (",opt_out,,,,", "the id is empty"),
        ("   ,opt_out,,,,", "the id is empty"),
        (f"{'7' * 257},opt_out,,,,", "256 characters"),
        ("a\tb,opt_out,,,,", "unprintable"),
        ("a\0b,opt_out,,,,", "unprintable"),
        ("7,out,,,,", "column sale_share holds none of the words opt_out, opt_in"),
        ("7,,,,opt_out,", "column sensitive holds none of the words limit, lift"),
        ("7,opt_out,,,,2026-11-24T10:00:00Z", "in the future"),
        ("7,opt_out,,,,yesterday", "not written like"),
        ("7,opt_out,,,,11/12/2025 10:00 AM", "day or month first"),
        ("7,opt_out,,,,0001-01-01T00:00:00+14:00", "not written like"),
        ("7,opt_out,,,", "5 cells; the header has 6"),
        ("7,opt_out,,,,,x", "7 cells; the header has 6"),
    ],
)
def test_what_does_not_fit_is_refused_in_words_that_quote_nothing(row: str, why: str) -> None:
    refused = one(OWN + row)
    assert isinstance(refused, LineOutcome)
    assert (refused.line, refused.result) == (2, LineResult.REFUSED)
    assert why in refused.why
    assert "yesterday" not in refused.why


def test_the_longest_allowed_id_is_imported() -> None:
    assert isinstance(one(OWN + f"{'7' * 256},opt_out,,,,"), OptOut)


@pytest.mark.parametrize(
    ("text", "made_at"),
    [
        ("2025-01-31T10:00:00Z", "2025-01-31T10:00:00+00:00"),
        ("2025-01-31 10:00:00", "2025-01-31T10:00:00+00:00"),
        ("2025-01-31T10:00:00.123+02:00", "2025-01-31T08:00:00.123000+00:00"),
        ("2025-01-31", "2025-01-31T00:00:00+00:00"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59+00:00"),
        ("", None),
    ],
)
def test_a_time_is_kept_in_utc(text: str, made_at: str | None) -> None:
    found = one(f"{OWN}7,opt_out,,,,{text}")
    assert isinstance(found, OptOut)
    assert found.made_at == made_at


def test_a_row_that_says_nothing_is_skipped() -> None:
    assert one(OWN + "7,,,,,") == LineOutcome(2, LineResult.SKIPPED, "says nothing")


def test_another_tools_columns_are_named_and_its_other_rows_are_skipped() -> None:
    where = (("State", "Opt-Out"), ("State", "Denied"), ("Purpose", "Targeting"))
    text = (
        "Consent ID,Purpose,State,Date\n"
        "a,Targeting,Opt-Out,2025-01-31T10:00:00Z\n"
        "b,Targeting,Denied,\n"
        "c,Targeting,Confirmed,nonsense\n"
        "d,Analytics,Opt-Out,\n"
        ",Targeting,Denied,\n"
    )
    first, second, third, fourth, fifth = said(text, ExportColumns("Consent ID", "Date", where))
    assert first == OptOut(2, "a", SALE_AND_SHARE, "2025-01-31T10:00:00+00:00")
    assert second == OptOut(3, "b", SALE_AND_SHARE, None)
    assert [line.result for line in (third, fourth) if isinstance(line, LineOutcome)] == [
        LineResult.SKIPPED
    ] * 2
    assert fifth == LineOutcome(6, LineResult.REFUSED, "the id is empty")


@pytest.mark.parametrize(
    ("header", "named"),
    [
        ("", ExportColumns()),
        ("\xff", ExportColumns()),
        ("ann@example.com,opt_out", ExportColumns()),
        ("id,note", ExportColumns()),
        ("id,id,sale", ExportColumns()),
        ("id,sale,sale", ExportColumns()),
        ("id,at,at,sale", ExportColumns()),
        ("id,sale", ExportColumns(time="When")),
        ("id,sale", ExportColumns("Consent ID")),
        ("id,sale", ExportColumns(where=(("State", "x"),))),
        ("id;sale", ExportColumns()),
    ],
)
def test_a_header_that_does_not_fit_stops_it_before_any_row_and_is_not_quoted(
    header: str, named: ExportColumns
) -> None:
    with pytest.raises(ImportRefused) as refused:
        read_export(read_rows(io.BytesIO(header.encode("latin-1") + b"\n"), ","), named, START)
    assert "ann@example.com" not in str(refused.value)


def test_columns_of_one_name_that_nobody_asks_for_are_no_fault() -> None:
    assert isinstance(one("id,sale,,\n7,opt_out,,\n"), OptOut)


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(ImportRefused, match="empty"):
        said("")
