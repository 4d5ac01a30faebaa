"""Rows: whatever the bytes are, every line is told of, and a broken one spoils no other."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_service.importing.csv_rows import ExportRow, is_readable, read_rows
from consent_service.importing.line_outcomes import LineOutcome, LineResult


def read(data: bytes, delimiter: str = ",") -> list[tuple[int, list[str]]]:
    """Line and cells of each record; of what is no record the result alone."""
    found = read_rows(io.BytesIO(data), delimiter)
    return [(one.line, one.cells if isinstance(one, ExportRow) else [one.result]) for one in found]


REFUSED = [LineResult.REFUSED]
GOOD = b"id,at\na,1\n"


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends_of_every_system_are_read_with_the_last_one_or_without(end: bytes, last: bool) -> None:
    data = end.join([b"id,at", b'"a,b",1']) + (end if last else b"")
    assert read(data) == [(1, ["id", "at"]), (2, ["a,b", "1"])]


def test_another_delimiter_parts_cells() -> None:
    assert read(b'a;"b;c"\n', ";") == [(1, ["a", "b;c"])]


def test_a_quoted_cell_may_hold_line_breaks_and_lines_go_on_counting() -> None:
    assert read(b'id\n"a\nb"\nc\n') == [(1, ["id"]), (2, ["a\nb"]), (4, ["c"])]


def test_an_empty_line_is_told_of_and_skipped() -> None:
    assert read(b"id\n\nc\n") == [(1, ["id"]), (2, [LineResult.SKIPPED]), (3, ["c"])]


@pytest.mark.parametrize(
    "broken",
    [b'"a,1', b'"a"b,1', b"a\rb,1", b"x" * 70_000, b'"' + b"x" * 70_000],
    ids=[
        "never closed",
        "behind a quote",
        "a lone return",
        "long",
        "long and open",
    ],
)
def test_a_broken_line_is_refused_and_every_line_behind_it_is_read(broken: bytes) -> None:
    data = GOOD + broken + b"\nb,2\n" + b"".join(b"c%d,3\n" % number for number in range(100))
    found = read(data)
    assert found[2:4] == [(3, REFUSED), (4, ["b", "2"])]
    assert found[-1] == (104, ["c99", "3"])
    assert len(found) == 104


def test_a_broken_line_inside_an_open_quote_is_refused_by_itself() -> None:
    assert read(b'"a\nb"c\nb\n') == [(1, REFUSED), (2, ['b"c']), (3, ["b"])]


@pytest.mark.parametrize("cell", [b"\xff", b"\xed\xa0\x80", "\ufffd".encode()])
def test_bytes_that_are_no_text_spoil_their_cell_alone(cell: bytes) -> None:
    ((_, header), (_, first), (_, second)) = read(GOOD + cell + b",2\n")
    assert [is_readable(one) for one in (*header, *first, *second)] == [True] * 4 + [False, True]


def test_a_first_line_that_names_the_separator_for_excel_is_told_of_and_skipped() -> None:
    for line in (b"sep=;", b"SEP=;", b'"sep=;"'):
        assert read(line + b"\nid;at\n", ";") == [(1, [LineResult.SKIPPED]), (2, ["id", "at"])]
    assert read(b"id\nsep=;\n", ",") == [(1, ["id"]), (2, ["sep=;"])]


def test_what_is_said_of_a_broken_line_quotes_nothing_of_it() -> None:
    told = list(read_rows(io.BytesIO(b'"secret"secret\n' + b"secret" * 20_000), ","))
    assert all(isinstance(one, LineOutcome) and "secret" not in one.why for one in told)
    assert len(told) == 2


@given(
    st.lists(st.lists(st.text(st.characters(codec="utf-8"), max_size=5), min_size=1, max_size=3), max_size=5)
)
def test_what_python_writes_is_read_back(table: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(table)
    found = read_rows(io.BytesIO(text.getvalue().encode()), ",")
    assert [one.cells for one in found if isinstance(one, ExportRow)] == [
        cells for cells in table if any(cell.strip(" \t\r\n,;|") for cell in cells)
    ]


@given(st.binary(max_size=200).map(lambda data: data.replace(b"x", b'"').replace(b"y", b",")))
def test_no_bytes_make_it_raise_and_lines_only_rise(data: bytes) -> None:
    lines = [line for line, _cells in read(data)]
    assert lines == sorted(set(lines))
    assert len(lines) <= data.count(b"\n") + 1
