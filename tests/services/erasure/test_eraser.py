"""Erasing, over a real store: whatever was done in whatever order, records, ledger and answers agree."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from consent_service.domain.facts import ChoiceMade, Fact, SignalSeen
from consent_service.domain.signals import Sources
from consent_service.domain.standing import Standing
from consent_service.domain.words import Stance, Step
from consent_service.identity.key_ring import new_ring
from consent_service.identity.visitor_tokens import VisitorClaims, VisitorTokens
from consent_service.ledger.entries import ErasedEntry, Evidence, decode
from consent_service.ledger.rebuild import rebuild_standings
from consent_service.services.erasure.eraser import Eraser
from consent_service.services.records.drafts import Planned, RandomIds, Work
from consent_service.services.records.standings import RecordDecoder, Standings, Visitor
from consent_service.services.records.writer import StandingWriter
from consent_service.store.cache import CoherentCache
from consent_service.store.contract import Change, Put
from consent_service.store.names import LEDGER, site_shards
from consent_service.store.sqlite import SqliteStore
from tests.support.clock import START, Clock
from tests.support.records import records_of

RING = new_ring(START, bytes(32), bytes(32))
TOKENS = VisitorTokens(RING)
SITE = "acme"
OUT = ChoiceMade(START, sale=Stance.OPTED_OUT)
LIMIT = ChoiceMade(START, sensitive=Stance.OPTED_OUT)
BACK_IN = ChoiceMade(START, sale=Stance.OPTED_IN, step=Step.CONFIRMED)
GPC = SignalSeen(START, Sources.HEADER)
FACTS: dict[str, Fact] = {"out": OUT, "limit": LIMIT, "back in": BACK_IN, "signal": GPC}


class Parts(NamedTuple):
    """A store, and who writes to it, reads from it and erases."""

    store: SqliteStore
    standings: Standings
    writer: StandingWriter
    eraser: Eraser

    async def record(self, visitor: bytes, fact: Fact) -> None:
        plan = Planned([fact])
        work = Work(SITE, visitor, lambda _standing, _version: plan, START, Evidence())
        await self.writer.write(work)

    async def erase(self, visitor: bytes) -> bool:
        return await self.eraser.erase_visitor(SITE, self.eraser.key_of(SITE, visitor))

    async def payloads(self) -> list[bytes]:
        page = await self.store.read(LEDGER, site_shards(SITE, self.store.shards), "", 10_000)
        return [entry.payload for entry in page.entries]

    async def standing(self, visitor: bytes) -> Standing:
        """Return the record that answers the oldest token of this visitor."""
        token = TOKENS.sign(SITE, VisitorClaims(visitor, 0, None, START))
        found = await self.standings.recognise(SITE, token, START)
        assert isinstance(found, Visitor)
        assert isinstance(found.record.standing, Standing)
        return found.record.standing


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Parts]:
    store, ids = SqliteStore.open(folder / "consent.db", clock=Clock()), RandomIds()
    standings = Standings(RING, TOKENS, CoherentCache(store, RecordDecoder().decode), store)
    try:
        yield Parts(
            store, standings, StandingWriter(store, standings, ids), Eraser(store, RING, ids, Clock())
        )
    finally:
        await store.close()


def visitor(number: int) -> bytes:
    return bytes([number] * 16)


steps = st.tuples(st.integers(1, 3), st.sampled_from([*FACTS, "erase", "erase"]))


@settings(max_examples=25)
@given(st.lists(steps, min_size=4, max_size=14))
def test_rules_6_and_8_hold_whatever_was_done_in_whatever_order(done: Sequence[tuple[int, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_do(Path(folder), done))


async def _do(folder: Path, done: Sequence[tuple[int, str]]) -> None:
    denied = dict[int, bool]()
    async with opened(folder) as parts:
        for number, step in done:
            if step == "erase":
                await parts.erase(visitor(number))
                denied[number] = True
            else:
                await parts.record(visitor(number), FACTS[step])
                denied[number] = step == "out" or (denied.get(number, False) and step != "back in")
        payloads, records = await parts.payloads(), await records_of(parts.store, SITE)
        assert {one.subject.hex(): one.standing for one in records.values()} == rebuild_standings(payloads)
        gone = {entry.subject for entry in map(decode, payloads) if isinstance(entry, ErasedEntry)}
        assert not gone & {one.subject.hex() for one in records.values()}
        for number, expected in denied.items():
            stance = (await parts.standing(visitor(number))).sale.stance
            assert (stance is Stance.OPTED_OUT) is expected


async def test_a_record_that_can_t_be_read_is_erased_all_the_same(tmp_path: Path) -> None:
    async with opened(tmp_path) as parts:
        key = parts.eraser.key_of(SITE, visitor(1))
        await parts.store.commit(Change(key.shard, put=[Put(key.name, b"damaged")]))
        assert await parts.erase(visitor(1))
        standing = await parts.standing(visitor(1))
        assert standing.sensitive.stance is Stance.OPTED_OUT
        assert await parts.payloads() == [], "nobody can tell whose number it was"


async def test_choices_that_come_while_somebody_is_erased_never_part_record_and_ledger(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as parts:
        for _ in range(10):
            choices = (parts.record(visitor(1), fact) for fact in (OUT, LIMIT, GPC) for _ in range(3))
            await asyncio.gather(parts.erase(visitor(1)), *choices)
        await parts.erase(visitor(1))
        assert rebuild_standings(await parts.payloads()) == {}
        assert (await parts.standing(visitor(1))).sensitive.stance is Stance.OPTED_OUT


async def test_a_record_that_begins_during_an_erasure_begins_behind_it(tmp_path: Path) -> None:
    """The first choice of somebody minted reads nothing: its commit finds out."""
    async with opened(tmp_path) as parts:
        await parts.erase(visitor(1))
        plan = Planned([LIMIT])
        work = Work(SITE, visitor(1), lambda _standing, _version: plan, START, Evidence(), minted=True)
        written = await parts.writer.write(work)
        assert written.standing is not None
        assert written.standing.sale.stance is Stance.OPTED_OUT


async def test_visitors_are_found_by_the_numbers_that_their_entries_bear(tmp_path: Path) -> None:
    async with opened(tmp_path) as parts:
        for number in (1, 2, 3):
            await parts.record(visitor(number), OUT)
        records = await records_of(parts.store, SITE)
        keys = sorted(parts.eraser.key_of(SITE, visitor(number)) for number in (1, 3))
        wanted = {records[key].subject for key in keys}
        assert await parts.eraser.find_subjects(SITE, wanted) == keys
        assert await parts.eraser.find_subjects("other", wanted) == []
