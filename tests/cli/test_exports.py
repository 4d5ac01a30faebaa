"""`consent-service import` on files as other tools and spreadsheets write them: no opt-out is lost without a word."""

from __future__ import annotations

import codecs
import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.test_imports import ACME, Ended, Operator, operator

__all__ = ["operator"]  # the fixture

TEXT = "Consent ID,Consent Status,Note\nx1,opt-out,né\nx2,Confirmed,\nx3,OPT_OUT,\n"
COLUMNS = ("--id", "Consent ID", "--where", "Consent Status=Opt-Out")


def imports(operator: Operator, data: bytes, *options: str, columns: tuple[str, ...] = COLUMNS) -> Ended:
    (operator.folder / "export.csv").write_bytes(data)
    return operator.runs("export.csv", *ACME, *columns, *options)


def counts(ended: Ended) -> str:
    return ended.out.splitlines()[0]


def mac(text: str) -> bytes:
    return text.replace("\n", "\r").encode()


FORMS: dict[str, Callable[[str], bytes]] = {
    "UTF-8 with a mark": lambda text: codecs.BOM_UTF8 + text.encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16 without a mark": lambda text: text.encode("utf-16-le"),
    "UTF-16 BE without a mark": lambda text: text.encode("utf-16-be"),
    "Windows-1252": lambda text: text.encode("windows-1252"),
    "Windows' line ends": lambda text: text.replace("\n", "\r\n").encode(),
    "old Macs' line ends": mac,
    "semicolons": lambda text: text.replace(",", ";").encode(),
    "tabs": lambda text: text.replace(",", "\t").encode(),
    "pipes": lambda text: text.replace(",", "|").encode(),
    "Excel's first line": lambda text: b"sep=;\r\n" + text.replace(",", ";").encode(),
    "the same in UTF-16": lambda text: ("sep=\t\r\n" + text.replace(",", "\t")).encode("utf-16"),
    "a blank line first": lambda text: b"\r\n" + text.encode(),
    "blank cells first": lambda text: b",,\n \n" + text.encode(),
    "no line end at the end": lambda text: text.encode().rstrip(),
    "names in other letters": lambda text: text.replace("Consent ID", " CONSENT_ID ").encode(),
    "blanks behind separators": lambda text: text.replace(",", ", ").encode(),
    "quotes": lambda text: "\n".join(
        ",".join(f'"{cell}"' for cell in line.split(",")) for line in text.splitlines()
    ).encode(),
    "quotes behind blanks": lambda text: text.replace("x1,", 'x1, "').replace("out,n", 'out",n').encode(),
    "a note of two lines": lambda text: text.replace("né", '"n\ne"').encode(),
    "zero bytes in a note": lambda text: text.replace("né", "n\0").encode(),
    "separators too many": lambda text: text.replace("\n", ",,\n").encode(),
    "Excel's texts": lambda text: text.replace("x1", '="x1"').encode(),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_of_one_export_brings_the_same_two_opt_outs(
    operator: Operator, form: Callable[[str], bytes]
) -> None:
    ended = imports(operator, form(TEXT))
    assert (ended.status, ended.err) == (0, "")
    assert counts(ended).startswith("2 imported, 0 already")
    assert counts(imports(operator, TEXT.encode())).startswith("0 imported, 2 already"), (
        "the ids are the same"
    )


@pytest.mark.parametrize("name", ["\\t", "tab", "\t", "TAB"])
def test_a_tab_is_named_as_a_shell_lets_it_be(operator: Operator, name: str) -> None:
    ended = imports(operator, TEXT.replace(",", "\t").encode(), "--delimiter", name)
    assert counts(ended).startswith("2 imported")


def test_nothing_that_fits_is_status_1_and_the_column_s_values_are_said(operator: Operator) -> None:
    columns = ("--id", "Consent ID", "--where", "Consent Status=Denied")
    ended = imports(operator, TEXT.encode(), columns=columns)
    assert ended.status == 1
    assert ended.out.splitlines() == [
        "0 imported, 0 already, 3 skipped, 0 refused",
        "lines read besides the header: 3; skipped: 3 (the row is no opt-out); "
        'left out by the column "Consent Status": "opt-out" (1), "Confirmed" (1), "OPT_OUT" (1)',
    ]
    assert ended.err.splitlines() == [
        "nothing was imported: no line is an opt-out. Correct --where, or the columns",
        'the column "Consent Status" has "opt-out" (1), "Confirmed" (1), "OPT_OUT" (1)',
    ]


def test_of_many_values_the_number_and_the_first_are_said_and_of_nothing_else_any(operator: Operator) -> None:
    rows = "".join(f"secret-{n},person{n}@example.com,hidden{n}\n" for n in range(5000))
    ended = imports(operator, f"id,state,note\n{rows}".encode(), columns=("--where", "state=Opt-Out"))
    assert ended.status == 1
    assert "more than 1000 different values, such as " in ended.err
    assert ended.err.count("@example.com") == 10
    assert "secret" not in ended.err + ended.out
    assert "hidden" not in ended.err + ended.out


def test_a_value_that_steers_a_terminal_or_is_very_long_is_shown_tamely(operator: Operator) -> None:
    rows = "a,\x1b[2Jcleared\nb," + "long" * 200
    ended = imports(operator, f"id,state\n{rows}\n".encode(), columns=("--where", "state=Opt-Out"))
    assert "\x1b" not in ended.err + ended.out
    assert "?[2Jcleared" in ended.err
    assert "long" * 11 not in ended.err


def test_a_header_without_lines_is_status_1(operator: Operator) -> None:
    ended = imports(operator, b"Consent ID,Consent Status\n")
    assert ended.status == 1
    assert ended.err == "nothing was imported: the file has no line after the header\n"


def test_enf_9_what_the_other_tool_waited_to_have_confirmed_is_an_opt_out(operator: Operator) -> None:
    states = (
        "Opt-Out",
        "Opt-Out (pending)",
        "Unconfirmed opt-out",
        "Opt-Out expired",
        "Opt-In",
        "Opt-In pending",
    )
    rows = "".join(f"y{number},{state}\n" for number, state in enumerate(states))
    ended = imports(operator, f"id,state\n{rows}".encode(), columns=("--where", "state=opt out"))
    assert (ended.status, counts(ended)) == (0, "4 imported, 0 already, 2 skipped, 0 refused")


@pytest.mark.parametrize(
    ("header", "row", "asked"),
    [
        ("request,state", "Opt-Out,Pending", ("request=Opt-Out", "state=Confirmed")),
        ("request,verified", "Opt-Out,no", ("request=Opt-Out", "verified=yes")),
    ],
)
def test_enf_9_no_column_that_asks_for_a_confirmation_keeps_an_opt_out_away(
    operator: Operator, header: str, row: str, asked: tuple[str, ...]
) -> None:
    where = [word for one in asked for word in ("--where", one)]
    ended = imports(operator, f"id,{header}\na,{row}\n".encode(), columns=(*where, "--report", "r.csv"))
    assert counts(ended) == "1 imported, 0 already, 0 skipped, 0 refused"
    assert operator.report("r.csv")[1] == [
        "2",
        "imported",
        "it was not confirmed there, and is an opt-out all the same",
    ]


def test_where_only_the_confirmation_is_named_what_is_confirmed_is_told_from_what_is_not(
    operator: Operator,
) -> None:
    ended = imports(operator, b"id,state\na,Pending\nb,Confirmed\n", columns=("--where", "state=Pending"))
    assert counts(ended) == "1 imported, 0 already, 1 skipped, 0 refused"


def test_in_our_own_layout_words_are_read_as_people_write_them(operator: Operator) -> None:
    text = "ID,Sale_Share,Sensitive\na,Opt-Out,\nb,OPT OUT (pending),Limit\nc,opt-in,\n"
    ended = imports(operator, text.encode(), columns=())
    assert counts(ended) == "2 imported, 0 already, 0 skipped, 1 refused"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the file is empty"),
        (b"\n \n;;\n", "the file is empty: it has blank lines alone"),
        (b"PK\x03\x04rest", "Excel workbook"),
        (gzip.compress(TEXT.encode(), mtime=0), "gunzip"),
        (b'[{"Consent ID": "x1"}]', "JSON"),
        (b"Consent ID,Consent Status,consent id\n", ""),
        (b"Consent ID,Consent Status,Consent ID\n", "more than one column named 'Consent ID'"),
        (b"consent id,CONSENT ID,Consent Status\n", "more than one column named 'Consent ID'"),
        (b"Id,Consent Status\n", "no column named 'Consent ID'; its columns are 'Id', 'Consent Status'"),
        (b"ann@example.com,opt-out\n", "it has 2 cells and none of the given names"),
    ],
)
def test_what_can_t_be_read_is_refused_in_words_and_records_nothing(
    operator: Operator, data: bytes, said: str
) -> None:
    ended = imports(operator, data)
    assert ended.status == 1
    assert said in ended.err
    assert "Traceback" not in ended.err
    assert "ann@example.com" not in ended.err


def test_a_folder_is_refused(operator: Operator, tmp_path: Path) -> None:
    (operator.folder / "exports").mkdir()
    assert operator.runs("exports", *ACME).err == "exports is a folder: name the export's file in it\n"


def test_bytes_in_another_encoding_are_refused_where_they_count_and_read_where_they_are_told(
    operator: Operator,
) -> None:
    text = "id,état,note\nx1,désinscrit,é\né2,désinscrit,\nx3,désa,\n"
    where = ("--where", "État=Désinscrit")
    ended = imports(operator, text.encode("windows-1252"), columns=where)
    assert counts(ended) == "1 imported, 0 already, 0 skipped, 2 refused"
    assert (
        "line 3: the id holds bytes that are not text in the assumed encoding: name the file's with --encoding"
        in ended.err
    )
    ended = imports(operator, text.encode("windows-1252"), "--encoding", "windows-1252", columns=where)
    assert counts(ended) == "1 imported, 1 already, 1 skipped, 0 refused"
    assert counts(imports(operator, text.encode(), columns=where)).startswith("0 imported, 2 already")


def test_a_last_line_that_was_cut_short_is_refused(operator: Operator) -> None:
    for cut in ("x3,Opt-O", 'x3,"Opt-O', "x3"):
        text = f"Consent ID,Consent Status\nx1,Opt-Out\n{cut}"
        ended = imports(operator, text.encode())
        assert (ended.status, ended.err.startswith("line 3: ")) == (1, True), cut
    assert counts(imports(operator, b"Consent ID,Consent Status\nx1,Opt-Out\nx3,Opt-In")) == (
        "0 imported, 1 already, 1 skipped, 0 refused"
    )


def test_times_of_other_forms_are_read_or_refused_by_line(operator: Operator) -> None:
    text = "id,sale,When\na,opt_out,1/31/2025 10:00 AM\nb,opt_out,03/04/2025\n"
    ended = imports(operator, text.encode(), columns=("--time", "when"))
    assert ended.err == (
        "line 3: the time is ambiguous: day or month first? Name its form with --time-format, such as %m/%d/%Y\n"
    )
    ended = imports(
        operator,
        b"id,sale,When\nb,opt_out,03/04/2025\n",
        "--time-format",
        "%m/%d/%Y",
        columns=("--time", "When"),
    )
    assert (ended.status, counts(ended)) == (0, "1 imported, 0 already, 0 skipped, 0 refused")


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [("--delimiter", "::", "tab"), ("--delimiter", "", "one character"), ("--encoding", "klingon", "utf-16")],
)
def test_options_that_mean_nothing_are_refused_with_what_would(
    operator: Operator, option: str, value: str, said: str
) -> None:
    ended = imports(operator, TEXT.encode(), option, value)
    assert ended.status == 2
    assert said in ended.err
