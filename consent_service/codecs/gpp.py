"""GPP strings: the header, the container, and every US section by name. Usable on its own.

    >>> encode({"usca": {"SaleOptOutNotice": 1, "SaleOptOut": 1, "MspaCoveredTransaction": 2, "Gpc": True}})
    'DBABBg~BQQAAACA.YA'
    >>> decode("DBABTA~1YYN").sections["uspv1"]["OptOutSale"]
    'Y'

`header~section~section…`, sections by ascending id, a sub-section after a dot. Fields, widths and values of each
section: `sections`. Source: IAB Tech Lab, GPP consent string specification 1. Knows nothing of why a value is what
it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from consent_service.codecs import us_privacy
from consent_service.codecs.bits import BitReader, BitWriter
from consent_service.codecs.codec_error import CodecError
from consent_service.codecs.fields import Fields, Value, decode_fields, encode_fields
from consent_service.codecs.sections import BY_ID, BY_NAME, Section, SectionLayout

EMPTY: Final = "DBAA"
"""The string without a section."""

_HEADER: Final = "header"
_TYPE: Final = 3
_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Decoded:
    """Contents of a GPP string.

    `section_ids`: ids in the header, ascending. `sections`: fields of every US section, by section name.
    `opaque`: text of every other section, by id: TCF, sections unknown here, and layouts that are not settled.
    """

    section_ids: tuple[int, ...]
    sections: Mapping[str, Mapping[str, Value]]
    opaque: Mapping[int, str]


def encode(sections: Mapping[str, Fields]) -> str:
    """Return the GPP string of these sections, in the form that the reference libraries write.

    `sections`: fields by section name (`usca`, `uspv1` …). A field that is not given becomes "not applicable"
    (0); MspaCoveredTransaction must be given. The sub-section is written only if `Gpc` is given. Raises
    CodecError for unknown names, for invalid values, and for sections whose layout is not settled (usmd, usin,
    usky, usri).
    """
    texts = {_id_of(name): _encode_section(name, fields) for name, fields in sections.items()}
    return "~".join([encode_header(texts), *(texts[number] for number in sorted(texts))])


def decode(text: str) -> Decoded:
    """Return the contents of a GPP string: the inverse of `encode`. Both paddings are accepted.

    The empty text has no section. Raises CodecError, with section, field and bit, for any other malformed text.
    """
    if not text:
        return Decoded((), {}, {})
    head, *bodies = text.split("~")
    ids = _decode_header(head)
    if len(ids) != len(bodies):
        raise CodecError(f"lists {len(ids)} sections, but {len(bodies)} follow", section=_HEADER)
    sections: dict[str, Mapping[str, Value]] = {}
    opaque: dict[int, str] = {}
    for number, body in zip(ids, bodies, strict=True):
        read = _decode_section(number, body)
        if isinstance(read, str):
            opaque[number] = read
        else:
            sections[_name_of(number)] = read
    return Decoded(ids, sections, opaque)


def section_ids(text: str) -> tuple[int, ...]:
    """Return the section ids in the header, ascending, without reading the sections. Raises CodecError."""
    return _decode_header(text.partition("~")[0]) if text else ()


def encode_header(ids: Iterable[int]) -> str:
    """Return the header for these section ids: Type 3 and Version 1 (6 bits each), then the ids as ranges."""
    writer = BitWriter()
    writer.add_number(_TYPE, 6)
    writer.add_number(_VERSION, 6)
    writer.add_ranges(ids)
    return writer.as_text()


def _decode_header(text: str) -> tuple[int, ...]:
    reader = BitReader(text, _HEADER)
    reader.take_value(6, "Type", range(_TYPE, _TYPE + 1))
    reader.take_value(6, "Version", range(_VERSION, _VERSION + 1))
    ids = reader.take_ranges("SectionIds")
    reader.expect_end()
    return ids


def _encode_section(name: str, fields: Fields) -> str:
    if name == us_privacy.NAME:
        return us_privacy.encode_fields(fields)
    section = BY_NAME[name]
    for unknown in sorted(fields.keys() - section.field_names):
        raise CodecError("unknown field", section=name, field=unknown)
    text = encode_fields(name, _layout_for(section, fields).fields, fields)
    if any(field.name in fields for field in section.more):
        return f"{text}.{encode_fields(name, section.more, fields)}"
    return text


def _layout_for(section: Section, fields: Fields) -> SectionLayout:
    """Return the layout that fits the lengths of the given lists.

    If several fit, `Version` decides; without a match the newest one is returned.
    """
    fitting = [layout for layout in section.layouts if _list_lengths_fit(layout, fields)] or section.layouts
    named = [layout for layout in fitting if layout.version == fields.get("Version")]
    return (named or fitting)[-1]


def _list_lengths_fit(layout: SectionLayout, fields: Fields) -> bool:
    lists = ((field.count, fields.get(field.name)) for field in layout.fields if field.count)
    return all(len(value) == count for count, value in lists if isinstance(value, (list, tuple)))


def _decode_section(number: int, text: str) -> dict[str, Value] | str:
    """Return the fields of a section, or its text if this codec can't read it. Raises CodecError if it is blank."""
    if not text:
        raise CodecError("empty section", section=_name_of(number))
    if number == us_privacy.SECTION_ID:
        return us_privacy.decode(text)
    section = BY_ID.get(number)
    if section is None:
        return text
    first, *rest = text.split(".")
    layout = next((layout for layout in section.layouts if len(first) in layout.text_lengths), None)
    if layout is None and not section.emitted:
        return text
    return _decode_parts(section, layout or section.layouts[-1], first, rest)


def _decode_parts(section: Section, layout: SectionLayout, first: str, rest: list[str]) -> dict[str, Value]:
    if len(rest) > bool(section.more):
        raise CodecError(
            f"{len(rest)} sub-sections; it may have at most {int(bool(section.more))}", section=section.name
        )
    fields = decode_fields(section.name, layout.fields, first)
    for text in rest:
        fields |= decode_fields(section.name, section.more, text)
    return fields


def _id_of(name: str) -> int:
    """Return the id of a section. Raises CodecError if the name is unknown or the section must not be written."""
    if name == us_privacy.NAME:
        return us_privacy.SECTION_ID
    section = BY_NAME.get(name)
    if section is None:
        raise CodecError("unknown section", section=name)
    if not section.emitted:
        raise CodecError("its layout is not settled, so it is not written", section=name)
    return section.id


def _name_of(number: int) -> str:
    if number == us_privacy.SECTION_ID:
        return us_privacy.NAME
    return BY_ID[number].name if number in BY_ID else f"section {number}"
