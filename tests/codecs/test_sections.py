"""The table of sections: what each row promises, and that it is whole."""

from __future__ import annotations

import pytest

from consent_service.codecs.sections import BY_ID, BY_NAME, SECTIONS, Section

# Bits of each section's first part in the specification's tables (ustn with the field that its table forgets).
BITS = {
    "usnat": (60, 70),
    "usca": (46,),
    "usva": (40,),
    "usco": (38,),
    "usut": (42,),
    "usct": (44,),
    "usfl": (46,),
    "usmt": (46,),
    "usor": (52,),
    "ustx": (42,),
    "usde": (52,),
    "usia": (42,),
    "usne": (42,),
    "usnh": (46,),
    "usnj": (54,),
    "ustn": (42,),
    "usmn": (42,),
    "usmd": (22,),
    "usin": (24,),
    "usky": (24,),
    "usri": (24,),
}
WITHOUT_SIGNAL = {"usva", "usut", "usfl", "usin", "usky", "usri"}


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.name)
def test_a_row_has_as_many_bits_as_the_specification(section: Section) -> None:
    bits = tuple(sum(field.total_bits for field in layout.fields) for layout in section.layouts)
    assert bits == BITS[section.name]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.name)
def test_a_row_has_the_signal_where_the_specification_has_it(section: Section) -> None:
    assert ("Gpc" in section.field_names) == (section.name not in WITHOUT_SIGNAL)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.name)
def test_layouts_of_one_section_are_told_apart_by_length(section: Section) -> None:
    lengths = [length for layout in section.layouts for length in set(layout.text_lengths)]
    assert len(lengths) == len(set(lengths))


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.name)
def test_a_field_stands_once_and_says_by_default_what_it_may_say(section: Section) -> None:
    for layout in section.layouts:
        fields = (*layout.fields, *section.more)
        assert len({field.name for field in fields}) == len(fields)
        assert all(field.default is None or field.default in field.allowed for field in fields)
        assert all(field.allowed[-1] < 2**field.width for field in fields)


def test_every_us_section_has_one_row() -> None:
    assert list(BY_ID) == list(range(7, 28))
    assert len(BY_NAME) == len(SECTIONS) == len(BITS)
