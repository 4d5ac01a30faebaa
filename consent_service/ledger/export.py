"""Export: what the archive says as JSON Lines, CSV or Parquet, by site, time and subject.

Reads whatever is there, segment by segment, and proves nothing: that is `verification`'s. What can't be read is
told by its place and left out, and the rest goes on. In a CSV no cell is taken for a formula by a spreadsheet.
Parquet needs the extra `parquet`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Annotated, Any, BinaryIO, Final, NamedTuple

import msgspec

from consent_service.errors import LedgerError, ObjectUnfit
from consent_service.ledger import canonical, object_names, segments
from consent_service.ledger.archive import Archive
from consent_service.ledger.canonical import NotCanonical, Unreadable
from consent_service.ledger.findings import MOST_LINES, Finding, Tampering
from consent_service.ledger.segments import SegmentDamaged

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_ROWS: Final = 10_000
_SUBJECT: Final = re.compile(rb'"subject":"[0-9a-f]{32}"')
COLUMNS: Final = (
    *(
        "site",
        "shard",
        "sequence",
        "number",
        "kind",
        "id",
        "subject",
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
Tell = Callable[[Finding], None]
"""Hears of what can't be read."""


class Wanted(NamedTuple):
    """Filter of entries. An empty `site` or `subject` (number in hex) matches all. Unix seconds; `until` is
    excluded.
    """

    site: str = ""
    subject: str = ""
    since: int = 0
    until: int = 2**53


_Number = Annotated[int, msgspec.Meta(ge=0, le=2**53)]  # a time or a position


class _Said(msgspec.Struct, frozen=True):
    at: _Number
    subject: str
    v: _Number = 0


def jsonl(kept: Archive, wanted: Wanted, out: BinaryIO, tell: Tell) -> int:
    """Write the line of each entry as it was sealed. Return the number of lines."""
    written = 0
    for line, _entry in _found(kept, wanted, tell):
        out.write(line + b"\n")
        written += 1
    return written


def as_csv(kept: Archive, wanted: Wanted, out: BinaryIO, tell: Tell) -> int:
    """Write a row of column names, then a row for each entry. Return the number of entries."""
    text = io.TextIOWrapper(out, "utf-8", newline="", write_through=True)
    table, written = csv.DictWriter(text, COLUMNS, lineterminator="\r\n"), 0
    table.writeheader()
    for row in _rows(kept, wanted, tell):
        table.writerow({name: _safe(value) for name, value in row.items()})
        written += 1
    text.detach()
    return written


def parquet(kept: Archive, wanted: Wanted, out: BinaryIO, tell: Tell) -> int:
    """Write the same table by column. Return the number of entries. Raises LedgerError without the extra."""
    try:
        import pyarrow as pa
        from pyarrow.parquet import ParquetWriter
    except ImportError as error:
        raise LedgerError("Parquet needs an extra: pip install 'consent-service[parquet]'") from error
    kinds = {True: pa.int64(), False: pa.string()}
    schema = pa.schema([(name, kinds[name in _NUMBERS]) for name in COLUMNS])
    rows, written = _rows(kept, wanted, tell), 0
    with ParquetWriter(out, schema) as table:
        while some := list(islice(rows, _ROWS)):
            table.write_table(pa.Table.from_pylist(some, schema))
            written += len(some)
    return written


FORMATS: Final = {"jsonl": jsonl, "csv": as_csv, "parquet": parquet}


def _rows(kept: Archive, wanted: Wanted, tell: Tell) -> Iterator[Row]:
    for _line, entry in _found(kept, wanted, tell):
        yield {name: _plain(name, entry[name]) for name in COLUMNS if name in entry}


def _found(kept: Archive, wanted: Wanted, tell: Tell) -> Iterator[tuple[bytes, Row]]:
    for name in _segments(kept.names(), wanted.site):
        try:
            data = kept.get(name)
            raw = b"" if data is None else segments.unpack(data)
        except ObjectUnfit as error:
            tell(Finding(Tampering.OBJECT_UNFIT, name, error.why))
        except SegmentDamaged as error:
            tell(Finding(Tampering.SEGMENT_DAMAGED, name, str(error)))
        else:
            yield from _within(name, raw, wanted, tell)


def _within(name: str, raw: bytes, wanted: Wanted, tell: Tell) -> Iterator[tuple[bytes, Row]]:
    subject = f'"subject":"{wanted.subject}"'.encode() if wanted.subject else b""
    damaged = 0
    for number, ended in enumerate(io.BytesIO(raw), 1):
        line = ended.removesuffix(b"\n")
        if subject not in line and _is_another_s(line):
            continue
        try:
            entry, said = _read(line)
        except (SegmentDamaged, NotCanonical) as error:
            damaged += 1
            if damaged <= MOST_LINES:
                ambiguous = isinstance(error, NotCanonical)
                what = Tampering.NOT_CANONICAL if ambiguous else Tampering.SEGMENT_DAMAGED
                tell(Finding(what, f"{name} line {number}", str(error)))
            continue
        if wanted.subject in ("", said.subject) and wanted.since <= said.at < wanted.until:
            yield line, entry
    if damaged > MOST_LINES:
        tell(Finding(Tampering.SEGMENT_DAMAGED, name, f"{damaged} lines can't be read"))


def _is_another_s(line: bytes) -> bool:
    """Return True if the line names another subject in sealing's own form, so that it need not be parsed."""
    return line.count(b'subject"') == 1 and b"\\" not in line and _SUBJECT.search(line) is not None


def _read(line: bytes) -> tuple[Row, _Said]:
    """Return an entry with its place, and the members that filters use.

    Raises SegmentDamaged for values that no column can hold, NotCanonical for bytes that two readers could read
    differently.
    """
    place, payload = segments.entry_at(line)
    try:
        said = _said.decode(payload)
        return canonical.read(payload, _members, _sorted) | place._asdict(), said
    except (Unreadable, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SegmentDamaged(f"holds an entry that can't be read: {error}") from error


_said: Final = msgspec.json.Decoder(_Said)
_members: Final = msgspec.json.Decoder(dict[str, Any])
_sorted: Final = msgspec.json.Encoder(order="sorted")


def _segments(names: Iterable[str], site: str) -> list[str]:
    return sorted(
        name for name in names if object_names.is_segment(name) and site in ("", name.partition("/")[0])
    )


def _plain(name: str, value: object) -> object:
    return value if isinstance(value, str) or name in _NUMBERS else msgspec.json.encode(value).decode()


def _safe(value: object) -> object:
    """Return the cell with an apostrophe before it if a spreadsheet would take it for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
