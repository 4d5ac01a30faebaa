"""Visitors in bulk: a store with up to a million visitors who opted out, and their tokens in a file.

Everything follows from the visitor's number and the key ring, so a population is made once and kept in `.bench/`.
Records go into a store by the way that a move takes (`store.transfer`); tokens are signed in several processes.
Drives no server.
"""

from __future__ import annotations

import asyncio
import hashlib
import multiprocessing
import os
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from consent_service.domain.standing import Choice, Standing, VisitorRecord, pack_record
from consent_service.domain.words import Method, Stance
from consent_service.identity.key_ring import KeyRing, decode_ring, encode_ring, new_ring
from consent_service.identity.visitor_tokens import VisitorClaims, VisitorTokens, record_id
from consent_service.store.engines import engine_of
from consent_service.store.names import DEFAULT_SHARDS, standing_key
from consent_service.store.transfer.records import DocumentRecord, ShardHead, StoreInfo, in_batches

FOLDER: Final = Path(__file__).resolve().parents[2] / ".bench"
_CHUNK: Final = 20_000
_KEPT_FOR: Final = 30 * 86_400
"""Seconds after which a population is made anew, so that no token comes near its end."""
_FORM: Final = "1"
"""Changes with the records that are made here, so that a population of before is made anew."""

Shards = dict[str, list[DocumentRecord]]
_Part = TypeVar("_Part")


class Population(NamedTuple):
    """Visitors 0 to `size` - 1, made at `made_at` (Unix seconds).

    `tokens`: a file with one token a line, all of one length.
    """

    ring: KeyRing
    tokens: Path
    size: int
    made_at: int

    def first_token(self) -> str:
        """Return the token of visitor 0."""
        with self.tokens.open() as lines:
            return lines.readline().strip()


def visitor(ring: KeyRing, site: str, number: int, made_at: int) -> tuple[str, DocumentRecord, bytes]:
    """Return the visitor's shard, record and id. The visitor opted out by the banner, at a second of their own."""
    visitor_id, subject = (
        hashlib.sha256(b"%s %d" % (part, number)).digest()[:16] for part in (b"visitor", b"subject")
    )
    choice = Choice(Stance.OPTED_OUT, method=Method.BANNER, at=made_at - 86_400 - number)
    key = standing_key(site, record_id(ring, site, visitor_id), DEFAULT_SHARDS)
    value = pack_record(VisitorRecord(subject, Standing(sale=choice, share=choice)))
    return key.shard, DocumentRecord(key.name, number + 1, None, value), visitor_id


def population(site: str, size: int, folder: Path = FOLDER) -> Population:
    """Return the tokens of so many visitors, made unless they are kept from an earlier run."""
    kept = folder / f"{site}-{size}"
    stamp, ring_file, tokens = (kept / name for name in ("stamp", "ring.json", "tokens"))
    if not (stamp.exists() and _is_fresh(stamp.read_text())):
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True, mode=0o700)
        now = int(time.time())
        ring = new_ring(now - 86_400, os.urandom(32), os.urandom(32))
        ring_file.write_text(encode_ring(ring))
        with tokens.open("wb") as file:
            for lines in _in_processes(_sign_chunk, ring, site, size, now):
                file.write(lines)
        stamp.write_text(f"{_FORM} {now}")
    return Population(decode_ring(ring_file.read_text()), tokens, size, int(stamp.read_text().split()[1]))


def fill_store(url: str, site: str, visitors: Population) -> None:
    """Make a new store at `url` that holds the records of these visitors and no ledger entry.

    A SQLite file is kept beside the tokens, and copied from there by later runs.
    """
    file = engine_of(url).local_file(url)
    if file is None:
        return asyncio.run(_write_store(url, site, visitors))
    kept = visitors.tokens.with_name("store.db")
    if not kept.exists():
        asyncio.run(_write_store(f"sqlite:///{kept}", site, visitors))
    shutil.copyfile(kept, file)


async def _write_store(url: str, site: str, visitors: Population) -> None:
    shards: Shards = defaultdict(list)
    for part in _in_processes(_records_of_chunk, visitors.ring, site, visitors.size, visitors.made_at):
        for shard, records in part.items():
            shards[shard] += records
    about = StoreInfo(f"bench{visitors.size}", DEFAULT_SHARDS, visitors.made_at)
    async with engine_of(url).target(url, relaxed=False) as target:
        await target.begin_copy(about)
        for shard, records in shards.items():
            await target.clear_shard(shard)
            records.sort(key=lambda record: record.name)
            for batch in in_batches(records):
                await target.put_records(shard, batch, visitors.made_at)
            await target.seal_shard(shard, ShardHead(visitors.size))
        await target.complete_copy(about, None)


def _is_fresh(stamp: str) -> bool:
    form, made_at = stamp.split()
    return form == _FORM and time.time() - int(made_at) < _KEPT_FOR


def _in_processes(
    make: Callable[[tuple[str, str, int, range]], _Part], ring: KeyRing, site: str, size: int, made_at: int
) -> Iterator[_Part]:
    """Yield what `make` returns for each chunk of the visitors, in order."""
    text = encode_ring(ring)
    chunks = [
        (text, site, made_at, range(first, min(first + _CHUNK, size))) for first in range(0, size, _CHUNK)
    ]
    with multiprocessing.get_context("spawn").Pool() as pool:
        yield from pool.imap(make, chunks)


def _sign_chunk(chunk: tuple[str, str, int, range]) -> bytes:
    text, site, made_at, numbers = chunk
    ring = decode_ring(text)
    tokens = VisitorTokens(ring)
    lines = []
    for number in numbers:
        _, record, visitor_id = visitor(ring, site, number, made_at)
        lines.append(tokens.sign(site, VisitorClaims(visitor_id, record.version, None, made_at)) + "\n")
    return "".join(lines).encode()


def _records_of_chunk(chunk: tuple[str, str, int, range]) -> Shards:
    text, site, made_at, numbers = chunk
    ring = decode_ring(text)
    shards: Shards = defaultdict(list)
    for number in numbers:
        shard, record, _ = visitor(ring, site, number, made_at)
        shards[shard].append(record)
    return shards
