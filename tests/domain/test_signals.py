"""Values that count as a signal (GPC-1, GPC-2)."""

from __future__ import annotations

import pytest

from consent_service.domain.signals import Sources, gpc_in_headers, sources_of


@pytest.mark.parametrize("value", [b"0", b"true", b"1;q=1", b"01", b"", b" 1", b"1 ", b"2", b"\xff"])
def test_only_the_exact_character_one_is_a_signal(value: bytes) -> None:
    assert not gpc_in_headers([value])


def test_one_exact_value_among_several_headers_is_enough() -> None:
    assert gpc_in_headers([b"0", b"1", b"nonsense"])
    assert gpc_in_headers([b"1", b"1"])
    assert not gpc_in_headers([b"0", b"nonsense"])
    assert not gpc_in_headers([])


def test_header_script_and_partner_are_separate_facts() -> None:
    assert sources_of(header=True) == Sources.HEADER
    assert sources_of(header=False, script=True) == Sources.SCRIPT
    assert sources_of(header=False, partner=True) == Sources.PARTNER
    assert sources_of(header=True, script=True, partner=True).source_words == ["header", "script", "partner"]


def test_a_false_never_cancels_a_true() -> None:
    assert sources_of(header=True, script=False) == Sources.HEADER
    assert sources_of(header=False, script=None) == Sources.NONE


@pytest.mark.parametrize("value", [b"1, 1", b"0,1", b"1,\t0"])
def test_what_a_proxy_joined_is_what_was_sent_one_by_one(value: bytes) -> None:
    assert gpc_in_headers([value])


@pytest.mark.parametrize("value", [b"0, 0", b"01, 10", b"1;q=1, true", b",", b""])
def test_joined_values_of_which_none_is_the_signal_are_none(value: bytes) -> None:
    assert not gpc_in_headers([value])
