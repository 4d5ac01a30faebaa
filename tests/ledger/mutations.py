"""Mutations of an archive: of JSON, member by member; of bytes; of files. And whoever holds the key seals them in."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any, NamedTuple

from obstore.store import MemoryStore

from consent_service.identity.signatures import Signed, Statement, StatementSigner
from consent_service.ledger import segments, tree
from consent_service.ledger.archive import ObjectArchive
from consent_service.ledger.checkpoints import digest_of, open_checkpoint
from consent_service.ledger.object_names import anchor_name, checkpoint_name, marks_name, segment_name

Objects = Mapping[str, bytes]


class Mutation(NamedTuple):
    """One change of an archive: what was done, and the whole archive after it."""

    name: str
    objects: dict[str, bytes]


class _Members(list[tuple[str, Any]]):
    """An object's members in order, also those that stand twice."""


class _Token(str):
    """JSON as it is written."""

    __slots__ = ()


def archive_of(objects: Objects) -> ObjectArchive:
    """The objects in a store of objects."""
    kept = ObjectArchive(MemoryStore(), "memory://")
    for name, data in objects.items():
        kept.put(name, data)
    return kept


def of_json(text: str) -> Iterator[tuple[str, str]]:
    """The text with each member, at any depth, doubled, added, taken out, moved, renamed, retyped or rewritten."""
    for path in _paths(json.loads(text, object_pairs_hook=_Members)):
        for kind, change in _CHANGES.items():
            whole = json.loads(text, object_pairs_hook=_Members)
            where: Any = whole
            for step in path[:-1]:
                where = where[step][1] if isinstance(where, _Members) else where[step]
            change(where, path[-1])
            changed = _written(whole)
            if changed != text:
                yield f"{kind} {'.'.join(map(str, path))}", changed
    yield "white space before", " " + text
    yield "line end behind", text + "\n"
    yield "carriage return behind", text + "\r\n"
    yield "byte order mark", "\ufeff" + text
    yield "second value", text + "{}"
    yield "deep", '{"x":' + "[" * 100_000 + "]" * 100_000 + "," + text[1:]
    yield "no object", "[]"
    yield "not a number", "NaN"


def of_bytes(data: bytes, every: int) -> Iterator[tuple[str, bytes]]:
    """The bytes with one flipped every so often, cut off, added to, or gone."""
    for at in {*range(0, len(data), every), *range(min(24, len(data))), len(data) - 1}:
        for mask in (0x01, 0x20, 0x80):
            yield f"byte {at} ^ {mask}", data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]
    for size in (0, 1, len(data) // 2, len(data) - 1):
        yield f"cut to {size}", data[:size]
    for more in (b"\n", b"\r\n", b" ", b"\0", b"x", data):
        yield f"with {more[:2]!r} behind", data + more
        yield f"with {more[:2]!r} before", more + data
    yield "with a byte order mark", b"\xef\xbb\xbf" + data


def of_files(objects: Objects) -> Iterator[Mutation]:
    """Each file taken away, renamed, put a second time, or in another's place."""
    for name in objects:
        rest = {other: data for other, data in objects.items() if other != name}
        folder, _, last = name.rpartition("/")
        yield Mutation(f"{name} gone", rest)
        for fresh in (
            f"{folder}/9{last[1:]}",
            f"{folder}/{last}.bak",
            f"other/{last}",
            last,
            f"{folder}/{last[1:]}",
        ):
            yield Mutation(f"{name} as {fresh}", rest | {fresh: objects[name]})
            yield Mutation(f"{name} also as {fresh}", {**objects, fresh: objects[name]})
        for other in objects:
            if other > name and objects[other] != objects[name]:
                swapped = {name: objects[other], other: objects[name]}
                yield Mutation(f"{name} and {other} swapped", {**objects, **swapped})
                yield Mutation(f"{other} over {name}", {**objects, name: objects[other]})


def resealed(
    objects: Objects, signer: StatementSigner, site: str, number: int, text: str
) -> dict[str, bytes]:
    """The archive with this text as a checkpoint, and all behind it chained to it again, by whoever holds the key."""
    changed = dict(objects)
    changed[checkpoint_name(site, number)] = _signed(signer, Statement.CHECKPOINT, text)
    before = text
    for later in count(number + 1):
        if checkpoint_name(site, later) not in changed:
            return _anchored(changed, signer, site)
        said = json.loads(json.loads(changed[checkpoint_name(site, later)])["text"])
        said["previous"] = segments.digest_of(before.encode())
        before = json.dumps(said, sort_keys=True, separators=(",", ":"))
        changed[checkpoint_name(site, later)] = _signed(signer, Statement.CHECKPOINT, before)
    raise AssertionError


def reanchored(
    objects: Objects, signer: StatementSigner, site: str, number: int, text: str
) -> dict[str, bytes]:
    """The archive with this text as an anchor, by whoever holds the key."""
    return {**objects, anchor_name(site, number): _signed(signer, Statement.ANCHOR, text)}


def relined(
    objects: Objects,
    signer: StatementSigner,
    site: str,
    number: int,
    change: Callable[[list[bytes]], list[bytes]],
) -> dict[str, bytes]:
    """The archive with other lines in a segment, sealed again by whoever holds the key."""
    lines = change(segments.split(segments.unpack(objects[segment_name(site, number)])))
    return resegmented(objects, signer, site, number, b"".join(line + b"\n" for line in lines))


def resegmented(
    objects: Objects, signer: StatementSigner, site: str, number: int, raw: bytes
) -> dict[str, bytes]:
    """The archive with other bytes in a segment, sealed again by whoever holds the key."""
    leaves = tree.leaf_hashes(segments.split(raw))
    marks = segments.marks_of(leaves)
    changed = {
        **objects,
        segment_name(site, number): gzip.compress(raw, mtime=0),
        marks_name(site, number): marks,
    }
    said = json.loads(text_of(objects[checkpoint_name(site, number)]))
    said |= {
        "digest": segments.digest_of(raw),
        "root": tree.root_of(leaves).hex(),
        "marks": segments.digest_of(marks),
        "entries": len(leaves),
    }
    return resealed(changed, signer, site, number, json.dumps(said, sort_keys=True, separators=(",", ":")))


def text_of(data: bytes) -> str:
    """Return the text that is signed in a checkpoint or an anchor."""
    return str(json.loads(data)["text"])


def _anchored(objects: dict[str, bytes], signer: StatementSigner, site: str) -> dict[str, bytes]:
    """Each anchor names its checkpoint's digest again, as far as there is one."""
    for number in range(1, 100):
        name = anchor_name(site, number)
        if name not in objects:
            continue
        said = json.loads(text_of(objects[name]))
        try:
            said["head"] = digest_of(open_checkpoint(objects[checkpoint_name(site, number)], None))
        except Exception:  # the checkpoint is what was mutated
            continue
        objects[name] = _signed(
            signer, Statement.ANCHOR, json.dumps(said, sort_keys=True, separators=(",", ":"))
        )
    return objects


def _signed(signer: StatementSigner, statement: Statement, text: str) -> bytes:
    signed: Signed = signer.sign(statement, text)
    said = {"text": signed.text, "key": signed.key, "signature": signed.signature}
    return json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode()


def _paths(value: Any, path: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    if isinstance(value, list):
        for at, member in enumerate(value):
            yield (*path, at)
            yield from _paths(member[1] if isinstance(value, _Members) else member, (*path, at))


def _value(where: Any, at: int) -> Any:
    return where[at][1] if isinstance(where, _Members) else where[at]


def _put(where: Any, at: int, value: Any) -> None:
    where[at] = (where[at][0], value) if isinstance(where, _Members) else value


def _as_float(where: Any, at: int) -> None:
    value = _value(where, at)
    if isinstance(value, int):
        _put(where, at, _Token(f"{value}.0"))


def _as_exponent(where: Any, at: int) -> None:
    value = _value(where, at)
    if isinstance(value, int):
        _put(where, at, _Token(f"{value}e0"))


def _escaped(where: Any, at: int) -> None:
    value = _value(where, at)
    if isinstance(value, str) and value:
        _put(where, at, _Token(f'"\\u{ord(value[0]):04x}{json.dumps(value[1:])[1:]}'))


def _rename(where: Any, at: int) -> None:
    if isinstance(where, _Members):
        where[at] = (where[at][0] + "x", where[at][1])


def _escape_name(where: Any, at: int) -> None:
    if isinstance(where, _Members):
        where[at] = (_Token(f"\\u{ord(where[at][0][0]):04x}{where[at][0][1:]}"), where[at][1])


def _add(name: str) -> Callable[[Any, int], None]:
    return lambda where, at: where.insert(at, (name, 1) if isinstance(where, _Members) else 1)


def _double(where: Any, at: int) -> None:
    where.insert(at, where[at])


def _double_otherwise(where: Any, at: int) -> None:
    where.insert(at, (where[at][0], None) if isinstance(where, _Members) else None)


def _move(where: Any, at: int) -> None:
    if len(where) > 1:
        where[at], where[at - 1] = where[at - 1], where[at]


_CHANGES: Mapping[str, Callable[[Any, int], None]] = {
    "doubled": _double,
    "doubled, the first one null": _double_otherwise,
    "taken out": lambda where, at: where.pop(at),
    "moved": _move,
    "renamed": _rename,
    "name escaped": _escape_name,
    "added before": _add("a"),
    "added behind": lambda where, at: where.insert(at + 1, ("zz", 1) if isinstance(where, _Members) else 1),
    "null": lambda where, at: _put(where, at, None),
    "a list": lambda where, at: _put(where, at, [_value(where, at)]),
    "a number as text, or text as a number": lambda where, at: _put(
        where, at, str(_value(where, at)) if isinstance(_value(where, at), int) else 7
    ),
    "true": lambda where, at: _put(where, at, True),
    "a fraction": _as_float,
    "an exponent": _as_exponent,
    "escaped": _escaped,
    "negative": lambda where, at: _put(where, at, -1) if isinstance(_value(where, at), int) else None,
    "huge": lambda where, at: _put(where, at, 10**30) if isinstance(_value(where, at), int) else None,
    "white space": lambda where, at: _put(where, at, _Token(" " + _written(_value(where, at)))),
}


def _written(value: Any) -> str:
    if isinstance(value, _Token):
        return value
    if isinstance(value, _Members):
        return "{" + ",".join(f"{_name(name)}:{_written(member)}" for name, member in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _name(name: str) -> str:
    return f'"{name}"' if isinstance(name, _Token) else json.dumps(name)
