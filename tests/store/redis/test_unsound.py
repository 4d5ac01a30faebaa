"""Servers whose data another program changed: opened, moved and backed up only as far as it can be believed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from consent_service.errors import StoreCorrupt, StoreUnavailable
from consent_service.store.redis import RedisStore, store_header
from consent_service.store.redis.examiner import RedisExaminer
from consent_service.store.transfer.move import move_store
from tests.store.transfer.record_files import backup_records
from tests.store.transfer.test_move import fill
from tests.support.redis.fleets import Fleet
from tests.support.redis.server import Server

Edit = Callable[[Server], object]


def said(**changed: object) -> Edit:
    """Change what the header says."""

    def edit(server: Server) -> None:
        known = json.loads(server.ask("GET", "{consent}header"))
        server.ask("SET", "{consent}header", json.dumps({**known, **changed}))

    return edit


def asked(*words: str | int) -> Edit:
    return lambda server: server.ask(*words)


OPENED: dict[str, Edit] = {
    "a negative shard count": said(shards=-4),
    "no shard": said(shards=0),
    "absurdly many shards": said(shards=10**9),
    "a floor beyond all": said(floor=2**63 - 1),
    "a version of nobody's": said(version=0),
    "no id": said(id=""),
    "text for a number": said(shards="64"),
    "no header": asked("SET", "{consent}header", "x"),
}


@pytest.mark.parametrize("edit", OPENED.values(), ids=OPENED)
async def test_a_header_that_none_can_have_is_refused_by_service_and_doctor(
    standalone: Fleet, edit: Edit, tmp_path: Path
) -> None:
    await RedisStore.open(standalone.url).close()
    edit(standalone.servers[0])
    with pytest.raises(StoreCorrupt):
        RedisStore.open(standalone.url)
    with pytest.raises(StoreCorrupt):
        await move_store(standalone.url, f"sqlite:///{tmp_path}/new.db")
    assert (await RedisExaminer(standalone.url, time.time).read_facts()).troubles


async def test_a_note_of_what_was_lost_that_can_t_be_read_is_a_sentence(standalone: Fleet) -> None:
    store = RedisStore.open(standalone.url)
    await store_header.begin_anew(store._router(), "the store", 1)
    await store.close()
    standalone.servers[0].ask("HSET", "{consent}lost", "acme.07", "x")
    with pytest.raises(StoreCorrupt, match=r"lost values of .* is damaged"):
        RedisStore.open(standalone.url)


async def test_a_mark_of_a_move_that_can_t_be_read_is_a_sentence(standalone: Fleet) -> None:
    await RedisStore.open(standalone.url).close()
    for mark in ("x", '{"to": "a", "at": 1e99}', '{"to": "a", "at": 99999999999999999}'):
        standalone.servers[0].ask("SET", "{consent}moved", mark)
        with pytest.raises(StoreCorrupt, match="mark of a move"):
            RedisStore.open(standalone.url)


MOVED: dict[str, Edit] = {
    "a shard that is not registered": asked("SET", "{acme.09}da", "x"),
    "a desk that is not registered": asked("HSET", "{other.desk}h", "n", 1),
    "a key of another kind in a shard": asked("SET", "{acme.07}zx", "x"),
    "a head with a name": asked("HSET", "{acme.07}hx", "n", 1),
    "a key of nobody's beside the header": asked("SET", "{consent}more", "x"),
    "a shard of no site": asked("ZADD", "{consent}shards", 9, "acme"),
    "a shard beyond the number": asked("ZADD", "{consent}shards", 9, "acme.64"),
    "a shard that is no text": lambda server: server._client.zadd("{consent}shards", {b"\xff\xfe": 9}),
    "a counter that is no number": asked("HSET", "{acme.07}h", "n", "x"),
    "a counter of 2^63-1": asked("HSET", "{acme.07}h", "n", 2**63 - 1),
    "a negative counter": asked("HSET", "{acme.07}h", "n", -1),
    "a counter behind its versions": asked("HSET", "{acme.07}h", "n", 1),
    "a document that is none": asked("SET", "{acme.07}dx", ""),
    "a document of another type": asked("SADD", "{acme.07}dx", "y"),
    "a record of another shard": asked("SET", "{acme.07}dv" + "0" * 16, "\1\1value"),
    "a fraction as a score": asked("ZADD", "{acme.07}idue", "1.5", "x"),
    "an endless score": asked("ZADD", "{acme.07}idue", "inf", "x"),
    "a score beyond all": asked("ZADD", "{acme.07}idue", "1e17", "x"),
    "an entry ahead of its counter": asked("XADD", "{acme.07}lledger", "999-0", "e", "x"),
    "an entry of another make": asked("XADD", "{acme.desk}lledger", "4-99", "x", "y"),
    "an entry of two parts": asked("XADD", "{acme.desk}lledger", "4-99", "e", "y", "e", "z"),
    "a trim that is no position": asked("HSET", "{acme.07}h", "tledger", "x"),
    "a trim of what is there": asked("HSET", "{acme.07}h", "tledger", "4-0"),
}


@pytest.mark.parametrize("edit", MOVED.values(), ids=MOVED)
async def test_what_no_store_can_hold_is_neither_moved_nor_saved(
    standalone: Fleet, edit: Edit, tmp_path: Path
) -> None:
    await fill(standalone.url)
    edit(standalone.servers[0])
    for way in (
        move_store(standalone.url, f"sqlite:///{tmp_path}/new.db"),
        backup_records(standalone.url, tmp_path / "saved"),
    ):
        with pytest.raises(StoreUnavailable):
            await way
    assert list(tmp_path.iterdir()) == []
    assert standalone.servers[0].ask("EXISTS", "{consent}moved") == 0


async def test_another_program_s_keys_stay_where_they_are(standalone: Fleet, tmp_path: Path) -> None:
    await fill(standalone.url)
    for key in ("session:1", "{user}name", "{a.b}d", "{", "{}x"):
        standalone.servers[0].ask("SET", key, "theirs")
    await backup_records(standalone.url, tmp_path / "saved")
    await move_store(standalone.url, f"sqlite:///{tmp_path}/new.db")
    assert standalone.servers[0].ask("GET", "session:1") == "theirs"


async def test_an_interrupted_beginning_anew_notes_no_gap_twice(standalone: Fleet, tmp_path: Path) -> None:
    """Its note was written, its counter not yet moved: the next beginning starts from the same counter."""
    await fill(standalone.url)
    store = RedisStore.open(standalone.url)
    await store_header.begin_anew(store._router(), "the store", 100)
    standalone.servers[0].ask("HSET", "{acme.07}h", "n", 5)
    await store_header.begin_anew(store._router(), "the store", 200)
    await store.close()
    again = RedisStore.open(standalone.url)
    assert not again.is_lost("acme.07", 5)
    assert again.is_lost("acme.07", 6)
    await again.close()
    await move_store(standalone.url, f"sqlite:///{tmp_path}/new.db")
