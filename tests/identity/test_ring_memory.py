"""A store's memory of its key ring: rotations are followed, another ring and missing keys are told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent_service.errors import KeyRingInvalid
from consent_service.identity.key_ring import DAY, VERIFY_AFTER_RETIREMENT, KeyRing, new_ring, rotate_ring
from consent_service.identity.ring_memory import (
    RingDifference,
    RingMemory,
    compare_rings,
    decode_memory,
    describe_lacks,
    encode_memory,
    extend_memory,
    memory_of,
)

NOW = 1_795_341_600
ONE = new_ring(NOW, b"a" * 32, b"h" * 32)
TWO = rotate_ring(ONE, NOW + DAY, b"b" * 32)
THREE = rotate_ring(TWO, NOW + 2 * DAY, b"c" * 32)
FORKED = rotate_ring(ONE, NOW + DAY, b"x" * 32)
STRANGER = new_ring(NOW, b"a" * 32, b"i" * 32)
LATER = NOW + 3 * DAY
GONE = NOW + 2 * DAY + VERIFY_AFTER_RETIREMENT


def without(ring: KeyRing, *numbers: int) -> KeyRing:
    """The ring after an operator took these keys out of its file."""
    return KeyRing(tuple(key for key in ring.keys if key.number not in numbers), ring.hashing_key)


def numbers(differs: RingDifference) -> tuple[list[int], list[int]]:
    return [key.number for key in differs.missing], [key.number for key in differs.other]


def test_a_ring_fits_what_is_remembered_of_it() -> None:
    for ring in (ONE, TWO, THREE):
        assert compare_rings(memory_of(ring), ring, LATER) == RingDifference()


def test_a_rotated_ring_is_still_the_remembered_ring() -> None:
    memory = memory_of(ONE)
    for ring in (TWO, THREE):
        assert compare_rings(memory, ring, LATER) == RingDifference()
        memory = extend_memory(memory, ring, LATER)
        assert memory == memory_of(ring)


def test_another_hashing_key_makes_it_another_ring_whatever_its_signing_keys_are() -> None:
    assert compare_rings(memory_of(ONE), STRANGER, NOW) == RingDifference(foreign=True)


def test_an_older_copy_lacks_the_newer_keys_and_they_stay_remembered() -> None:
    memory = memory_of(THREE)
    assert numbers(compare_rings(memory, ONE, LATER)) == ([2, 3], [])
    assert extend_memory(memory, ONE, LATER) == memory


def test_a_key_that_was_replaced_under_its_number_is_told_and_the_first_stays_remembered() -> None:
    memory = memory_of(TWO)
    assert numbers(compare_rings(memory, FORKED, LATER)) == ([], [2])
    assert extend_memory(memory, FORKED, LATER) == memory


def test_a_retired_key_may_be_taken_out_once_it_verifies_nothing_any_more() -> None:
    memory = memory_of(THREE)
    dropped = without(THREE, 1)
    assert numbers(compare_rings(memory, dropped, LATER)) == ([1], [])
    assert compare_rings(memory, dropped, GONE) == RingDifference()
    assert extend_memory(memory, dropped, GONE) == memory_of(dropped)


def test_a_key_whose_retirement_nobody_has_said_was_retired_when_the_next_one_was_made() -> None:
    memory = memory_of(ONE)  # the service was not started between the rotation and the removal
    dropped = without(TWO, 1)
    [missing] = compare_rings(memory, dropped, LATER).missing
    assert (missing.number, missing.retired_at) == (1, NOW + DAY)
    assert compare_rings(memory, dropped, NOW + DAY + VERIFY_AFTER_RETIREMENT + 1) == RingDifference()


def test_what_is_remembered_and_verifies_nothing_gives_way_to_another_key_of_its_number() -> None:
    memory = memory_of(THREE)
    other = KeyRing((*FORKED.keys[1:],), ONE.hashing_key)
    assert extend_memory(memory, other, GONE + VERIFY_AFTER_RETIREMENT).keys[0] == memory_of(other).keys[0]


def test_the_memory_survives_its_stored_form_and_holds_no_secret() -> None:
    data = encode_memory(memory_of(THREE))
    assert decode_memory(data) == memory_of(THREE)
    for secret in (b"a" * 32, b"b" * 32, b"h" * 32):
        assert secret.hex().encode() not in data
        assert secret not in data


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"hashing":1,"keys":[]}', b"[" * 10_000])
def test_a_stored_memory_that_cannot_be_read_is_an_error(data: bytes) -> None:
    with pytest.raises(KeyRingInvalid, match="can't be read"):
        decode_memory(data)


def test_members_of_a_later_version_are_ignored() -> None:
    assert decode_memory(b'{"hashing":"x","keys":[],"more":1}') == RingMemory("x", ())


def test_the_warning_names_the_key_the_visitors_affected_and_the_remedy() -> None:
    [older] = describe_lacks(compare_rings(memory_of(TWO), ONE, LATER))
    assert "lacks key 2, which signs since 2026-11-23" in older[0]
    assert "visitors whose tokens it signed are denied" in older[0]
    [dropped] = describe_lacks(compare_rings(memory_of(TWO), without(TWO, 1), LATER))
    assert "lacks key 1, which signed from 2026-11-22 to 2026-11-23" in dropped[0]
    [forked] = describe_lacks(compare_rings(memory_of(TWO), FORKED, LATER))
    assert "rotated in two places" in forked[0]
    assert all("keys adopt" in remedy for _, remedy in (older, dropped, forked))


@given(st.lists(st.integers(0, 3), min_size=1, max_size=6))
def test_the_memory_never_grows_beyond_the_keys_there_were_and_settles(order: list[int]) -> None:
    rings = (ONE, TWO, THREE, FORKED)
    memory = memory_of(rings[order[0]])
    for place in order:
        memory = extend_memory(memory, rings[place], LATER)
        assert extend_memory(memory, rings[place], LATER) == memory
    assert [key.number for key in memory.keys] == sorted(
        {key.number for place in order for key in rings[place].keys}
    )
