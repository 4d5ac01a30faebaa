"""Export: the archive's entries as JSON Lines, CSV or Parquet, by site, time and subject.

Reads segment by segment, and proves nothing: that is `verification`'s work. A part that can't be read is
reported by its place and left out; the rest is exported. A CSV cell that a spreadsheet would take for a
formula gets an apostrophe. Parquet needs the extra `parquet`.
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
from consent_service.ledger.segments import SegmentDamaged
from consent_service.ledger.tampering import MOST_LINES, ArchiveFault, Tampering

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
Tell = Callable[[ArchiveFault], None]
"""Hears of what can't be read."""


class EntryFilter(NamedTuple):
    """Filter of entries. An empty `site` or `subject` (number in hex) matches all. Unix seconds; `until` is
    excluded.
    """

    site: str = ""
    subject: str = ""
    since: int = 0
    until: int = 2**53


_Number = Annotated[int, msgspec.Meta(ge=0, le=2**53)]  # a time or a position


class _FilterValues(msgspec.Struct, frozen=True):
    at: _Number
    subject: str
    v: _Number = 0


def write_jsonl(archive: Archive, chosen: EntryFilter, out: BinaryIO, tell: Tell) -> int:
    """Write the line of each entry as it was sealed. Return the number of lines."""
    written = 0
    for line, _entry in _matching_entries(archive, chosen, tell):
        out.write(line + b"\n")
        written += 1
    return written


def write_csv(archive: Archive, chosen: EntryFilter, out: BinaryIO, tell: Tell) -> int:
    """Write a row of column names, then a row for each entry. Return the number of entries."""
    text = io.TextIOWrapper(out, "utf-8", newline="", write_through=True)
    table, written = csv.DictWriter(text, COLUMNS, lineterminator="\r\n"), 0
    table.writeheader()
    for row in _table_rows(archive, chosen, tell):
        table.writerow({name: _safe_cell(value) for name, value in row.items()})
        written += 1
    text.detach()
    return written


def write_parquet(archive: Archive, chosen: EntryFilter, out: BinaryIO, tell: Tell) -> int:
    """Write the same table by column. Return the number of entries. Raises LedgerError without the extra."""
    try:
        import pyarrow as pa
        from pyarrow.parquet import ParquetWriter
    except ImportError as error:
        raise LedgerError("Parquet needs an extra: pip install 'consent-service[parquet]'") from error
    kinds = {True: pa.int64(), False: pa.string()}
    schema = pa.schema([(name, kinds[name in _NUMBERS]) for name in COLUMNS])
    rows, written = _table_rows(archive, chosen, tell), 0
    with ParquetWriter(out, schema) as table:
        while batch := list(islice(rows, _ROWS)):
            table.write_table(pa.Table.from_pylist(batch, schema))
            written += len(batch)
    return written


FORMATS: Final = {"jsonl": write_jsonl, "csv": write_csv, "parquet": write_parquet}


def _table_rows(archive: Archive, chosen: EntryFilter, tell: Tell) -> Iterator[Row]:
    for _line, entry in _matching_entries(archive, chosen, tell):
        yield {name: _cell_value(name, entry[name]) for name in COLUMNS if name in entry}


def _matching_entries(archive: Archive, chosen: EntryFilter, tell: Tell) -> Iterator[tuple[bytes, Row]]:
    for name in _segment_names(archive.names(), chosen.site):
        try:
            data = archive.get(name)
            raw = b"" if data is None else segments.unpack(data)
        except ObjectUnfit as error:
            tell(ArchiveFault(Tampering.OBJECT_UNFIT, name, error.why))
        except SegmentDamaged as error:
            tell(ArchiveFault(Tampering.SEGMENT_DAMAGED, name, str(error)))
        else:
            yield from _matching_lines(name, raw, chosen, tell)


def _matching_lines(name: str, raw: bytes, chosen: EntryFilter, tell: Tell) -> Iterator[tuple[bytes, Row]]:
    subject = f'"subject":"{chosen.subject}"'.encode() if chosen.subject else b""
    damaged = 0
    for number, ended in enumerate(io.BytesIO(raw), 1):
        line = ended.removesuffix(b"\n")
        if subject not in line and _is_of_another_subject(line):
            continue
        try:
            entry, values = _read_line(line)
        except (SegmentDamaged, NotCanonical) as error:
            damaged += 1
            if damaged <= MOST_LINES:
                ambiguous = isinstance(error, NotCanonical)
                what = Tampering.NOT_CANONICAL if ambiguous else Tampering.SEGMENT_DAMAGED
                tell(ArchiveFault(what, f"{name} line {number}", str(error)))
            continue
        if chosen.subject in ("", values.subject) and chosen.since <= values.at < chosen.until:
            yield line, entry
    if damaged > MOST_LINES:
        tell(ArchiveFault(Tampering.SEGMENT_DAMAGED, name, f"{damaged} lines can't be read"))


def _is_of_another_subject(line: bytes) -> bool:
    """Return True if the line names another subject in sealing's own form, so that it need not be parsed."""
    return line.count(b'subject"') == 1 and b"\\" not in line and _SUBJECT.search(line) is not None


def _read_line(line: bytes) -> tuple[Row, _FilterValues]:
    """Return an entry with its place, and the members that filters use.

    Raises SegmentDamaged for values that no column can hold, NotCanonical for bytes that two readers could read
    differently.
    """
    place, payload = segments.entry_at(line)
    try:
        values = _filter_decoder.decode(payload)
        return canonical.read(payload, _members, _sorted) | place._asdict(), values
    except (Unreadable, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SegmentDamaged(f"holds an entry that can't be read: {error}") from error


_filter_decoder: Final = msgspec.json.Decoder(_FilterValues)
_members: Final = msgspec.json.Decoder(dict[str, Any])
_sorted: Final = msgspec.json.Encoder(order="sorted")


def _segment_names(names: Iterable[str], site: str) -> list[str]:
    return sorted(
        name for name in names if object_names.is_segment(name) and site in ("", name.partition("/")[0])
    )


def _cell_value(name: str, value: object) -> object:
    return value if isinstance(value, str) or name in _NUMBERS else msgspec.json.encode(value).decode()


def _safe_cell(value: object) -> object:
    """Return the cell with an apostrophe before it if a spreadsheet would take it for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
