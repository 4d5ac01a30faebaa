"""Keys: where things lie, and that visitors spread over the shards."""

from __future__ import annotations

import secrets
from collections import Counter

from consent_service.store.contract import Key
from consent_service.store.names import (
    desk_shard,
    is_standing,
    lies_in,
    request_name,
    requests_of,
    script_name,
    site_shards,
    split_shard,
    standing_key,
    unsplit_shard,
    visitor_shard,
)

VISITOR = bytes([0, 0, 0, 71, *range(12)])


def test_a_visitors_keys_are_built_from_site_and_id() -> None:
    assert visitor_shard("acme", VISITOR, 64) == "acme.07"
    assert standing_key("acme", VISITOR, 64) == Key("acme.07", b"v" + VISITOR)
    name = standing_key("acme", VISITOR, 64).name
    assert request_name(name, bytes(16)) == requests_of(name) + bytes(16) == b"v" + VISITOR + b"r" + bytes(16)
    assert script_name("abc") == b"sabc"


def test_standings_are_told_from_what_else_lies_beside_them() -> None:
    name = standing_key("acme", VISITOR, 64).name
    assert is_standing(name)
    assert not any(map(is_standing, (request_name(name, bytes(16)), script_name("a" * 16), b"v", b"")))


def test_every_visitors_shard_is_one_of_the_sites_and_none_is_the_desks() -> None:
    shards = site_shards("acme", 64)
    assert len(set(shards)) == 65
    assert shards[-1] == desk_shard("acme") == "acme.desk"
    seen = Counter(visitor_shard("acme", secrets.token_bytes(16), 64) for _ in range(20_000))
    assert set(seen) == set(shards[:-1])


def test_more_than_a_hundred_shards_have_longer_names() -> None:
    assert visitor_shard("acme", bytes([0, 0, 0, 107]), 1000) == "acme.107"
    assert len(set(site_shards("acme", 1000))) == 1001


def test_a_shard_that_is_split_keeps_its_name_and_every_part_knows_whose_it_is() -> None:
    assert split_shard("a.b.07", 64, 192) == ["a.b.07", "a.b.71", "a.b.135"]
    assert split_shard("acme.desk", 64, 192) == ["acme.desk"]
    parts = [part for shard in site_shards("acme", 4) for part in split_shard(shard, 4, 12)]
    assert sorted(parts) == sorted(site_shards("acme", 12))
    assert [unsplit_shard(part, 4) for part in split_shard("acme.03", 4, 12)] == ["acme.03"] * 3


def test_all_of_a_visitor_goes_to_the_part_that_the_new_number_gives_and_the_rest_to_each() -> None:
    for visitor_id in (secrets.token_bytes(16) for _ in range(100)):
        parts = split_shard(visitor_shard("acme", visitor_id, 4), 4, 12)
        standing = standing_key("acme", visitor_id, 4).name
        for name in (standing, request_name(standing, bytes(16))):
            ours = [part for part in parts if lies_in(part, name, 12)]
            assert ours == [visitor_shard("acme", visitor_id, 12)]
        assert all(lies_in(part, b"s", 12) for part in parts)
    assert lies_in("acme.desk", b"v", 12)
