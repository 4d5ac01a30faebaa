"""A visitor's share of Redis's memory: the standing's document alone, the log apart."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable

import pytest

from consent_service.domain.signals import Sources
from consent_service.domain.standing import SUBJECT_BYTES, Choice, Standing, VisitorRecord, pack_record
from consent_service.domain.words import Method, Stance
from consent_service.store.contract import Change, Put
from consent_service.store.names import standing_key
from consent_service.store.redis import RedisStore
from tests.support.redis.fleets import FLEETS, Cluster, Fleet, Standalone, empty

MOST = 200
"""Bytes a visitor, at a million visitors."""

_OUT = Choice(Stance.OPTED_OUT, method=Method.BANNER, at=1_795_341_600)
USUAL = Standing(gpc=Sources.HEADER, gpc_at=1_795_341_600, sale=_OUT, share=_OUT)

pytestmark = pytest.mark.soak


@pytest.mark.parametrize("kind", [Standalone, Cluster])
async def test_a_visitor_with_a_standing_takes_at_most_200_bytes(
    kind: Callable[[], Fleet], capsys: pytest.CaptureFixture[str]
) -> None:
    fleet = FLEETS.fleet(kind)
    empty(fleet)
    store = RedisStore.open(fleet.url)
    visitors, before = 1_000_000, _used(fleet)
    shards: dict[str, list[Put]] = defaultdict(list)
    for _ in range(visitors):
        key = standing_key("acme", os.urandom(16), store.shards)
        record = pack_record(VisitorRecord(os.urandom(SUBJECT_BYTES), USUAL))
        shards[key.shard].append(Put(key.name, record))
    for shard, puts in shards.items():
        for start in range(0, len(puts), 500):
            await store.commit(Change(shard, put=puts[start : start + 500]))
    each = (_used(fleet) - before) / visitors
    await store.close()
    empty(fleet)
    with capsys.disabled():
        print(f"\n{kind.__name__}: {each:.1f} bytes a visitor, at {visitors} visitors")
    assert each <= MOST


def _used(fleet: Fleet) -> int:
    return sum(int(master.info("memory")["used_memory"]) for master in fleet.masters())
