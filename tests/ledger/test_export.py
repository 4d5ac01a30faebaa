"""Export: what was sealed, by site, time and subject, in each form."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from msgspec.structs import replace
from pyarrow import parquet

from consent_service.ledger.export import COLUMNS, FORMATS, Wanted
from tests.ledger.sealed import OPT_OUT, Site, a_site, record, visitor
from tests.running import START


async def filled(site: Site) -> Site:
    """Two visitors' choices, the second one's a day later."""
    await record(site.store, 1)
    await record(site.store, 2, replace(OPT_OUT, at=START + 86_400))
    await site.seal()
    return site


def exported(site: Site, form: str, wanted: Wanted) -> bytes:
    out = io.BytesIO()
    FORMATS[form](site.archive, wanted, out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("wanted", "visitors"),
    [
        (Wanted(), [1, 2]),
        (Wanted(site="acme"), [1, 2]),
        (Wanted(site="other"), []),
        (Wanted(subject=visitor(2).hex()), [2]),
        (Wanted(since=START + 1), [2]),
        (Wanted(until=START + 86_400), [1]),
    ],
)
async def test_each_form_holds_what_was_asked_for(
    tmp_path: Path, wanted: Wanted, visitors: list[int]
) -> None:
    async with a_site(tmp_path) as site:
        await filled(site)
        expected = sorted(visitor(number).hex() for number in visitors)
        lines = exported(site, "jsonl", wanted).splitlines()
        assert len(lines) == len(visitors)
        rows = list(csv.DictReader(io.StringIO(exported(site, "csv", wanted).decode())))
        assert sorted(row["visitor"] for row in rows) == expected
        table = parquet.read_table(io.BytesIO(exported(site, "parquet", wanted)))
        assert sorted(table.column("visitor").to_pylist()) == expected
        assert table.column_names == list(COLUMNS)


async def test_json_lines_are_the_sealed_bytes(tmp_path: Path) -> None:
    async with a_site(tmp_path) as site:
        lines = exported(await filled(site), "jsonl", Wanted()).splitlines()
        assert all(line.startswith(b'{"entry":{"at":') for line in lines)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
async def test_no_cell_is_a_formula(tmp_path: Path, start: str) -> None:
    async with a_site(tmp_path) as site:
        await record(site.store, 1, notice=f"{start}cmd|' /C calc'!A0")
        await site.seal()
        (row,) = csv.DictReader(io.StringIO(exported(site, "csv", Wanted()).decode(), newline=""))
        assert row["notice"] == f"'{start}cmd|' /C calc'!A0"
