"""Lines: whether each line of a segment is one that sealing writes: canonical, about this site, in its place.

Most lines of a ledger differ in five values alone: time, entry's id, subject, commit and number. What stands
between those values is the line's shape. The first line of each shape is decoded, encoded again and compared; of
the others only the five values are looked at, all lines at once. Where that leaves any doubt, every line is
checked by itself, and what is wrong is named.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, pairwise
from operator import lt
from typing import Annotated, Final, NamedTuple

import msgspec

from consent_service.ledger import entries, segments
from consent_service.ledger.canonical import FormatNewer, NotCanonical
from consent_service.ledger.entries import Entry, EntryUnreadable
from consent_service.ledger.findings import Tampering
from consent_service.ledger.heads import Span
from consent_service.ledger.segments import Place, SegmentDamaged

_HEX: Final = b"0123456789abcdef"
_ID, _SUBJECT, _TIME = 36, 32, 10
_DASHES: Final = (8, 13, 18, 23)
_MOST_SHAPES: Final = 4_096
_BILLION: Final = b"1000000000"
"""The least time with ten digits (2001); no entry is older."""


class Fault(NamedTuple):
    """One thing wrong. `line` counts from 1; 0 is the segment as a whole."""

    line: int
    what: Tampering
    detail: str


Position = tuple[int, int]
_Parts = tuple[bytes, bytes, bytes, bytes]
_Values = tuple[bytes, bytes, bytes, bytes]
"""Of one line: its time, its entry's id, its subject, and its end from the commit on."""


class _Shape(NamedTuple):
    """What lines of one shape have in common."""

    kind: str
    shard: str


class Read(NamedTuple):
    """What the lines say. `newest`: for each kind the latest time; `oldest`: of all entries, 0 when unknown.

    `shards` and `positions` (commit, number in it) have one value for each line that could be read.
    """

    faults: list[Fault]
    shards: list[str]
    positions: list[Position]
    newest: dict[str, int]
    oldest: int


class LineReader:
    """Reads lines of one site's segments, and remembers the shapes that it has checked."""

    def __init__(self, site: str) -> None:
        self._site = site
        self._shapes: dict[_Parts, _Shape] = {}

    def read(self, lines: Sequence[bytes]) -> Read:
        """Return what the lines say, and what is wrong with them."""
        return self._together(lines) or self._one_by_one(lines)

    def _together(self, lines: Sequence[bytes]) -> Read | None:
        """Return what the lines say if all of them are as sealing writes them, else None.

        The line is cut in the loop itself: a call and a tuple for each of a million lines are half of the work.
        """
        if len(self._shapes) > _MOST_SHAPES:
            self._shapes.clear()
        known, newest, shards = self._shapes, dict[str, bytes](), list[str]()
        times, ids, subjects, ends = list[bytes](), list[bytes](), list[bytes](), list[bytes]()
        for line in lines:
            at = line.find(b'"at":', 10) + 5
            name = line.find(b'"id":"', at) + 6
            about = line.find(b'"subject":"', name) + 11
            end = line.rfind(b'",', about) + 2
            time = line[at : at + _TIME]
            parts = (line[:at], line[at + _TIME : name], line[name + _ID : about], line[about + _SUBJECT : end])
            times.append(time)
            ids.append(line[name : name + _ID])
            subjects.append(line[about : about + _SUBJECT])
            ends.append(line[end:])
            shape = known.get(parts) or self._learn(line, parts, (time, ids[-1], subjects[-1], ends[-1]))
            if shape is None:
                return None
            kind, shard = shape
            shards.append(shard)
            if kind not in newest or time > newest[kind]:
                newest[kind] = time
        positions = _positions(ends)
        if positions is None or not (_are_times(times) and _are_ids(ids) and _are_subjects(subjects)):
            return None
        latest = {kind: int(time) for kind, time in newest.items()}
        return Read([], shards, positions, latest, int(min(times, default=0)))

    def _learn(self, line: bytes, parts: _Parts, found: _Values) -> _Shape | None:
        """Remember this line's shape, if the line holds and its values are where they were looked for."""
        try:
            place, entry = self._line(line)
        except (FormatNewer, NotCanonical, SegmentDamaged, EntryUnreadable):
            return None
        end = f"{place.sequence},{place.number}]}}"
        if found != tuple(map(str.encode, (str(entry.at), entry.id, entry.subject, end))):
            return None
        self._shapes[parts] = shape = _Shape(_kind(entry), place.shard)
        return shape

    def _one_by_one(self, lines: Sequence[bytes]) -> Read:
        """Check each line by itself, and name those that are wrong."""
        faults, newest, oldest = list[Fault](), dict[str, int](), 0
        shards, positions = list[str](), list[Position]()
        for number, line in enumerate(lines, 1):
            try:
                place, entry = self._line(line)
            except FormatNewer as error:
                faults.append(Fault(number, Tampering.FORMAT_NEWER, str(error)))
            except (NotCanonical, SegmentDamaged) as error:
                faults.append(Fault(number, Tampering.NOT_CANONICAL, str(error)))
            except EntryUnreadable as error:
                faults.append(Fault(number, Tampering.ENTRY_UNFIT, str(error)))
            else:
                shards.append(place.shard)
                positions.append((place.sequence, place.number))
                newest[_kind(entry)] = max(newest.get(_kind(entry), 0), entry.at)
                oldest = min(oldest or entry.at, entry.at)
        return Read(faults, shards, positions, newest, oldest)

    def _line(self, line: bytes) -> tuple[Place, Entry]:
        """Decode one line as sealing wrote it.

        Raises SegmentDamaged, NotCanonical, FormatNewer, EntryUnreadable.
        """
        place, payload = segments.entry_at(line)
        entry = entries.decode(payload)
        entries.check(entry)
        if entry.site != self._site:
            raise EntryUnreadable(f"entry {entry.id} is of site {entry.site!r}")
        return place, entry


def misplaced(read: Read, spans: Mapping[str, Span]) -> Iterator[str]:
    """Name what contradicts a head's spans: places rise, lie in their span, and each span ends with one."""
    shards = list(spans)
    if read.shards == sorted(read.shards) and set(read.shards) == spans.keys():
        runs = {shard: slice(bisect_left(read.shards, shard), bisect_right(read.shards, shard)) for shard in shards}
        if all(_fills(read.positions[runs[shard]], spans[shard]) for shard in shards):
            return
    places = list(zip(read.shards, read.positions, strict=True))
    for earlier, later in pairwise(places):
        if later <= earlier:
            yield f"{_told(*later)} does not belong behind {_told(*earlier)}"
    for shard, position in places:
        if shard not in spans or not spans[shard].after < position[0] <= spans[shard].through:
            yield f"{_told(shard, position)} does not belong there"
    last = dict(zip(read.shards, read.positions, strict=True))
    for shard, span in spans.items():
        if last.get(shard, (0, 0))[0] < span.through:
            yield f"the head's span of {shard} ends at {span.through}, where no entry is"


def _fills(positions: Sequence[Position], span: Span) -> bool:
    """Return True if one shard's positions rise, lie in the span and end where it ends."""
    rising = all(map(lt, positions, islice(positions, 1, None)))
    return rising and span.after < positions[0][0] and positions[-1][0] == span.through


def _told(shard: str, position: Position) -> str:
    return str([shard, *position])


def _positions(ends: Sequence[bytes]) -> list[Position] | None:
    """Return commit and number from the ends of lines, `12,0]}`; None if one is anything else."""
    joined = b",[".join(ends)
    text = b"[[" + joined.replace(b"]}", b"]") + b"]"
    try:
        positions = _decoder.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    whole = len(positions) == joined.count(b"]}") == len(ends) and _encoder.encode(positions) == text
    return positions if whole else None


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


def _kind(entry: Entry) -> str:
    return str(entry.__struct_config__.tag)


_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
_decoder: Final[msgspec.json.Decoder[list[Position]]] = msgspec.json.Decoder(list[tuple[_Count, _Count]])
_encoder: Final = msgspec.json.Encoder()
