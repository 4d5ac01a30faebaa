"""changed(): which keys may have changed, for one's own commits and for another process's."""

from __future__ import annotations

from consent_service.store.contract import Change, Changes, Key, Put, Store
from tests.store.harness import Harness

SHARD = "acme.07"


async def write(store: Store, *names: bytes, shard: str = SHARD) -> None:
    await store.commit(Change(shard, put=[Put(name, b"x") for name in names]))


async def test_without_a_mark_the_present_one_alone_is_told(store: Store) -> None:
    await write(store, b"a")
    mark, keys = await store.changed_since(None)
    assert keys is not None
    assert not keys
    assert await store.changed_since(mark) == Changes(mark, ())


async def test_what_both_openings_wrote_since_is_told_to_both(store: Store, other: Store) -> None:
    mark, _ = await store.changed_since(None)
    await write(store, b"a")
    await write(other, b"b", b"c")
    await write(other, b"d", shard="acme.08")
    await store.commit(Change(SHARD, delete=[b"e"]))
    for opened in (store, other):
        later, keys = await opened.changed_since(mark)
        assert keys is not None
        assert set(keys) == {*(Key(SHARD, name) for name in (b"a", b"b", b"c", b"e")), Key("acme.08", b"d")}
        assert await opened.changed_since(later) == Changes(later, ())


async def test_a_key_is_told_once_however_often_it_was_written(store: Store) -> None:
    mark, _ = await store.changed_since(None)
    for _ in range(5):
        await write(store, b"a")
    assert (await store.changed_since(mark)).keys == [Key(SHARD, b"a")]


async def test_each_mark_tells_only_what_came_behind_it(store: Store) -> None:
    mark, _ = await store.changed_since(None)
    for name in (b"a", b"b", b"c"):
        await write(store, name)
        mark, keys = await store.changed_since(mark)
        assert keys == [Key(SHARD, name)]


async def test_a_conflict_and_a_change_of_no_document_tell_nothing(store: Store) -> None:
    mark, _ = await store.changed_since(None)
    await store.commit(Change(SHARD))
    assert await store.changed_since(mark) == Changes(mark, ())


async def test_a_mark_from_the_future_or_from_too_far_back_means_everything(store: Store) -> None:
    first, _ = await store.changed_since(None)
    for _ in range(600):
        await write(store, b"a")
    assert (await store.changed_since(first)).keys is None
    mark, _ = await store.changed_since(None)
    assert await store.changed_since(mark + 1000) == Changes(mark, None)


async def test_a_group_of_very_many_keys_means_everything(store: Store) -> None:
    mark, _ = await store.changed_since(None)
    await write(store, *(b"%064d" % number for number in range(1000)))
    later, keys = await store.changed_since(mark)
    assert keys is None
    await write(store, b"a")
    assert (await store.changed_since(later)).keys == [Key(SHARD, b"a")]


async def test_marks_go_on_after_opening_again(engine: Harness, store: Store) -> None:
    mark, _ = await store.changed_since(None)
    second = await engine.open()
    await write(second, b"a")
    await second.close()
    assert (await store.changed_since(mark)).keys == [Key(SHARD, b"a")]
