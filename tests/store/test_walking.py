"""Walks: every document that is named so, in every engine, and nothing else."""

from __future__ import annotations

from consent_service.store.contract import Append, Change, Document, Key, Member, Put, Store
from tests.store.every_method import walked
from tests.support.clock import Clock

SHARDS = ["acme.07", "acme.08", "acme.desk"]


async def found(store: Store, prefix: bytes, shards: list[str]) -> dict[Key, Document]:
    batches = await walked(store, shards, prefix)
    assert all(batches), "no batch is empty"
    return {key: document for batch in batches for key, document in batch}


async def test_a_walk_finds_what_is_named_so_in_these_shards_and_nothing_else(store: Store) -> None:
    for shard in [*SHARDS, "acme.09", "other.07"]:
        put = [Put(b"v1", b"one"), Put(b"v2\xff", b"two"), Put(b"u", b""), Put(b"w", b"")]
        await store.commit(
            Change(shard, put=put, add=[Member(b"v", b"v", 1)], append=[Append("v", b"payload")])
        )
    assert await found(store, b"v", SHARDS) == {
        Key(shard, name): Document(value, 1)
        for shard in SHARDS
        for name, value in ((b"v1", b"one"), (b"v2\xff", b"two"))
    }
    assert set(await found(store, b"v2", ["acme.08"])) == {Key("acme.08", b"v2\xff")}
    assert await found(store, b"x", SHARDS) == {}
    assert await found(store, b"v", []) == {}


async def test_a_walk_over_many_documents_goes_on_to_the_end(store: Store) -> None:
    names = [b"v%04d" % number for number in range(1_201)]
    await store.commit(Change("acme.07", put=[Put(name, name) for name in names]))
    assert [key.name for key in sorted(await found(store, b"v", SHARDS))] == names


async def test_a_name_is_meant_as_it_is_written(store: Store) -> None:
    names = [b"[a-c]", b"b", b"*", b"?", b"\\", b"^", b""]
    await store.commit(Change("acme.07", put=[Put(b"v" + name, b"") for name in names]))
    for name in names[:-1]:
        assert set(await found(store, b"v" + name, SHARDS)) == {Key("acme.07", b"v" + name)}
    assert len(await found(store, b"", SHARDS)) == len(names)


async def test_a_walk_passes_by_what_has_expired_or_was_deleted(store: Store, clock: Clock) -> None:
    soon = int(clock()) + 10
    await store.commit(Change("acme.07", put=[Put(b"v1", b"", soon), Put(b"v2", b""), Put(b"v3", b"")]))
    assert len(await found(store, b"v", SHARDS)) == 3
    clock.now = soon
    await store.commit(Change("acme.07", delete=[b"v3"]))
    assert set(await found(store, b"v", SHARDS)) == {Key("acme.07", b"v2")}


async def test_what_is_there_the_whole_time_is_found_while_others_write(store: Store) -> None:
    names = {b"v%04d" % number for number in range(1_200)}
    await store.commit(Change("acme.07", put=[Put(name, b"") for name in sorted(names)]))
    seen, others = set[bytes](), 0
    async for batch in store.walk(["acme.07"], b"v"):
        seen |= {key.name for key, _ in batch}
        for _ in range(40):
            others += 1
            put = [Put(b"vv%d" % others, b"")]
            await store.commit(Change("acme.07", put=put, delete=[b"vv%d" % (others - 9)]))
    assert seen >= names
