"""The reference: the page on every key of `consent.toml`, made from the structs that read it. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
import msgspec.inspect as kinds

from consent_service.config import schema, validators
from consent_service.config.key_meanings import TABLES, Meaning, Table

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
    validators.key_fault: "key: 1 to 32 of `a-z`, `0-9` and `-`",
    validators.text_fault: "text, not empty",
    validators.header_name_fault: "header's name",
    validators.language_fault: "language tag",
    validators.regime_fault: "regime's code",
    validators.host_fault: "host name",
    validators.network_fault: "address or range",
    validators.origin_fault: "origin",
    validators.public_url_fault: "address",
    validators.address_fault: "address",
    validators.link_fault: "address",
    validators.store_fault: "store's URL",
    validators.prior_id_fault: "consent tool",
    validators.prior_cmp_fault: "consent tool",
    validators.foreign_cookie_fault: "cookie's name",
    validators.pattern_fault: "pattern",
    validators.id_pattern_fault: "pattern with one group",
    validators.group_fault: "group's id",
    validators.trace_fault: "name, `*` stands for anything",
    validators.region_fault: "place, ISO 3166-2",
}


def render_reference() -> str:
    """Return the whole page as Markdown."""
    tables = {kind: (about, meanings) for kind, about, meanings in TABLES}
    parts = [_HEAD]
    for kind, path in _all_tables(msgspec.inspect.type_info(schema.Facts), ""):
        about, meanings = tables[kind.cls]
        parts.append(f"## `{path}`\n{about}\n\n" + "\n".join(_table_rows(kind, meanings)) + "\n")
    return "\n".join(parts)


def undescribed_keys(tables: tuple[Table, ...] = TABLES) -> set[str]:
    """Return the keys that only the structs or only the tables have, each as `table.key`."""
    described = {f"{kind.__name__}.{key}" for kind, _, meanings in tables for key in meanings}
    defined = {
        f"{kind.cls.__name__}.{field.name}"
        for kind, _ in _all_tables(msgspec.inspect.type_info(schema.Facts), "")
        for field in _value_fields(kind)
    }
    return described ^ defined


def _all_tables(kind: kinds.Type, path: str) -> Iterator[tuple[kinds.StructType, str]]:
    """Yield every table of the document below this one, with the header under which it stands."""
    assert isinstance(kind, kinds.StructType)
    if path:
        yield kind, path
    for field in kind.fields:
        below, suffix, is_list = _table_in(field.type)
        if below is not None:
            inner = path.strip("[]") + ("." if path else "") + field.encode_name + suffix
            yield from _all_tables(below, f"[[{inner}]]" if is_list else f"[{inner}]")


def _table_in(kind: kinds.Type) -> tuple[kinds.StructType | None, str, bool]:
    """Return the table that a key of this type opens, the suffix of the key, and True for a list of tables."""
    kind = _bare_type(kind)
    if isinstance(kind, kinds.StructType):
        return kind, "", False
    if isinstance(kind, kinds.DictType) and isinstance(
        inner := _bare_type(kind.value_type), kinds.StructType
    ):
        return inner, ".KEY", False
    if isinstance(kind, kinds.VarTupleType) and isinstance(
        inner := _bare_type(kind.item_type), kinds.StructType
    ):
        return inner, "", True
    return None, "", False


def _value_fields(kind: kinds.StructType) -> list[kinds.Field]:
    """Return the keys that open no table."""
    return [field for field in kind.fields if _table_in(field.type)[0] is None]


def _table_rows(kind: kinds.StructType, meanings: Any) -> Iterator[str]:
    yield "| key | type | default | unit | meaning |"
    yield "|---|---|---|---|---|"
    for field in _value_fields(kind):
        meaning: Meaning = meanings[field.name]
        cells = (f"`{field.name}`", _type_text(field.type), _default_text(field), meaning.unit, meaning.text)
        yield f"| {' | '.join(cells)} |"


def _default_text(field: kinds.Field) -> str:
    if field.required:
        return "must be there"
    value = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    return "none" if value is None else f"`{json.dumps(msgspec.to_builtins(value))}`"


def _type_text(kind: kinds.Type) -> str:
    """Return the type in words, with its bounds."""
    if isinstance(kind, kinds.Metadata) and kind.extra:
        return _WORDS[kind.extra["check"]]
    match _bare_type(kind):
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
            return f"list of: {_type_text(item)}{'; at least one' if least else ''}"
        case kinds.DictType(key_type=key, value_type=value):
            return f"table: {_type_text(key)} = {_type_text(value)}"
        case kinds.UnionType(types=types):
            return _type_text(next(one for one in types if not isinstance(one, kinds.NoneType)))
        case other:
            raise TypeError(f"no words for {other}")


def _bare_type(kind: kinds.Type) -> kinds.Type:
    """Return the type without its metadata, and without "or None" around a table."""
    if isinstance(kind, kinds.Metadata) and not kind.extra:
        return _bare_type(kind.type)
    if isinstance(kind, kinds.UnionType):
        struct = [one for one in kind.types if isinstance(one, kinds.StructType)]
        return struct[0] if struct else kind
    return kind
