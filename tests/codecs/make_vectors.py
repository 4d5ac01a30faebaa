"""Writes vectors.json: field sets and the reference library's strings for them, so that no node is needed to check.

Run it after a new row of the table or a new version of the library: `python -m tests.codecs.make_vectors`.
"""

from __future__ import annotations

import json
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any

from consent_service.codecs.fields import Field, Fields, Value
from consent_service.codecs.sections import Section, SectionLayout

from .oracle import Oracle, Sections, consulted
from .random_fields import WRITTEN, random_sections

VECTORS = Path(__file__).with_name("vectors.json")


def field_sets() -> list[Sections]:
    """Each section with nothing but what it must say, with all its values in turn, and random ones together."""
    alone = [
        {section.name: {"Version": layout.version, **fields}}
        for section in WRITTEN
        for layout in section.layouts
        for fields in (
            _least(layout),
            _in_turn(section, layout, [0, 1, 2]),
            _in_turn(section, layout, [2, 0, 1]),
        )
    ]
    random = Random(1)
    return [{}, {"uspv1": {"Notice": "-"}}, *alone, *(random_sections(random) for _ in range(60))]


def _least(layout: SectionLayout) -> dict[str, Value]:
    lists: dict[str, Value] = {field.name: [0] * field.count for field in layout.fields if field.count}
    return {**lists, "MspaCoveredTransaction": 1}


def _in_turn(section: Section, layout: SectionLayout, turns: list[int]) -> Fields:
    values = cycle(turns)
    return {field.name: _next(field, values) for field in (*layout.fields[1:], *section.more)}


def _next(field: Field, values: cycle[int]) -> Value:
    if field.count:
        return [next(values) for _ in range(field.count)]
    value = next(value for value in values if value in field.allowed)
    return bool(value) if field.boolean else value


def vectors(oracle: Oracle) -> list[dict[str, Any]]:
    """The field sets with what the library writes for them."""
    sets = field_sets()
    return [{"text": text, "sections": one} for text, one in zip(oracle.encode(sets), sets, strict=True)]


def as_text(found: list[dict[str, Any]]) -> str:
    """One vector a line."""
    return "[\n" + ",\n".join(json.dumps(vector) for vector in found) + "\n]\n"


if __name__ == "__main__":
    with consulted() as asked:
        VECTORS.write_text(as_text(vectors(asked)))
