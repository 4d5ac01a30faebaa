"""GPP strings: the specification's examples, every fault with its place, and texts that mean harm."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_service.codecs import gpp
from consent_service.codecs.codec_error import CodecError
from consent_service.codecs.fields import Fields
from consent_service.codecs.sections import BY_NAME

OPTED_OUT: Fields = {
    "SaleOptOutNotice": 1,
    "SharingOptOutNotice": 1,
    "SaleOptOut": 1,
    "SharingOptOut": 1,
    "MspaCoveredTransaction": 2,
}

HEADERS = {
    (): ("DBAA", "DBAA"),
    (2,): ("DBABMA", "DBABM"),
    (2, 6): ("DBACNYA", "DBACNY"),
    (5, 6): ("DBABjw", "DBABjw"),
    (6,): ("DBABTA", "DBABT"),
    (7,): ("DBABLA", "DBABL"),
    (8,): ("DBABBg", "DBABBg"),
    (21,): ("DBABAYA", "DBABAY"),
    (6, 8): ("DBACTMA", "DBACTM"),
    (6, 7, 8): ("DBABzYA", "DBABzY"),
    (8, 10, 12): ("DBADBmY", "DBADBmY"),
    (8, 9, 10, 11, 12): ("DBABh2A", "DBABh2"),
    (2, 5, 6): ("DBACOeA", "DBACOe"),
    (6, 8, 10, 12, 14, 16, 18, 20, 22, 24): ("DBAKTMzMzMzA", "DBAKTMzMzMz"),
    tuple(range(6, 28)): ("DBABzAw", "DBABzAw"),
}


def test_the_examples_of_the_documentation_run() -> None:
    assert doctest.testmod(gpp).attempted == 2
    assert doctest.testmod(gpp).failed == 0


@pytest.mark.parametrize("ids", HEADERS)
def test_a_header_is_written_as_the_libraries_do_and_read_in_both_paddings(ids: tuple[int, ...]) -> None:
    libraries, specification = HEADERS[ids]
    assert gpp.encode_header(ids) == libraries
    assert gpp.section_ids(libraries) == gpp.section_ids(specification) == ids


@pytest.mark.parametrize("text", ["DBABBg~BUUAAACA.YA", "DBABBg~BUUAAACA.Y"])
def test_a_string_is_read_field_by_field_in_both_paddings(text: str) -> None:
    fields = gpp.decode(text).sections["usca"]
    assert {name: value for name, value in fields.items() if value not in (0, (0,) * 9, (0, 0))} == {
        **OPTED_OUT,
        "Version": 1,
        "SubsectionType": 1,
        "Gpc": True,
    }


def test_sections_stand_by_ascending_id_whatever_the_order_given() -> None:
    colorado = {"SaleOptOut": 1, "MspaCoveredTransaction": 2}
    text = gpp.encode({"usco": colorado, "usca": OPTED_OUT, "uspv1": {"Notice": "Y"}})
    assert text == "DBADTMw~1Y--~BUUAAACA~BAQAAIA"
    assert gpp.section_ids(text) == (6, 8, 10)
    assert list(gpp.decode(text).sections) == ["uspv1", "usca", "usco"]


def test_the_signals_sub_section_is_written_only_when_it_is_given() -> None:
    assert gpp.encode({"usca": OPTED_OUT}) == "DBABBg~BUUAAACA"
    assert gpp.encode({"usca": {**OPTED_OUT, "Gpc": False}}) == "DBABBg~BUUAAACA.QA"
    assert gpp.encode({"usca": {**OPTED_OUT, "Gpc": True}}) == "DBABBg~BUUAAACA.YA"
    assert "Gpc" not in gpp.decode("DBABBg~BUUAAACA").sections["usca"]


def test_what_is_no_us_section_is_handed_on_as_it_stands() -> None:
    decoded = gpp.decode(f"{gpp.encode_header([2, 6, 40])}~CPSG.IA~1YNN~whatever")
    assert decoded.section_ids == (2, 6, 40)
    assert decoded.opaque == {2: "CPSG.IA", 40: "whatever"}
    assert list(decoded.sections) == ["uspv1"]


def test_a_layout_under_discussion_is_read_in_the_libraries_form_and_else_handed_on() -> None:
    read = gpp.decode("DBABEYA~BVVU.YA")
    assert (read.sections["usmd"]["MspaMode"], read.sections["usmd"]["Gpc"]) == (1, True)
    assert gpp.decode("DBABUYA~BVVV.kkk").sections["usin"]["SensitiveDataProcessing"] == (
        2,
        1,
        0,
        2,
        1,
        0,
        2,
        1,
    )
    assert gpp.decode("DBABEYA~YBBVVUA.YA").opaque == {24: "YBBVVUA.YA"}


@pytest.mark.parametrize("name", ["usmd", "usin", "usky", "usri"])
def test_a_layout_under_discussion_is_never_written(name: str) -> None:
    assert not BY_NAME[name].emitted
    with pytest.raises(CodecError, match="not settled"):
        gpp.encode({name: {"MspaCoveredTransaction": 2}})


@pytest.mark.parametrize("text", ["", "DBAA"])
def test_a_string_may_have_no_section(text: str) -> None:
    assert gpp.decode(text) == gpp.Decoded((), {}, {})
    assert gpp.section_ids(text) == ()
    assert gpp.encode({}) == gpp.EMPTY


@pytest.mark.parametrize(
    ("text", "section", "field", "bit"),
    [
        ("z", "header", "Type", 0),
        ("invalid gpp string", "header", "", 42),
        ("C", "header", "Type", 0),
        ("DCAA", "header", "Version", 6),
        ("DBABTA", "header", "", None),
        ("DBABTA~", "uspv1", "", None),
        ("DBABTA~1YN", "uspv1", "", None),
        ("DBABTA~1YNN~1YNN", "header", "", None),
        ("DBABTA~2YNN", "uspv1", "Version", None),
        ("DBABTA~1YXN", "uspv1", "OptOutSale", None),
        ("DBABBg~BUUAAAC", "usca", "MspaOptOutOptionMode", 42),
        ("DBABBg~BUUAAACAA", "usca", "", 46),
        ("DBABBg~BUUAAACB.YA", "usca", "", 47),
        ("DBABBg~CUUAAACA.YA", "usca", "Version", 0),
        ("DBABBg~BwUAAACA.YA", "usca", "SaleOptOutNotice", 6),
        ("DBABBg~BUUAAAAA.YA", "usca", "MspaCoveredTransaction", 40),
        ("DBABBg~BUUAAACA.", "usca", "SubsectionType", 0),
        ("DBABBg~BUUAAACA.IA", "usca", "SubsectionType", 0),
        ("DBABBg~BUUAAACA.YA.YA", "usca", "", None),
        ("DBABRg~BVUAACA.YA", "usva", "", None),
        ("DBABBg~BUUA?ACA.YA", "usca", "", 24),
        ("DBABBg~", "usca", "", None),
        ("DBAA~", "header", "", None),
    ],
)
def test_what_is_malformed_is_refused_and_the_error_says_where(
    text: str, section: str, field: str, bit: int | None
) -> None:
    with pytest.raises(CodecError) as raised:
        gpp.decode(text)
    assert (raised.value.section, raised.value.field, raised.value.bit) == (section, field, bit)
    assert section in str(raised.value)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"SaleOptOut": 3}, "SaleOptOut"),
        ({"SaleOptOut": -1}, "SaleOptOut"),
        ({"SaleOptOut": True}, "SaleOptOut"),
        ({"SaleOptOut": "1"}, "SaleOptOut"),
        ({"SaleOptOut": [1]}, "SaleOptOut"),
        ({"Gpc": 1}, "Gpc"),
        ({"SubsectionType": 2}, "SubsectionType"),
        ({"SensitiveDataProcessing": 1}, "SensitiveDataProcessing"),
        ({"SensitiveDataProcessing": [0] * 8}, "SensitiveDataProcessing"),
        ({"SensitiveDataProcessing": [0] * 8 + [True]}, "SensitiveDataProcessing"),
        ({"SensitiveDataProcessing": [0] * 8 + [3]}, "SensitiveDataProcessing"),
        ({"KnownChildSensitiveDataConsents": "00"}, "KnownChildSensitiveDataConsents"),
        ({"MspaCoveredTransaction": 0}, "MspaCoveredTransaction"),
        ({"Version": 2}, "Version"),
        ({"TargetedAdvertisingOptOut": 1}, "TargetedAdvertisingOptOut"),
    ],
)
def test_what_a_field_cannot_say_is_not_written(fields: Fields, field: str) -> None:
    with pytest.raises(CodecError) as raised:
        gpp.encode({"usca": {"MspaCoveredTransaction": 2, **fields}})
    assert (raised.value.section, raised.value.field) == ("usca", field)


def test_whether_the_agreement_covers_it_must_be_said() -> None:
    with pytest.raises(CodecError, match=r"usca\.MspaCoveredTransaction: missing value; give one"):
        gpp.encode({"usca": {}})


@pytest.mark.parametrize("name", ["usxx", "header", "tcfeuv2", ""])
def test_a_section_that_there_is_not_is_not_written(name: str) -> None:
    with pytest.raises(CodecError, match="unknown section"):
        gpp.encode({name: {}})


UNSETTLED = {name for name, section in BY_NAME.items() if not section.emitted}
REAL = [
    "DBACTMA~1YYN~BUUAAACA.QA",
    "DBABLA~CVQVAAAAAABY.YA",
    "DBADBmY~BUUAAACA.YA~BVUAAIA.YA~BVUAAAIA.YA",
    "DBABEYA~BVVU.YA",
    "DBABzAw",
]


@given(st.text())
def test_no_text_raises_anything_but_the_codecs_own_error(text: str) -> None:
    read_or_refused(text)


@given(st.sampled_from(REAL), st.integers(0, 60), st.integers(0, 3), st.text(max_size=3))
def test_no_real_string_changed_anywhere_raises_anything_but_the_codecs_own_error(
    text: str, place: int, cut: int, put: str
) -> None:
    read_or_refused(text[:place] + put + text[place + cut :])


@given(st.binary())
def test_no_bytes_behind_a_real_header_raise_anything_but_the_codecs_own_error(data: bytes) -> None:
    read_or_refused("DBADBmY~" + data.decode("latin-1"))


def read_or_refused(text: str) -> None:
    """Reads; what was read is written again as the same sections."""
    try:
        decoded = gpp.decode(text)
    except CodecError:
        return
    written = {name: fields for name, fields in decoded.sections.items() if name not in UNSETTLED}
    assert gpp.decode(gpp.encode(written)).sections == written
