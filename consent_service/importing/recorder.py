"""Recorder of an export's opt-outs as records and ledger entries (design rules 5 and 6).

Each line's record lies under an id derived from the foreign one, so a second import finds it there. Lines are
committed in batches, those of one shard together: all of them, or none.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Final, NamedTuple

from consent_service.domain.prior_choices import imported_choice
from consent_service.domain.standing import Standing
from consent_service.identity.key_ring import KeyRing
from consent_service.identity.visitor_tokens import imported_id_for
from consent_service.importing.line_outcomes import LineOutcome, LineResult, OptOut
from consent_service.ledger.entries import Evidence
from consent_service.services.records.drafts import Draft, Plan, Planned, RandomIds, Waiting, Work
from consent_service.services.records.standings import record_key
from consent_service.services.records.writer import retry_on_conflict
from consent_service.services.visitor.plans import not_before
from consent_service.store.contract import Change, Key, Store

_TOGETHER: Final = 4096


class ExportOrigin(NamedTuple):
    """Origin of an export: our site, and the cookie in which the other tool kept its visitors' ids."""

    site: str
    cookie: str


class _OptOutRecord(NamedTuple):
    """An opt-out, and where its record lies."""

    key: Key
    visitor_id: bytes
    opt_out: OptOut


class Recorder:
    """Records opt-outs. `dry`: only looks what would come of them."""

    def __init__(
        self,
        store: Store,
        ring: KeyRing,
        place: ExportOrigin,
        clock: Callable[[], float],
        *,
        dry: bool = False,
    ) -> None:
        self._store = store
        self._ring = ring
        self._place = place
        self._clock = clock
        self._dry = dry
        self._ids = RandomIds()

    async def record_lines(self, lines: Iterable[OptOut | LineOutcome]) -> AsyncIterator[LineOutcome]:
        """Yield the outcome of each line, in order, once it is durable. Raises StoreError; run it again to resume."""
        remaining = iter(lines)
        while batch := list(islice(remaining, _TOGETHER)):
            shards: dict[str, list[_OptOutRecord]] = {}
            for line in batch:
                if isinstance(line, OptOut):
                    opt_out_record = self._record_of(line)
                    shards.setdefault(opt_out_record.key.shard, []).append(opt_out_record)
            recorded: dict[int, LineOutcome] = {}
            for shard_outcomes in await asyncio.gather(
                *(self._commit_shard(*shard) for shard in shards.items())
            ):
                recorded.update(shard_outcomes)
            for line in batch:
                yield recorded[line.line] if isinstance(line, OptOut) else line

    def _record_of(self, opt_out: OptOut) -> _OptOutRecord:
        site, cookie = self._place
        visitor_id = imported_id_for(self._ring, site, cookie, opt_out.foreign_id)
        return _OptOutRecord(
            record_key(self._ring, site, visitor_id, self._store.shards), visitor_id, opt_out
        )

    async def _commit_shard(self, shard: str, lines: Sequence[_OptOutRecord]) -> dict[int, LineOutcome]:
        async def attempt(_number: int) -> dict[int, LineOutcome]:
            drafts = await self._read_drafts(lines)
            outcomes = {line.opt_out.line: self._add_to_draft(drafts[line.key], line) for line in lines}
            change = _change_of(shard, [draft for draft in drafts.values() if draft.entries])
            if change.append and not self._dry:
                await self._store.commit(change)
            return outcomes

        return await retry_on_conflict("the records", attempt)  # another import of the same ids came between

    async def _read_drafts(self, lines: Sequence[_OptOutRecord]) -> Mapping[Key, Draft]:
        keys = list(dict.fromkeys(line.key for line in lines))
        documents = await self._store.get(keys)
        return {key: Draft(key, document, self._ids) for key, document in zip(keys, documents, strict=True)}

    def _add_to_draft(self, draft: Draft, line: _OptOutRecord) -> LineOutcome:
        opt_out, before, now = line.opt_out, len(draft.entries), int(self._clock())
        evidence = Evidence(made_at=opt_out.made_at)
        work = Work(self._place.site, line.visitor_id, _plan_of(opt_out, now), now, evidence)
        draft.add(Waiting(work, asyncio.get_running_loop().create_future()), None)
        new = len(draft.entries) > before
        return LineOutcome(opt_out.line, LineResult.IMPORTED if new else LineResult.ALREADY, opt_out.why)


def _plan_of(opt_out: OptOut, now: int) -> Plan:
    def plan(standing: Standing | None, _version: int) -> Planned:
        """Return the choice that the opt-out adds to this standing."""
        choice = imported_choice(opt_out.rights, standing, not_before(standing, now))
        return Planned(() if choice is None else (choice,))

    return plan


def _change_of(shard: str, drafts: Sequence[Draft]) -> Change:
    """Return the one commit that holds the changes of several records of a shard."""
    changes = [draft.change() for draft in drafts]
    return Change(
        shard,
        expect={name: version for change in changes for name, version in change.expect.items()},
        put=[put for change in changes for put in change.put],
        append=[entry for change in changes for entry in change.append],
    )
