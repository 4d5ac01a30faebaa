"""Sealing: the log's newest entries become a signed segment in the archive, in two commits.

The first fixes the plan: exact positions, time and key. The segment's bytes follow from the plan and the log
alone, so a crash anywhere leads to the same object again. The second commit fixes the signed checkpoint. One segment
holds entries of every shard of a site, so that a site has one chain of checkpoints and no shard can be left out
of it. Whoever seals holds a lease; both commits check it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from consent_service.errors import Conflict, LeaseLost, LedgerError, LedgerForked
from consent_service.identity.signatures import Signer
from consent_service.ledger import archive, checkpoints, segments
from consent_service.ledger.archive import Archive
from consent_service.ledger.checkpoints import STORED_NAME, Checkpoint, Plan, Span
from consent_service.ledger.reading import entries
from consent_service.store.contract import Change, Document, Entry, Key, Member, Put, Store
from consent_service.store.keys import desk_shard, sealed_name, sealing_name, site_shards

MOST_ENTRIES: Final = 16_384
"""In one segment, but for what a last commit appends beyond: whoever proves one entry reads its whole segment."""

LEASE_SECONDS: Final = 120
_LEASE, _PLAN, STATE = (sealing_name(part) for part in ("lease", "plan", "state"))


class State(msgspec.Struct, frozen=True):
    """How far a site is sealed. `checkpoint`: the last signed checkpoint as it lies in the archive.

    `through`: for each shard the last position sealed. `trimmed`: the last segment that is gone from the hot log;
    `dropped`: the last one that is gone from the archive.
    """

    number: int = 0
    digest: str = ""
    checkpoint: bytes = msgspec.field(default=b"", name=STORED_NAME)
    through: dict[str, int] = {}
    trimmed: int = 0
    dropped: int = 0


class Sealer:
    """Seals one site's log."""

    def __init__(
        self, store: Store, kept: Archive, signer: Signer, site: str, clock: Callable[[], float]
    ) -> None:
        self.store = store
        self.archive = kept
        self.signer = signer
        self.site = site
        self.clock = clock
        self.desk = desk_shard(site)
        self._fence: dict[bytes, int] = {}

    async def take_lease(self) -> bool:
        """Become the one who seals, for some minutes; False when another process is."""
        found, _, _ = await self._documents()
        ours = self._fence.get(_LEASE)
        if found is not None and found.version != ours:
            return False
        until = int(self.clock()) + LEASE_SECONDS
        expect = {_LEASE: found.version if found else 0}
        try:
            version = await self.store.commit(Change(self.desk, expect, [Put(_LEASE, b"", until)]))
        except Conflict:
            return False
        self._fence = {_LEASE: version}
        return True

    async def renew(self) -> None:
        """Hold the lease some minutes longer. Raises LeaseLost."""
        if not await self.take_lease():
            raise LeaseLost(f"another process seals {self.site} now")

    async def release(self) -> None:
        """Let the next one seal."""
        await self._commit(Change(self.desk, self._fence, delete=[_LEASE]))
        self._fence = {}

    async def seal(self) -> int:
        """Seal what there is; how many segments that were. Raises LeaseLost, LedgerForked, StoreError."""
        await self._adopt()
        sealed = 0
        while await self._plan():
            await self._fulfil()
            sealed += 1
            await self.renew()
        return sealed

    async def commit_state(
        self, before: Document | None, state: State, checkpoint: Checkpoint | None = None
    ) -> None:
        """Put the state in place of the one that was read, under the lease; `checkpoint`: of a segment new in it."""
        expect = {**self._fence, STATE: before.version if before else 0}
        put = [Put(STATE, msgspec.msgpack.encode(state))]
        if checkpoint is None:
            await self._commit(Change(self.desk, expect, put))
        else:
            await self._commit(Change(self.desk, expect, put, delete=[_PLAN], add=_index(checkpoint)))

    async def read_state(self) -> tuple[Document | None, State]:
        """The state and the document that holds it."""
        _, _, found = await self._documents()
        return found, state_of(found)

    async def _plan(self) -> bool:
        """Fix the next segment, if there is anything to seal or a plan already."""
        _, planned, found = await self._documents()
        if planned is not None:
            return True
        state = state_of(found)
        spans = await self._spans(state)
        if not spans:
            return False
        for shard in spans:  # what was read may not be durable yet, but is with a commit behind it
            await self.store.commit(Change(shard))
        plan = Plan(state.number + 1, state.digest, int(self.clock()), self.signer.current, spans)
        expect = {**self._fence, _PLAN: 0, STATE: found.version if found else 0}
        await self._commit(Change(self.desk, expect, [Put(_PLAN, msgspec.msgpack.encode(plan))]))
        return True

    async def _spans(self, state: State) -> dict[str, Span]:
        """What the next segment covers: for each shard with new entries from where to where."""
        spans, left = dict[str, Span](), MOST_ENTRIES
        for shard in sorted(site_shards(self.site, self.store.shards)):
            after = state.through.get(shard, 0)
            async for entry in entries(self.store, shard, Span(after, 2**53)):
                if left <= 0 and entry.position.sequence > spans.get(shard, Span(0, 0)).through:
                    return spans
                spans[shard] = Span(after, entry.position.sequence)
                left -= 1
        return spans

    async def _fulfil(self) -> None:
        """Make the planned segment, archive it, and fix its checkpoint. Doing it again makes the same objects."""
        _, planned, found = await self._documents()
        if planned is None:
            raise LeaseLost(f"another process has sealed {self.site}")
        plan = msgspec.msgpack.decode(planned.value, type=Plan)
        lines = await self._entries(plan)
        segment = await asyncio.to_thread(segments.pack, lines)
        checkpoint = checkpoints.checkpoint_of(self.site, plan, segment)
        signed = checkpoints.sign(self.signer, checkpoint, plan.key)
        await self.put(archive.segment_name(self.site, checkpoint.number), segment.data)
        await self.put(archive.marks_name(self.site, checkpoint.number), segment.marks)
        await self.commit_state(found, _behind(state_of(found), checkpoint, signed), checkpoint)
        await self.put(archive.checkpoint_name(self.site, checkpoint.number), signed)

    async def _entries(self, plan: Plan) -> list[Entry]:
        return [
            entry
            for shard, span in sorted(plan.spans.items())
            async for entry in entries(self.store, shard, span)
        ]

    async def _adopt(self) -> None:
        """Bring store and archive together: put what a crash left out, take on what a restored backup forgot."""
        found, state = await self.read_state()
        ours = (
            await self.get(archive.checkpoint_name(self.site, state.number))
            if state.number
            else state.checkpoint
        )
        if ours is None:
            await self.put(archive.checkpoint_name(self.site, state.number), state.checkpoint)
        elif ours != state.checkpoint:
            raise LedgerForked(
                f"checkpoint {state.number} of {self.site} in the archive is not the one that this store sealed: run "
                "`ledger verify`; put the checkpoint back from a copy, or give each service an archive of its own"
            )
        while signed := await self.get(archive.checkpoint_name(self.site, state.number + 1)):
            checkpoint = checkpoints.trusted_checkpoint(
                signed, self.signer.public(), self.site, state.number + 1
            )
            if checkpoint.previous != state.digest:
                raise LedgerForked(
                    f"checkpoint {state.number + 1} of {self.site} in the archive does not go on from this store's: "
                    "give each service an archive of its own, and keep both"
                )
            await self.commit_state(found, _behind(state, checkpoint, signed), checkpoint)
            found, state = await self.read_state()

    async def _documents(self) -> tuple[Document | None, Document | None, Document | None]:
        lease, plan, state = await self.store.get([Key(self.desk, name) for name in (_LEASE, _PLAN, STATE)])
        return lease, plan, state

    async def _commit(self, change: Change) -> None:
        try:
            await self.store.commit(change)
        except Conflict as error:
            raise LeaseLost(f"another process seals {self.site} now") from error

    async def put(self, name: str, data: bytes) -> None:
        await asyncio.to_thread(self.archive.put, name, data)

    async def get(self, name: str) -> bytes | None:
        return await asyncio.to_thread(self.archive.get, name)


def state_of(found: Document | None, site: str = "the site") -> State:
    """Return what the document `STATE` says. Raises LedgerError."""
    try:
        return State() if found is None else msgspec.msgpack.decode(found.value, type=State)
    except msgspec.DecodeError as error:
        raise LedgerError(f"how far {site} is sealed can't be read: restore a backup") from error


def _behind(state: State, checkpoint: Checkpoint, signed: bytes) -> State:
    through = state.through | {shard: span.through for shard, span in checkpoint.spans.items()}
    return msgspec.structs.replace(
        state,
        number=checkpoint.number,
        digest=checkpoints.digest_of(checkpoint),
        checkpoint=signed,
        through=through,
    )


def _index(checkpoint: Checkpoint) -> list[Member]:
    number = checkpoint.number.to_bytes(8)
    return [Member(sealed_name(shard), number, span.through) for shard, span in checkpoint.spans.items()]
