"""Random field sets over every section that is written, for comparing with the reference library."""

from __future__ import annotations

from random import Random

from consent_service.codecs import us_privacy
from consent_service.codecs.fields import Field, Fields, Value
from consent_service.codecs.sections import SECTIONS, Section

WRITTEN = tuple(section for section in SECTIONS if section.emitted)


def random_sections(random: Random) -> dict[str, Fields]:
    """One to five sections, each with some of its fields, in any order."""
    names = [us_privacy.NAME, *(section.name for section in WRITTEN)]
    return {name: random_fields(random, name) for name in random.sample(names, random.randint(1, 5))}


def random_fields(random: Random, name: str) -> dict[str, Value]:
    """Any values that this section's fields can have; some fields are left to their defaults."""
    if name == us_privacy.NAME:
        return {field: random.choice("YN-") for field in ("Notice", "OptOutSale", "LspaCovered")}
    section = next(section for section in WRITTEN if section.name == name)
    layout = random.choice(section.layouts)
    given = [*layout.fields[1:], *(section.more if random.random() < 0.7 else ())]
    values = {field.name: _value(random, field) for field in given if _is_given(random, field)}
    return {"Version": layout.version, **values} if _needs_version(section, random) else values


def _is_given(random: Random, field: Field) -> bool:
    # The library fills up or cuts off lists that were made for another version: both sides are given ours.
    return field.default is None or bool(field.count) or random.random() < 0.8


def _needs_version(section: Section, random: Random) -> bool:
    return len(section.layouts) > 1 or random.random() < 0.5


def _value(random: Random, field: Field) -> Value:
    if field.count:
        return tuple(random.choice(field.allowed) for _ in range(field.count))
    value = random.choice(field.allowed)
    return bool(value) if field.boolean else value
