"""Export: what was sealed, by site, time and subject, in each form."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace
from pyarrow import parquet

from consent_service.ledger import segments
from consent_service.ledger.export import COLUMNS, FORMATS, EntryFilter
from consent_service.ledger.object_names import segment_name
from consent_service.ledger.tampering import MOST_LINES, ArchiveFault
from tests.ledger.sealed import OPT_OUT, Site, a_site, record, subject
from tests.support.clock import START

FIRST = segment_name("acme", 1)


async def filled(site: Site) -> Site:
    """Two visitors' choices, the second one's a day later."""
    await record(site.store, 1)
    await record(site.store, 2, replace(OPT_OUT, at=START + 86_400))
    await site.seal()
    return site


def exported(site: Site, form: str, wanted: EntryFilter) -> bytes:
    out = io.BytesIO()
    FORMATS[form](site.archive, wanted, out, _never)
    return out.getvalue()


def _never(finding: ArchiveFault) -> None:
    raise AssertionError(finding)


def told(site: Site, form: str) -> tuple[bytes, list[str]]:
    """Return the entries that are exported all the same, and the findings."""
    out, findings = io.BytesIO(), list[ArchiveFault]()
    FORMATS[form](site.archive, EntryFilter(), out, findings.append)
    return out.getvalue(), [str(finding) for finding in findings]


@pytest.mark.parametrize(
    ("wanted", "visitors"),
    [
        (EntryFilter(), [1, 2]),
        (EntryFilter(site="acme"), [1, 2]),
        (EntryFilter(site="other"), []),
        (EntryFilter(subject=subject(2).hex()), [2]),
        (EntryFilter(since=START + 1), [2]),
        (EntryFilter(until=START + 86_400), [1]),
    ],
)
async def test_each_form_holds_what_was_asked_for(
    tmp_path: Path, wanted: EntryFilter, visitors: list[int]
) -> None:
    async with a_site(tmp_path) as site:
        await filled(site)
        expected = sorted(subject(number).hex() for number in visitors)
        lines = exported(site, "jsonl", wanted).splitlines()
        assert len(lines) == len(visitors)
        rows = list(csv.DictReader(io.StringIO(exported(site, "csv", wanted).decode())))
        assert sorted(row["subject"] for row in rows) == expected
        table = parquet.read_table(io.BytesIO(exported(site, "parquet", wanted)))
        assert sorted(table.column("subject").to_pylist()) == expected
        assert table.column_names == list(COLUMNS)


async def test_json_lines_are_the_sealed_bytes(tmp_path: Path) -> None:
    async with a_site(tmp_path) as site:
        lines = exported(await filled(site), "jsonl", EntryFilter()).splitlines()
        assert all(line.startswith(b'{"entry":{"at":') for line in lines)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
async def test_no_cell_is_a_formula(tmp_path: Path, start: str) -> None:
    async with a_site(tmp_path) as site:
        await record(site.store, 1, notice=f"{start}cmd|' /C calc'!A0")
        await site.seal()
        (row,) = csv.DictReader(io.StringIO(exported(site, "csv", EntryFilter()).decode(), newline=""))
        assert row["notice"] == f"'{start}cmd|' /C calc'!A0"


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "damage",
    [
        lambda line: b"",
        lambda line: b"no JSON",
        lambda line: b"\xff" + line,
        lambda line: line[:-30],
        lambda line: b" " + line,
        lambda line: line.replace(b'"at":', b'"at":"now","was":'),
        lambda line: line.replace(b'"at":', b'"at":9999999999999999999,"was":'),
        lambda line: line.replace(b'"method":"', b'"method":"\xff'),
        lambda line: line.replace(b'"subject":', b'"nobody":'),
        lambda line: line.replace(b'{"entry":', b'{"entry":' + b"[" * 100_000),
    ],
    ids=[
        "empty",
        "no JSON",
        "no text",
        "cut off",
        "not canonical",
        "no time",
        "no such time",
        "no letters",
        "no visitor",
        "nested",
    ],
)
async def test_a_damaged_line_is_told_and_the_others_are_exported(
    tmp_path: Path, form: str, damage: Callable[[bytes], bytes]
) -> None:
    async with a_site(tmp_path, [3]) as site:
        site.relined(FIRST, lambda lines: [lines[0], damage(lines[1]), lines[2]])
        data, (finding,) = told(site, form)
        assert finding.startswith(f"segment-damaged: {FIRST} line 2: holds a")
        if form == "jsonl":
            assert len(data.splitlines()) == 2


async def test_a_member_that_is_no_word_is_exported_as_its_json(tmp_path: Path) -> None:
    async with a_site(tmp_path, [1]) as site:
        site.relined(FIRST, lambda lines: [lines[0].replace(b'"method":"banner"', b'"method":[1]')])
        table = parquet.read_table(io.BytesIO(exported(site, "parquet", EntryFilter())))
        assert table.column("method").to_pylist() == ["[1]"]


async def test_what_is_no_segment_is_told_and_the_others_are_exported(tmp_path: Path) -> None:
    async with a_site(tmp_path, [3, 2, 4, 2]) as site:
        raw = segments.unpack(site.objects()[FIRST])
        site.archive.put(FIRST, raw)
        site.archive.put(segment_name("acme", 2), site.objects()[segment_name("acme", 2)][:-9])
        (site.folder / segment_name("acme", 3)).unlink()
        (site.folder / segment_name("acme", 3)).symlink_to("/dev/zero")
        data, findings = told(site, "jsonl")
        assert [finding.partition(": ")[0] for finding in findings] == [
            *("segment-damaged", "segment-damaged", "object-unfit"),
        ]
        assert f"{FIRST}: can't be decompressed" in findings[0]
        assert len(data.splitlines()) == 2


async def test_a_segment_of_rubbish_is_told_in_a_few_lines(tmp_path: Path) -> None:
    async with a_site(tmp_path, [1]) as site:
        site.relined(FIRST, lambda lines: [b"rubbish"] * 5_000)
        _, findings = told(site, "jsonl")
        assert len(findings) == MOST_LINES + 1
        assert findings[-1] == f"segment-damaged: {FIRST}: 5000 lines can't be read"
