"""Lines of a segment: each must be one that sealing writes, canonical and about this site.

Most lines of a ledger differ in five values only: time, entry's id, subject, commit and number. The text
between those values is the line's shape. The first line of each shape is decoded, encoded again and compared.
Of the others only the five values are checked, all lines at once. If that leaves any doubt, every line is
checked by itself, and the wrong ones are named.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, NamedTuple

import msgspec

from consent_service.ledger import entries, entry_check, segments
from consent_service.ledger.canonical import FormatNewer, NotCanonical
from consent_service.ledger.entries import Entry, EntryUnreadable
from consent_service.ledger.segments import EntryPlace, SegmentDamaged
from consent_service.ledger.span_check import LogPosition
from consent_service.ledger.tampering import Tampering

_HEX: Final = b"0123456789abcdef"
_ID, _SUBJECT, _TIME = 36, 32, 10
_DASHES: Final = (8, 13, 18, 23)
_MADE_AT: Final = re.compile(rb'(?<="made_at":")[0-9T:.Z+-]+(?=")')
"""The visitor's own clock: any text, and another one in every line that has it."""
_MOST_SHAPES: Final = 4_096
_BILLION: Final = b"1000000000"
"""The least time with ten digits (2001); no entry is older."""


class LineFault(NamedTuple):
    """One thing wrong with a line; `line` counts from 1."""

    line: int
    what: Tampering
    detail: str


_Parts = tuple[bytes, bytes, bytes, bytes]


@dataclass(frozen=True, slots=True, eq=False)
class _Shape:
    """Common part of lines of one shape. Each shape is one object, compared by identity."""

    kind: str
    shard: str


class _Offsets(NamedTuple):
    """Offsets in a line: of its time, its entry's id, its subject, and its end from the commit on."""

    time: int
    name: int
    about: int
    end: int


class _Cut(NamedTuple):
    """For each line: its time, its entry's id, its subject, its end from the commit on, and its shape."""

    times: list[bytes]
    ids: list[bytes]
    subjects: list[bytes]
    ends: list[bytes]
    shapes: list[_Shape]


class LineValues(NamedTuple):
    """Values of the lines.

    `newest`: latest time by kind. `oldest`: of all entries, 0 if unknown. `shards` and `positions` (commit,
    number in it) have one value for each readable line.
    """

    faults: list[LineFault]
    shards: list[str]
    positions: list[LogPosition]
    newest: dict[str, int]
    oldest: int


class LineReader:
    """Reader of one site's segments. It remembers the shapes that it has checked."""

    def __init__(self, site: str) -> None:
        self._site = site
        self._shapes: dict[_Parts, _Shape] = {}

    def read(self, lines: Sequence[bytes]) -> LineValues:
        """Return the values of the lines, and their faults."""
        return self._read_together(lines) or self._read_one_by_one(lines)

    def _read_together(self, lines: Sequence[bytes]) -> LineValues | None:
        """Return the values of the lines if all of them are as sealing writes them, else None."""
        if len(self._shapes) > _MOST_SHAPES:
            self._shapes.clear()
        cut = self._cut_lines(lines)
        if cut is None:
            return None
        positions = _decode_positions(cut.ends)
        if positions is None or not (
            _are_times(cut.times) and _are_ids(cut.ids) and _are_subjects(cut.subjects)
        ):
            return None
        oldest = int(min(cut.times, default=0))
        return LineValues([], [shape.shard for shape in cut.shapes], positions, _newest_by_kind(cut), oldest)

    def _cut_lines(self, lines: Sequence[bytes]) -> _Cut | None:
        """Cut each line into its shape, which must be known or hold, and its values: both are the whole line.

        All in one loop, which looks for nothing where the line before has it: a million lines come by.
        """
        cut = _Cut([], [], [], [], [])
        add = (cut.times.append, cut.ids.append, cut.subjects.append, cut.ends.append, cut.shapes.append)
        add_time, add_id, add_subject, add_end, add_shape = add
        first = second = third = last = b"\0"  # no line has a zero byte
        time = past_time = name = past_name = about = past_about = 0
        shape: _Shape | None = None
        for line in lines:
            if not line.startswith(first):
                time = line.find(b'"at":', 10) + 5
                first, past_time, shape = line[:time], time + _TIME, None
            if shape is None or not (
                line.startswith(second, past_time) and line.startswith(third, past_name)
            ):
                name = line.find(b'"id":"', past_time) + 6
                past_name = name + _ID
                about = line.find(b'"subject":"', past_name) + 11
                second, third = line[past_time:name], line[past_name:about]
                past_about, shape = about + _SUBJECT, None
            if not line.startswith(last, past_about):
                last, shape = line[past_about : line.rfind(b'",', past_about) + 2], None
            end = past_about + len(last)
            if shape is None:
                parts = (first, second, third, last)
                shape = self._shapes.get(parts) or self._learn_shape(
                    parts, line, _Offsets(time, name, about, end)
                )
                if shape is None:
                    return None
            add_time(line[time:past_time])
            add_id(line[name:past_name])
            add_subject(line[about:past_about])
            add_end(line[end:])
            add_shape(shape)
        return cut

    def _learn_shape(self, parts: _Parts, line: bytes, at: _Offsets) -> _Shape | None:
        """Return this line's shape if the line holds and its values lie at these places.

        It is remembered, but for the visitor's own clock in it, which is another one in every line.
        """
        first, second, third, last = parts
        undated = (first, second, _MADE_AT.sub(b"", third), last)
        if (shape_before := self._shapes.get(undated)) is not None:
            return shape_before
        try:
            place, entry = self._decode_line(line)
        except (FormatNewer, NotCanonical, SegmentDamaged, EntryUnreadable):
            return None
        values = (line[at.time :][:_TIME], line[at.name :][:_ID], line[at.about :][:_SUBJECT], line[at.end :])
        decoded = (str(entry.at), entry.id, entry.subject, f"{place.sequence},{place.number}]}}")
        if values != tuple(map(str.encode, decoded)):
            return None
        shape = self._shapes[undated] = _Shape(_kind_of(entry), place.shard)
        return shape

    def _read_one_by_one(self, lines: Sequence[bytes]) -> LineValues:
        """Check each line by itself, and name those that are wrong."""
        faults, newest, oldest = list[LineFault](), dict[str, int](), 0
        shards, positions = list[str](), list[LogPosition]()
        for number, line in enumerate(lines, 1):
            try:
                place, entry = self._decode_line(line)
            except FormatNewer as error:
                faults.append(LineFault(number, Tampering.FORMAT_NEWER, str(error)))
            except (NotCanonical, SegmentDamaged) as error:
                faults.append(LineFault(number, Tampering.NOT_CANONICAL, str(error)))
            except EntryUnreadable as error:
                faults.append(LineFault(number, Tampering.ENTRY_UNFIT, str(error)))
            else:
                shards.append(place.shard)
                positions.append((place.sequence, place.number))
                newest[_kind_of(entry)] = max(newest.get(_kind_of(entry), 0), entry.at)
                oldest = min(oldest or entry.at, entry.at)
        return LineValues(faults, shards, positions, newest, oldest)

    def _decode_line(self, line: bytes) -> tuple[EntryPlace, Entry]:
        """Decode one line as sealing wrote it.

        Raises SegmentDamaged, NotCanonical, FormatNewer, EntryUnreadable.
        """
        place, payload = segments.entry_at(line)
        entry = entries.decode(payload)
        entry_check.check_entry(entry)
        if entry.site != self._site:
            raise EntryUnreadable(f"entry {entry.id} is of site {entry.site!r}")
        return place, entry


def _decode_positions(ends: Sequence[bytes]) -> list[LogPosition] | None:
    """Return commit and number from the ends of lines, `12,0]}`; None if one is anything else."""
    joined = b",[".join(ends)
    text = b"[[" + joined.replace(b"]}", b"]") + b"]"
    try:
        positions = _decoder.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    whole = len(positions) == joined.count(b"]}") == len(ends) and _encoder.encode(positions) == text
    return positions if whole else None


def _newest_by_kind(cut: _Cut) -> dict[str, int]:
    """Return for each kind its latest time."""
    if len(kinds := {shape.kind for shape in set(cut.shapes)}) == 1:
        return {kinds.pop(): int(max(cut.times))}
    newest = dict[str, bytes]()
    for shape, time in zip(cut.shapes, cut.times, strict=True):
        if time > newest.get(shape.kind, b""):
            newest[shape.kind] = time
    return {kind: int(time) for kind, time in newest.items()}


def _are_times(times: Sequence[bytes]) -> bool:
    joined = b"".join(times)
    return len(joined) == _TIME * len(times) and joined.isdigit() and min(times) >= _BILLION


def _are_ids(ids: Sequence[bytes]) -> bool:
    joined = b"".join(ids)
    dashes = all(joined[at::_ID] == b"-" * len(ids) for at in _DASHES)
    return dashes and joined.count(b"-") == len(_DASHES) * len(ids) and _are_hex(joined, _ID * len(ids), b"-")


def _are_subjects(subjects: Sequence[bytes]) -> bool:
    return _are_hex(b"".join(subjects), _SUBJECT * len(subjects))


def _are_hex(joined: bytes, length: int, besides: bytes = b"") -> bool:
    return len(joined) == length and not joined.translate(None, _HEX + besides)


def _kind_of(entry: Entry) -> str:
    return str(entry.__struct_config__.tag)


_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
_decoder: Final[msgspec.json.Decoder[list[LogPosition]]] = msgspec.json.Decoder(list[tuple[_Count, _Count]])
_encoder: Final = msgspec.json.Encoder()
