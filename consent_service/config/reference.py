"""The reference: the page on every key of `consent.toml`, made from the structs that read it. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
import msgspec.inspect as kinds

from consent_service.config import shape, words
from consent_service.config.meanings import TABLES, Meaning, Table

_HEAD: Final = """\
# Every key of `consent.toml`

This page is made from the code that reads the configuration (`make reference` writes it again). A key without a
default must be there. `consent-service check FILE` names every fault with its key and line. SIGHUP takes on a changed
file, all of it or nothing.

Secrets never stand in this file. They come from the environment, each as `NAME` or as `NAME_FILE` with a file that
only the service's user can read: `CONSENT_KEYS`, `CONSENT_STORE_PASSWORD`, and `CONSENT_STORE` for a whole URL in
place of `service.store`.
"""

_WORDS: Final[dict[Callable[[str], str], str]] = {
    words.key: "key: 1 to 32 of `a-z`, `0-9` and `-`",
    words.text: "text, not empty",
    words.header_name: "header's name",
    words.language: "language tag",
    words.regime: "regime's code",
    words.host: "host name",
    words.network: "address or range",
    words.origin: "origin",
    words.public_url: "address",
    words.address: "address",
    words.link: "address",
    words.store: "store's URL",
    words.prior_id: "consent tool",
    words.prior_cmp: "consent tool",
    words.foreign_cookie: "cookie's name",
    words.pattern: "pattern",
    words.id_pattern: "pattern with one group",
    words.group: "group's id",
    words.trace: "name, `*` stands for anything",
    words.place: "place, ISO 3166-2",
}


def render() -> str:
    """Return the whole page as Markdown."""
    tables = {kind: (about, meanings) for kind, about, meanings in TABLES}
    parts = [_HEAD]
    for kind, path in _structs(msgspec.inspect.type_info(shape.Facts), ""):
        about, meanings = tables[kind.cls]
        parts.append(f"## `{path}`\n{about}\n\n" + "\n".join(_rows(kind, meanings)) + "\n")
    return "\n".join(parts)


def undescribed(tables: tuple[Table, ...] = TABLES) -> set[str]:
    """Return the keys that only the structs or only the tables have, each as `table.key`."""
    said = {f"{kind.__name__}.{key}" for kind, _, meanings in tables for key in meanings}
    read = {
        f"{kind.cls.__name__}.{field.name}"
        for kind, _ in _structs(msgspec.inspect.type_info(shape.Facts), "")
        for field in _plain(kind)
    }
    return said ^ read


def _structs(kind: kinds.Type, path: str) -> Iterator[tuple[kinds.StructType, str]]:
    """Yield every table of the document below this one, with the header under which it stands."""
    assert isinstance(kind, kinds.StructType)
    if path:
        yield kind, path
    for field in kind.fields:
        below, suffix, is_list = _table_in(field.type)
        if below is not None:
            inner = path.strip("[]") + ("." if path else "") + field.encode_name + suffix
            yield from _structs(below, f"[[{inner}]]" if is_list else f"[{inner}]")


def _table_in(kind: kinds.Type) -> tuple[kinds.StructType | None, str, bool]:
    """The table that a key of this type opens, what stands behind the key, and True for a list of tables."""
    kind = _bare(kind)
    if isinstance(kind, kinds.StructType):
        return kind, "", False
    if isinstance(kind, kinds.DictType) and isinstance(inner := _bare(kind.value_type), kinds.StructType):
        return inner, ".KEY", False
    if isinstance(kind, kinds.VarTupleType) and isinstance(inner := _bare(kind.item_type), kinds.StructType):
        return inner, "", True
    return None, "", False


def _plain(kind: kinds.StructType) -> list[kinds.Field]:
    """The keys that open no table."""
    return [field for field in kind.fields if _table_in(field.type)[0] is None]


def _rows(kind: kinds.StructType, meanings: Any) -> Iterator[str]:
    yield "| key | type | default | unit | meaning |"
    yield "|---|---|---|---|---|"
    for field in _plain(kind):
        meaning: Meaning = meanings[field.name]
        cells = (f"`{field.name}`", _type(field.type), _default(field), meaning.unit, meaning.text)
        yield f"| {' | '.join(cells)} |"


def _default(field: kinds.Field) -> str:
    if field.required:
        return "must be there"
    value = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    return "none" if value is None else f"`{json.dumps(msgspec.to_builtins(value))}`"


def _type(kind: kinds.Type) -> str:
    """The type in words, with its bounds."""
    if isinstance(kind, kinds.Metadata) and kind.extra:
        return _WORDS[kind.extra["check"]]
    match _bare(kind):
        case kinds.StrType():
            return "text"
        case kinds.BoolType():
            return "true or false"
        case kinds.DateType():
            return "date, without quotes"
        case kinds.IntType(ge=low, le=high):
            return f"whole number, {low:,} to {high:,}"
        case kinds.LiteralType(values=values):
            return " or ".join(f'`"{value}"`' for value in values)
        case kinds.VarTupleType(item_type=item, min_length=least):
            return f"list of: {_type(item)}{'; at least one' if least else ''}"
        case kinds.DictType(key_type=key, value_type=value):
            return f"table: {_type(key)} = {_type(value)}"
        case kinds.UnionType(types=types):
            return _type(next(one for one in types if not isinstance(one, kinds.NoneType)))
        case other:
            raise TypeError(f"no words for {other}")


def _bare(kind: kinds.Type) -> kinds.Type:
    """The type without what is only said about it, and without "or nothing" around a table."""
    if isinstance(kind, kinds.Metadata) and not kind.extra:
        return _bare(kind.type)
    if isinstance(kind, kinds.UnionType):
        struct = [one for one in kind.types if isinstance(one, kinds.StructType)]
        return struct[0] if struct else kind
    return kind
