"""Sealing: the log's newest entries become a signed segment in the archive, in two commits.

The first commit fixes the plan: exact positions, time and key. The segment's bytes follow from the plan and
the log alone, so after a crash the same object is made again. The second commit fixes the signed checkpoint.
One segment holds entries of every shard of a site, so a site has one chain of checkpoints and no shard can be
left out. The sealing process holds a lease; both commits check it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from consent_service.errors import Conflict, LeaseLost, LedgerError, LedgerForked
from consent_service.identity.signatures import StatementSigner
from consent_service.ledger import checkpoints, object_names, segments
from consent_service.ledger.archive import Archive
from consent_service.ledger.checkpoints import STORED_NAME, Checkpoint, Plan, Span
from consent_service.ledger.log_reader import read_entries
from consent_service.store.contract import Change, Document, Entry, Key, Member, Put, Store
from consent_service.store.names import desk_shard, sealed_name, sealing_name, site_shards

MOST_ENTRIES: Final = 16_384
"""Entries in one segment; its last commit may go beyond. Proving one entry reads the whole segment."""

LEASE_SECONDS: Final = 120
_LEASE, _PLAN, STATE = (sealing_name(part) for part in ("lease", "plan", "state"))


class SealState(msgspec.Struct, frozen=True):
    """Progress of sealing a site.

    `checkpoint`: last signed checkpoint, as stored in the archive. `through`: last sealed position by shard.
    `trimmed`: last segment removed from the hot log. `dropped`: last segment removed from the archive.
    """

    number: int = 0
    digest: str = ""
    checkpoint: bytes = msgspec.field(default=b"", name=STORED_NAME)
    through: dict[str, int] = {}
    trimmed: int = 0
    dropped: int = 0


class Sealer:
    """Sealer of one site's log."""

    def __init__(
        self, store: Store, archive: Archive, signer: StatementSigner, site: str, clock: Callable[[], float]
    ) -> None:
        self.store = store
        self.archive = archive
        self.signer = signer
        self.site = site
        self.clock = clock
        self.desk = desk_shard(site)
        self._fence: dict[bytes, int] = {}

    async def take_lease(self) -> bool:
        """Take or extend the lease for two minutes. Return False if another process holds it."""
        document, _, _ = await self._read_documents()
        own_version = self._fence.get(_LEASE)
        if document is not None and document.version != own_version:
            return False
        until = int(self.clock()) + LEASE_SECONDS
        expect = {_LEASE: document.version if document else 0}
        try:
            version = await self.store.commit(Change(self.desk, expect, [Put(_LEASE, b"", until)]))
        except Conflict:
            return False
        self._fence = {_LEASE: version}
        return True

    async def renew_lease(self) -> None:
        """Extend the lease for two minutes. Raises LeaseLost."""
        if not await self.take_lease():
            raise LeaseLost(f"another process seals {self.site} now")

    async def release_lease(self) -> None:
        """Give up the lease, so that another process can seal."""
        await self._commit_fenced(Change(self.desk, self._fence, delete=[_LEASE]))
        self._fence = {}

    async def seal(self) -> int:
        """Seal all new entries. Return the number of segments made. Raises LeaseLost, LedgerForked, StoreError."""
        await self._match_archive()
        sealed = 0
        while await self._commit_plan():
            await self._seal_plan()
            sealed += 1
            await self.renew_lease()
        return sealed

    async def commit_state(
        self, before: Document | None, state: SealState, checkpoint: Checkpoint | None = None
    ) -> None:
        """Replace the state that was read, under the lease. `checkpoint`: of a segment that is new in the state."""
        expect = {**self._fence, STATE: before.version if before else 0}
        put = [Put(STATE, msgspec.msgpack.encode(state))]
        if checkpoint is None:
            await self._commit_fenced(Change(self.desk, expect, put))
        else:
            await self._commit_fenced(
                Change(self.desk, expect, put, delete=[_PLAN], add=_index_members(checkpoint))
            )

    async def read_state(self) -> tuple[Document | None, SealState]:
        """Return the state and the document that holds it."""
        _, _, document = await self._read_documents()
        return document, state_of(document)

    async def _commit_plan(self) -> bool:
        """Commit the plan of the next segment. Return False if there is nothing to seal and no plan yet."""
        _, planned, document = await self._read_documents()
        if planned is not None:
            return True
        state = state_of(document)
        spans = await self._next_spans(state)
        if not spans:
            return False
        for shard in spans:  # what was read may not be durable yet, but is with a commit behind it
            await self.store.commit(Change(shard))
        plan = Plan(state.number + 1, state.digest, int(self.clock()), self.signer.current, spans)
        expect = {**self._fence, _PLAN: 0, STATE: document.version if document else 0}
        await self._commit_fenced(Change(self.desk, expect, [Put(_PLAN, msgspec.msgpack.encode(plan))]))
        return True

    async def _next_spans(self, state: SealState) -> dict[str, Span]:
        """Return the span of the next segment for each shard with new entries."""
        spans, room = dict[str, Span](), MOST_ENTRIES
        for shard in sorted(site_shards(self.site, self.store.shards)):
            after = state.through.get(shard, 0)
            async for entry in read_entries(self.store, shard, Span(after, 2**53)):
                # A commit's entries have one position: they stay in one segment.
                if room <= 0 and entry.position.sequence > spans.get(shard, Span(0, 0)).through:
                    return spans
                spans[shard] = Span(after, entry.position.sequence)
                room -= 1
        return spans

    async def _seal_plan(self) -> None:
        """Make and archive the planned segment, then commit its checkpoint. A repetition makes the same objects."""
        _, planned, document = await self._read_documents()
        if planned is None:
            raise LeaseLost(f"another process has sealed {self.site}")
        plan = msgspec.msgpack.decode(planned.value, type=Plan)
        lines = await self._planned_entries(plan)
        segment = await asyncio.to_thread(segments.pack, lines)
        checkpoint = checkpoints.checkpoint_of(self.site, plan, segment)
        signed = checkpoints.sign(self.signer, checkpoint, plan.key)
        # In this order a signed checkpoint never names what is not archived. If the process dies before the last
        # line, `_match_archive` puts the checkpoint.
        await self.put(object_names.segment_name(self.site, checkpoint.number), segment.data)
        await self.put(object_names.marks_name(self.site, checkpoint.number), segment.marks)
        await self.commit_state(document, _state_after(state_of(document), checkpoint, signed), checkpoint)
        await self.put(object_names.checkpoint_name(self.site, checkpoint.number), signed)

    async def _planned_entries(self, plan: Plan) -> list[Entry]:
        return [
            entry
            for shard, span in sorted(plan.spans.items())
            async for entry in read_entries(self.store, shard, span)
        ]

    async def _match_archive(self) -> None:
        """Bring store and archive together: put what a crash left out, adopt what a restored backup lacks."""
        document, state = await self.read_state()
        archived = (
            await self.get(object_names.checkpoint_name(self.site, state.number))
            if state.number
            else state.checkpoint
        )
        if archived is None:
            await self.put(object_names.checkpoint_name(self.site, state.number), state.checkpoint)
        elif archived != state.checkpoint:
            raise LedgerForked(
                f"checkpoint {state.number} of {self.site} in the archive is not the one that this store sealed: run "
                "`ledger verify`; put the checkpoint back from a copy, or give each service an archive of its own"
            )
        # A checkpoint that the store does not know: the store was restored from a backup.
        while signed := await self.get(object_names.checkpoint_name(self.site, state.number + 1)):
            checkpoint = checkpoints.trusted_checkpoint(
                signed, self.signer.public_keys(), self.site, state.number + 1
            )
            if checkpoint.previous != state.digest:
                raise LedgerForked(
                    f"checkpoint {state.number + 1} of {self.site} in the archive does not continue this store's "
                    "chain: give each service an archive of its own, and keep both"
                )
            await self.commit_state(document, _state_after(state, checkpoint, signed), checkpoint)
            document, state = await self.read_state()

    async def _read_documents(self) -> tuple[Document | None, Document | None, Document | None]:
        lease, plan, state = await self.store.get([Key(self.desk, name) for name in (_LEASE, _PLAN, STATE)])
        return lease, plan, state

    async def _commit_fenced(self, change: Change) -> None:
        try:
            await self.store.commit(change)
        except Conflict as error:
            raise LeaseLost(f"another process seals {self.site} now") from error

    async def put(self, name: str, data: bytes) -> None:
        """Store an object in the archive, on a thread."""
        await asyncio.to_thread(self.archive.put, name, data)

    async def get(self, name: str) -> bytes | None:
        """Return an object of the archive, or None, read on a thread."""
        return await asyncio.to_thread(self.archive.get, name)


def state_of(document: Document | None, site: str = "the site") -> SealState:
    """Return the state in the document `STATE`. Raises LedgerError."""
    try:
        return SealState() if document is None else msgspec.msgpack.decode(document.value, type=SealState)
    except msgspec.DecodeError as error:
        raise LedgerError(f"unreadable sealing state of {site}: restore a backup") from error


def _state_after(state: SealState, checkpoint: Checkpoint, signed: bytes) -> SealState:
    through = state.through | {shard: span.through for shard, span in checkpoint.spans.items()}
    return msgspec.structs.replace(
        state,
        number=checkpoint.number,
        digest=checkpoints.digest_of(checkpoint),
        checkpoint=signed,
        through=through,
    )


def _index_members(checkpoint: Checkpoint) -> list[Member]:
    number = checkpoint.number.to_bytes(8)
    return [Member(sealed_name(shard), number, span.through) for shard, span in checkpoint.spans.items()]
