"""ShardCheck a store of any engine: what it says of itself, and what it holds, without opening it."""

from __future__ import annotations

from consent_service.store.contract import Append, Change, Key, Put, Store
from consent_service.store.engines import examine_store
from consent_service.store.status import Examiner
from tests.store.harness import Harness, SqliteHarness
from tests.store.redis.harness import RedisHarness


def examiner(engine: Harness) -> Examiner:
    if isinstance(engine, RedisHarness):
        return examine_store(engine.fleet.url, clock=engine.clock)
    assert isinstance(engine, SqliteHarness)
    return examine_store(f"sqlite:///{engine.path}", clock=engine.clock)


async def test_a_store_that_nobody_has_made_is_not_made_by_looking(engine: Harness) -> None:
    for _ in range(2):
        facts = await examiner(engine).read_facts()
        assert (facts.troubles, facts.laid) == ((), None)


async def test_a_store_says_how_it_is_laid_out_while_it_is_in_use_and_after(
    engine: Harness, store: Store
) -> None:
    served = await examiner(engine).read_facts()
    await store.close()
    rested = await examiner(engine).read_facts()
    for facts in (served, rested):
        assert facts.troubles == ()
        assert facts.laid is not None
        assert facts.laid.shards == store.shards


async def test_documents_are_read_as_the_store_reads_them(engine: Harness, store: Store) -> None:
    now = int(engine.clock())
    await store.commit(Change("acme.07", put=[Put(b"a", b"1"), Put(b"b", b"2", now + 5)]))
    keys = [Key("acme.07", b"a"), Key("acme.07", b"b"), Key("acme.08", b"c")]
    assert await examiner(engine).get(keys) == await store.get(keys)
    engine.clock.now += 10
    after = await examiner(engine).get(keys)
    assert [document is not None for document in after] == [True, False, False]


async def test_the_first_entry_behind_a_position_is_found(engine: Harness, store: Store) -> None:
    for payloads in ((b"first", b"with it"), (b"second",)):
        await store.commit(Change("acme.07", append=[Append("ledger", payload) for payload in payloads]))
    looked = examiner(engine)
    found = [await looked.next_behind("ledger", "acme.07", after) for after in (0, 1, 2)]
    assert found == [b"first", b"second", None]


async def test_what_was_lost_is_what_the_store_itself_says(engine: Harness, store: Store) -> None:
    await store.commit(Change("acme.07"))
    lost = await examiner(engine).lost_values()
    assert [lost.is_lost("acme.07", version) for version in (0, 1, 2)] == [
        store.is_lost("acme.07", version) for version in (0, 1, 2)
    ]


async def test_a_store_that_can_t_be_reached_is_a_trouble_and_no_crash(engine: Harness, store: Store) -> None:
    engine.lose()
    facts = await examiner(engine).read_facts()
    assert facts.laid is None
    if isinstance(engine, RedisHarness):
        assert facts.troubles
