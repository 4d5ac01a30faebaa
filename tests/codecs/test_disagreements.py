"""Differences from the published tests of the reference libraries (iabgpp-es 3.2.0, iabgpp-java 3.2.5).

Each test names one reason; everything else that those tests assert agrees.
"""

from __future__ import annotations

import pytest

from consent_service.codecs import gpp, us_privacy
from consent_service.codecs.codec_error import CodecError
from consent_service.codecs.sections import BY_NAME


def read(name: str, text: str) -> dict[str, object]:
    """The fields of one section's text."""
    header = gpp.encode_header([BY_NAME[name].id])
    return dict(gpp.decode(f"{header}~{text}").sections[name])


def written(name: str, **fields: object) -> str:
    """One section's text."""
    return gpp.encode({name: fields}).partition("~")[2]  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("name", "text", "field"),
    [
        ("usca", "BbYbGwXY.YA", "SensitiveDataLimitUseNotice"),
        ("usct", "BbYbG22w", "TargetedAdvertisingOptOutNotice"),
    ],
)
def test_the_reference_reads_values_that_no_section_defines_and_we_refuse_them(
    name: str, text: str, field: str
) -> None:
    with pytest.raises(CodecError) as raised:
        read(name, text)
    assert (raised.value.field, raised.value.bit) == (field, 10)


@pytest.mark.parametrize("text", ["2NYY", "2YNY"])
def test_the_reference_takes_a_version_of_uspv1_that_there_never_was(text: str) -> None:
    with pytest.raises(CodecError, match=r"uspv1\.Version"):
        us_privacy.decode(text)


def test_the_reference_cuts_and_fills_national_lists_of_the_other_version_and_we_write_what_is_given() -> (
    None
):
    long = {"SensitiveDataProcessing": [1] * 16, "KnownChildSensitiveDataConsents": [1] * 3}
    short = {"SensitiveDataProcessing": [1] * 12, "KnownChildSensitiveDataConsents": [1] * 2}
    covered = {"MspaCoveredTransaction": 1, "Gpc": False}
    assert written("usnat", Version=1, **long, **covered) == "BAAAVVVVVVRA.QA"  # not BAAAVVVVUQA.QA
    assert written("usnat", **short, **covered) == "BAAAVVVVUQA.QA"  # not CAAAVVVVAFBA.QA
    assert written("usnat", Version=1, **short, **covered) == "BAAAVVVVUQA.QA"
    assert written("usnat", Version=2, **long, **covered) == "CAAAVVVVVVRA.QA"


@pytest.mark.parametrize("text", ["BAAAAAAAAABA.QA", "BVVVkkkkkpFY.YA", "BVVVkkkkkpFY", "BAAAAAAAAABA"])
def test_java_calls_the_second_national_layout_version_1_and_we_read_it_by_length(text: str) -> None:
    fields = read("usnat", text)
    assert fields["Version"] == 1
    assert len(tuple(fields["SensitiveDataProcessing"])) == 16  # type: ignore[arg-type]
    assert written("usnat", **fields) == text


@pytest.mark.parametrize("text", ["CAAAAAAAAQA.QA", "CVQqAAAACg"])
def test_the_first_national_layout_is_known_by_its_length_whatever_version_it_claims(text: str) -> None:
    fields = read("usnat", text)
    assert fields["Version"] == 2
    assert len(tuple(fields["SensitiveDataProcessing"])) == 12  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["usmd", "usin", "usky", "usri"])
def test_the_reference_writes_layouts_under_discussion_and_we_only_read_them(name: str) -> None:
    more = ".QA" if name == "usmd" else ".AAA"
    assert read(name, "BQAA" + more)["MspaCoveredTransaction"] == 1
    with pytest.raises(CodecError, match="not settled"):
        written(name, MspaCoveredTransaction=1)


@pytest.mark.parametrize(("name", "text"), [("usor", "BAAAAAAABAA.QA"), ("usde", "BAAAAAAABAA.QA")])
def test_the_reference_once_wrote_longer_sections_and_still_lists_them_unread(name: str, text: str) -> None:
    assert len(text.split(".")[0]) not in BY_NAME[name].layouts[0].text_lengths
    with pytest.raises(CodecError, match="MspaCoveredTransaction at bit 46: 0 is not 1 to 2"):
        read(name, text)


def test_the_reference_claims_the_agreements_cover_by_default_and_we_want_it_said() -> None:
    assert written("usca", MspaCoveredTransaction=1, Gpc=False) == "BAAAAABA.QA"
    with pytest.raises(CodecError, match="MspaCoveredTransaction: missing value; give one"):
        written("usca", Gpc=False)


def test_a_section_without_the_signals_part_has_no_signal_where_the_reference_says_false() -> None:
    assert "Gpc" not in read("usca", "BVWSSSVY")
