"""Recording: opt-outs of an export as records and ledger entries, one commit for each (design rules 5 and 6).

Each line's record lies under an id derived from the foreign one, so doing it again finds it there. Lines are
committed in batches, those of one shard together: all of them, or none.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Final, NamedTuple

from consent_service.domain.prior import imported
from consent_service.domain.standing import Standing
from consent_service.identity.keys import KeyRing
from consent_service.identity.visitor_ids import imported_id_for
from consent_service.importing.outcomes import OptOut, Outcome, Result
from consent_service.ledger.entries import Evidence
from consent_service.services.records.drafts import Draft, Plan, Planned, RandomIds, Waiting, Work
from consent_service.services.records.standings import record_key
from consent_service.services.records.writer import retry_on_conflict
from consent_service.services.visitor.plans import not_before
from consent_service.store.contract import Change, Key, Store

_TOGETHER: Final = 4096


class Place(NamedTuple):
    """Origin of an export: our site, and the cookie in which the other tool kept its visitors' ids."""

    site: str
    cookie: str


class _Line(NamedTuple):
    """An opt-out, and where its record lies."""

    key: Key
    visitor_id: bytes
    said: OptOut


class Recorder:
    """Records opt-outs. `dry`: only looks what would come of them."""

    def __init__(
        self, store: Store, ring: KeyRing, place: Place, clock: Callable[[], float], *, dry: bool = False
    ) -> None:
        self._store = store
        self._ring = ring
        self._place = place
        self._clock = clock
        self._dry = dry
        self._ids = RandomIds()

    async def record(self, lines: Iterable[OptOut | Outcome]) -> AsyncIterator[Outcome]:
        """Yield the outcome of each line, in order, once it is durable. Raises StoreError; run it again to resume."""
        rest = iter(lines)
        while batch := list(islice(rest, _TOGETHER)):
            shards: dict[str, list[_Line]] = {}
            for line in batch:
                if isinstance(line, OptOut):
                    found = self._line(line)
                    shards.setdefault(found.key.shard, []).append(found)
            recorded: dict[int, Outcome] = {}
            for some in await asyncio.gather(*(self._commit(*shard) for shard in shards.items())):
                recorded.update(some)
            for line in batch:
                yield recorded[line.line] if isinstance(line, OptOut) else line

    def _line(self, said: OptOut) -> _Line:
        site, cookie = self._place
        visitor_id = imported_id_for(self._ring, site, cookie, said.foreign_id)
        return _Line(record_key(self._ring, site, visitor_id, self._store.shards), visitor_id, said)

    async def _commit(self, shard: str, lines: Sequence[_Line]) -> dict[int, Outcome]:
        async def attempt(_number: int) -> dict[int, Outcome]:
            drafts = await self._drafts(lines)
            outcomes = {line.said.line: self._draft(drafts[line.key], line) for line in lines}
            change = _together(shard, [draft for draft in drafts.values() if draft.entries])
            if change.append and not self._dry:
                await self._store.commit(change)
            return outcomes

        return await retry_on_conflict("the records", attempt)  # another import of the same ids came between

    async def _drafts(self, lines: Sequence[_Line]) -> Mapping[Key, Draft]:
        keys = list(dict.fromkeys(line.key for line in lines))
        found = await self._store.get(keys)
        return {key: Draft(key, document, self._ids) for key, document in zip(keys, found, strict=True)}

    def _draft(self, draft: Draft, line: _Line) -> Outcome:
        said, before, now = line.said, len(draft.entries), int(self._clock())
        evidence = Evidence(made_at=said.made_at)
        work = Work(self._place.site, line.visitor_id, _plan(said, now), now, evidence)
        draft.add(Waiting(work, asyncio.get_running_loop().create_future()), None)
        new = len(draft.entries) > before
        return Outcome(said.line, Result.IMPORTED if new else Result.ALREADY, said.why)


def _plan(said: OptOut, now: int) -> Plan:
    def plan(standing: Standing | None, _version: int) -> Planned:
        choice = imported(said.rights, standing, not_before(standing, now))
        return Planned(() if choice is None else (choice,))

    return plan


def _together(shard: str, drafts: Sequence[Draft]) -> Change:
    """One commit for what several records of a shard wait for."""
    changes = [draft.change() for draft in drafts]
    return Change(
        shard,
        expect={name: version for change in changes for name, version in change.expect.items()},
        put=[put for change in changes for put in change.put],
        append=[entry for change in changes for entry in change.append],
    )
