"""Export: what the archive says as JSON Lines, CSV or Parquet, by site, time and subject.

Reads whatever is there, segment by segment, and checks nothing: that is `verification`'s. In a CSV no cell is
taken for a formula by a spreadsheet. Parquet needs the extra `parquet`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, BinaryIO, Final, NamedTuple

import msgspec

from consent_service.errors import LedgerError
from consent_service.ledger import archive, segments
from consent_service.ledger.archive import Archive

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_ROWS: Final = 10_000
COLUMNS: Final = (
    *(
        "site",
        "shard",
        "sequence",
        "number",
        "kind",
        "id",
        "visitor",
        "at",
        "method",
        "step",
        "sale",
        "share",
    ),
    *("sensitive", "age", "incentive", "sources", "device", "notice", "lang", "made_at", "standing", "v"),
)
"""Every member of an entry, behind where it stands; what is no plain word or number is JSON."""
_NUMBERS: Final = frozenset({"sequence", "number", "at", "v"})

Row = Mapping[str, object]


class Wanted(NamedTuple):
    """Which entries: an empty `site` or `subject` (a visitor's id in hex) is all. Unix seconds, without `until`."""

    site: str = ""
    subject: str = ""
    since: int = 0
    until: int = 2**53


def jsonl(kept: Archive, wanted: Wanted, out: BinaryIO) -> int:
    """Each entry's line as it was sealed; how many there were."""
    written = 0
    for line, _place, _entry in _found(kept, wanted):
        out.write(line + b"\n")
        written += 1
    return written


def as_csv(kept: Archive, wanted: Wanted, out: BinaryIO) -> int:
    """One row for each entry, behind a row of names."""
    text = io.TextIOWrapper(out, "utf-8", newline="", write_through=True)
    table, written = csv.DictWriter(text, COLUMNS, lineterminator="\r\n"), 0
    table.writeheader()
    for row in _rows(kept, wanted):
        table.writerow({name: _safe(value) for name, value in row.items()})
        written += 1
    text.detach()
    return written


def parquet(kept: Archive, wanted: Wanted, out: BinaryIO) -> int:
    """The same table, by column. Raises LedgerError without the extra."""
    try:
        import pyarrow as pa
        from pyarrow.parquet import ParquetWriter
    except ImportError as error:
        raise LedgerError("Parquet needs an extra: pip install 'consent-service[parquet]'") from error
    kinds = {True: pa.int64(), False: pa.string()}
    schema = pa.schema([(name, kinds[name in _NUMBERS]) for name in COLUMNS])
    rows, written = _rows(kept, wanted), 0
    with ParquetWriter(out, schema) as table:
        while some := list(islice(rows, _ROWS)):
            table.write_table(pa.Table.from_pylist(some, schema))
            written += len(some)
    return written


FORMATS: Final = {"jsonl": jsonl, "csv": as_csv, "parquet": parquet}


def _rows(kept: Archive, wanted: Wanted) -> Iterator[Row]:
    for _line, place, entry in _found(kept, wanted):
        plain = {name: value for name, value in entry.items() if name in COLUMNS}
        yield {name: _plain(value) for name, value in {**place._asdict(), **plain}.items()}


def _found(kept: Archive, wanted: Wanted) -> Iterator[tuple[bytes, segments.Place, dict[str, Any]]]:
    subject = f'"visitor":"{wanted.subject}"'.encode() if wanted.subject else b""
    for line in _lines(kept, wanted.site):
        if subject in line:  # most lines are somebody else's: they need not be read
            place, payload = segments.entry_at(line)
            entry = msgspec.json.decode(payload)
            named = not wanted.subject or entry["visitor"] == wanted.subject
            if named and wanted.since <= entry["at"] < wanted.until:
                yield line, place, entry


def _lines(kept: Archive, site: str) -> Iterator[bytes]:
    for name in _segments(kept.names(), site):
        data = kept.get(name)
        if data is not None:
            yield from (line.removesuffix(b"\n") for line in io.BytesIO(segments.unpack(data)))


def _segments(names: Iterable[str], site: str) -> list[str]:
    return sorted(name for name in names if archive.is_segment(name) and site in ("", name.partition("/")[0]))


def _plain(value: object) -> object:
    return value if isinstance(value, (str, int)) else msgspec.json.encode(value).decode()


def _safe(value: object) -> object:
    """A cell that begins like a formula is text to a spreadsheet behind an apostrophe."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
