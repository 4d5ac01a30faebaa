"""Derived ids: the same for a retry, different for everything else, and unmoved by rotations."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from consent_service.identity.key_ring import new_ring, rotate_ring
from consent_service.identity.visitor_ids import (
    consumer_hash,
    imported_id_for,
    record_id,
    visitor_id_for,
)

RING = new_ring(0, b"a" * 32, b"h" * 32)
OTHER_RING = new_ring(0, b"a" * 32, b"i" * 32)


@given(st.binary(min_size=16, max_size=16))
def test_a_retry_meets_the_same_visitor_also_after_a_rotation(request_id: bytes) -> None:
    first = visitor_id_for(RING, "acme", request_id)
    assert visitor_id_for(rotate_ring(RING, 1, b"b" * 32), "acme", request_id) == first
    assert len(first) == 16
    assert first != request_id


def test_another_site_request_hashing_key_or_a_doubt_gives_another_visitor() -> None:
    ids = {
        visitor_id_for(ring, site, request_id, doubted=doubted)
        for ring in (RING, OTHER_RING)
        for site in ("acme", "acme2")
        for request_id in (b"1" * 16, b"2" * 16)
        for doubted in (False, True)
    }
    assert len(ids) == 16


def test_a_consumer_is_hashed_within_a_business_and_never_meets_a_visitor() -> None:
    hashes = {
        consumer_hash(RING, "Acme", "ann@example.com"),
        consumer_hash(RING, "Acme", "bob@example.com"),
        consumer_hash(RING, "Other", "ann@example.com"),
        consumer_hash(OTHER_RING, "Acme", "ann@example.com"),
        visitor_id_for(RING, "Acme", b"ann@example.com"),
    }
    assert len(hashes) == 5
    assert {len(value) for value in hashes} == {16}


def test_where_a_record_lies_differs_by_key_site_and_visitor() -> None:
    hashes = {
        record_id(RING, "acme", bytes(16)),
        record_id(RING, "other", bytes(16)),
        record_id(RING, "acme", bytes(15) + b"1"),
        record_id(OTHER_RING, "acme", bytes(16)),
        visitor_id_for(RING, "acme", bytes(16)),
        bytes(16),
    }
    assert len(hashes) == 6
    assert {len(value) for value in hashes} == {16}
    rotated = rotate_ring(RING, 1, b"b" * 32)
    assert record_id(rotated, "acme", bytes(16)) == record_id(RING, "acme", bytes(16))


def test_an_imported_record_is_found_again_within_its_site_and_tool_alone() -> None:
    assert imported_id_for(rotate_ring(RING, 1, b"b" * 32), "acme", "Old", "7") == imported_id_for(
        RING, "acme", "Old", "7"
    )
    ids = {
        *(imported_id_for(RING, "acme", "Old", one) for one in ("7", "8")),
        imported_id_for(RING, "acme2", "Old", "7"),
        imported_id_for(RING, "acme", "Old7", ""),
        imported_id_for(OTHER_RING, "acme", "Old", "7"),
        visitor_id_for(RING, "acme", b"7"),
    }
    assert len(ids) == 6
    assert {len(one) for one in ids} == {16}
