"""A site's log over a real store, entries to fill it with, and a folder to seal it into."""

from __future__ import annotations

import asyncio
import gzip
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from consent_service.domain.facts import ChoiceMade, Fact, SignalSeen, apply_fact
from consent_service.domain.signals import Sources
from consent_service.domain.standing import Standing, VisitorRecord, pack_record, unpack_record
from consent_service.domain.words import Method, Stance
from consent_service.identity.key_ring import new_ring
from consent_service.identity.signatures import StatementSigner
from consent_service.ledger import segments
from consent_service.ledger.archive import FolderArchive
from consent_service.ledger.entries import Evidence, encode, entry_of
from consent_service.ledger.sealer import Sealer
from consent_service.store.contract import Append, Change, Put, Store
from consent_service.store.names import LEDGER, standing_key
from consent_service.store.sqlite import SqliteStore
from tests.support.clock import START, Clock

RING = new_ring(START, b"a" * 32, b"h" * 32)
SIGNER = StatementSigner(RING)
OPT_OUT = ChoiceMade(START, Method.BANNER, sale=Stance.OPTED_OUT, share=Stance.OPTED_OUT)
GPC = SignalSeen(START, Sources.HEADER)


def visitor(number: int) -> bytes:
    """The id of one of many visitors, who spread over the shards."""
    return uuid.uuid5(uuid.NAMESPACE_OID, str(number)).bytes


def subject(number: int) -> bytes:
    """The number that this visitor's entries bear, when `record` begins their record."""
    return uuid.uuid5(uuid.NAMESPACE_URL, str(number)).bytes


async def record(
    store: Store,
    number: int,
    fact: Fact = OPT_OUT,
    site: str = "acme",
    notice: str | None = None,
    evidence: Evidence | None = None,
) -> str:
    """Commit standing and entry of one fact; the entry's id."""
    key = standing_key(site, visitor(number), store.shards)
    (found,) = await store.get([key])
    known = unpack_record(found.value) if found else VisitorRecord(subject(number), Standing())
    standing = apply_fact(known.standing, fact)
    entry_id = str(uuid.uuid4())
    payload = encode(
        entry_of(
            fact,
            entry_id=entry_id,
            site=site,
            subject=known.subject,
            evidence=evidence or Evidence(notice=notice),
        )
    )
    await store.commit(
        Change(
            key.shard,
            put=[Put(key.name, pack_record(VisitorRecord(known.subject, standing)))],
            append=[Append(LEDGER, payload)],
        )
    )
    return entry_id


class Site:
    """One store, one archive, and whoever seals the one into the other."""

    def __init__(self, store: Store, folder: Path, clock: Clock) -> None:
        self.store = store
        self.folder = folder
        self.archive = FolderArchive(folder)
        self.clock = clock
        self.signer = SIGNER

    def sealer(self) -> Sealer:
        return Sealer(self.store, self.archive, self.signer, "acme", self.clock)

    async def seal(self) -> int:
        """Seal what there is, as one run of the work process, which lets the last one's lease lapse."""
        self.clock.now += 3_600
        sealer = self.sealer()
        assert await sealer.take_lease()
        done = await sealer.seal()
        await sealer.release_lease()
        return done

    async def sealed(self, *sizes: int) -> None:
        """So many segments with so many entries each."""
        for first, size in enumerate(sizes):
            await asyncio.gather(*(record(self.store, 1_000 * first + number) for number in range(size)))
            assert await self.seal() == 1

    def relined(self, name: str, change: Callable[[list[bytes]], list[bytes]]) -> None:
        """Rewrite a segment's lines."""
        lines = change(segments.split(segments.unpack(self.objects()[name])))
        self.archive.put(name, gzip.compress(b"".join(line + b"\n" for line in lines), mtime=0))

    def objects(self) -> dict[str, bytes]:
        """Everything in the archive."""
        return {name: (self.folder / name).read_bytes() for name in self.archive.names()}


@asynccontextmanager
async def a_site(folder: Path, sizes: Sequence[int] = ()) -> AsyncIterator[Site]:
    """An open site whose ledger has segments of these sizes."""
    clock = Clock()
    store = SqliteStore.open(folder / "store.db", shards=4, clock=clock)
    (folder / "archive").mkdir()
    try:
        site = Site(store, folder / "archive", clock)
        await site.sealed(*sizes)
        yield site
    finally:
        await store.close()
