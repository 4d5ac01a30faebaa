"""Keys: where things lie, and that visitors spread over the shards."""

from __future__ import annotations

import secrets
from collections import Counter

from consent_service.store.contract import Key
from consent_service.store.keys import (
    desk_shard,
    request_name,
    script_name,
    site_shards,
    standing_key,
    visitor_shard,
)

VISITOR = bytes([0, 0, 0, 71, *range(12)])


def test_a_visitors_keys_are_built_from_site_and_id() -> None:
    assert visitor_shard("acme", VISITOR, 64) == "acme.07"
    assert standing_key("acme", VISITOR, 64) == Key("acme.07", b"v" + VISITOR)
    assert request_name(VISITOR, bytes(16)) == b"v" + VISITOR + b"r" + bytes(16)
    assert script_name("abc") == b"sabc"


def test_every_visitors_shard_is_one_of_the_sites_and_none_is_the_desks() -> None:
    shards = site_shards("acme", 64)
    assert len(set(shards)) == 65
    assert shards[-1] == desk_shard("acme") == "acme.desk"
    seen = Counter(visitor_shard("acme", secrets.token_bytes(16), 64) for _ in range(20_000))
    assert set(seen) == set(shards[:-1])


def test_more_than_a_hundred_shards_have_longer_names() -> None:
    assert visitor_shard("acme", bytes([0, 0, 0, 107]), 1000) == "acme.107"
    assert len(set(site_shards("acme", 1000))) == 1001
