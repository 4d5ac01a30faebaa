"""Changes to one record: the first commits by itself, those who come meanwhile go together behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from consent_service.domain.facts import ChoiceMade
from consent_service.domain.standing import Standing
from consent_service.domain.words import Stance
from consent_service.identity.key_ring import new_ring
from consent_service.identity.visitor_tokens import VisitorTokens
from consent_service.ledger.entries import Evidence
from consent_service.services.records.drafts import Planned, RandomIds, Work
from consent_service.services.records.idempotency import IdempotencyKey
from consent_service.services.records.standings import RecordDecoder, Standings
from consent_service.services.records.writer import StandingWriter
from consent_service.store.cache import CoherentCache
from consent_service.store.sqlite.engine import SqliteStore
from tests.support.clock import START

VISITOR = bytes(16)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[StandingWriter]:
    store = SqliteStore.open(folder / "consent.db")
    cache = CoherentCache(store, RecordDecoder().decode)
    ring = new_ring(START, bytes(32), bytes(32))
    try:
        yield StandingWriter(store, Standings(ring, VisitorTokens(ring), cache, store), RandomIds())
    finally:
        await store.close()


def opt_out(number: int) -> Work:
    def plan(_standing: Standing | None, _version: int) -> Planned:
        return Planned([ChoiceMade(START, sale=Stance.OPTED_OUT)])

    key = IdempotencyKey(bytes([number]) * 16, b"digest")
    return Work("acme", VISITOR, plan, START, Evidence(), key, minted=True)


async def test_calls_that_arrive_during_a_commit_are_written_by_one_commit_after_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as writer:
        written = await asyncio.gather(*(writer.write(opt_out(number)) for number in range(50)))
    assert [one.version for one in written] == [1, *[2] * 49]
    assert len({one.receipt.id for one in written if one.receipt is not None}) == 50
    assert writer.waiting == 0


async def test_a_call_queued_behind_a_cancelled_call_is_written_all_the_same(tmp_path: Path) -> None:
    async with opened(tmp_path) as writer:
        first = asyncio.create_task(writer.write(opt_out(1)))
        await asyncio.sleep(0)
        second = asyncio.create_task(writer.write(opt_out(2)))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert (await second).receipt is not None


async def test_a_plan_that_fails_is_its_calls_error_alone(tmp_path: Path) -> None:
    def fails(_standing: Standing | None, _version: int) -> Planned:
        raise ValueError("not like this")

    async with opened(tmp_path) as writer:
        works = [opt_out(1)._replace(plan=fails, key=None), opt_out(2), opt_out(3)]
        came = await asyncio.gather(*map(writer.write, works), return_exceptions=True)
        assert isinstance(came[0], ValueError)
        assert not any(isinstance(one, BaseException) for one in came[1:])
        assert (await writer.write(opt_out(4))).receipt is not None
