"""Backups of servers that are damaged, edited or made to hurt: refused in words before anything is written."""

from __future__ import annotations

import asyncio
import hashlib
import os
import resource
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from consent_service.errors import StoreCorrupt, StoreError, StoreNewer, StoreUnavailable
from consent_service.store.engines import open_store
from consent_service.store.lost_values import highest_possible
from consent_service.store.transfer import backup_file
from consent_service.store.transfer.records import BATCH
from tests.store.transfer.record_files import backup_records, restore_records
from tests.store.transfer.test_move import fill
from tests.support.redis.fleets import FLEETS, Standalone, empty

MAGIC = b"consent-service store\n"
ABOUT = {"id": "0" * 32, "shards": 4, "created_at": 1, "floor": 0}
FIRST = ["first", 1, ABOUT]
Frame = list[Any]


def document(name: bytes = b"a", version: int = 1, expires_at: int | None = None) -> Frame:
    return ["d", name, version, expires_at, b"value"]


def member(score: int = 1, name: bytes = b"m", index: bytes = b"due") -> Frame:
    return ["m", index, score, name]


def entry(sequence: int = 1, number: int = 0, log: str = "ledger") -> Frame:
    return ["e", log, sequence, number, b"payload"]


def whole(
    shard: str = "acme.00", counter: int = 3, born: int = 0, gaps: Sequence[Sequence[int]] = ()
) -> Frame:
    return ["whole", shard, {"counter": counter, "born": born, "gaps": gaps}]


def packed(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def written(*frames: object, digest: bytes | None = None, behind: bytes = b"") -> bytes:
    """A file of these frames, whose digest fits unless it is given."""
    data = MAGIC + b"".join(
        packed(frame if isinstance(frame, bytes) else msgspec.msgpack.encode(frame)) for frame in frames
    )
    end = ["end", hashlib.sha256(data).digest() if digest is None else digest]
    return data + packed(msgspec.msgpack.encode(end)) + behind


def batch(*records: Frame) -> Frame:
    return ["batch", list(records)]


GOOD = (FIRST, batch(document(), member(), entry()), whole())


@pytest.fixture
def url() -> str:
    fleet = FLEETS.fleet(Standalone)
    empty(fleet)
    return fleet.url


def refused(url: str, file: Path) -> str:
    """Return the message about a file that is refused; the servers stay empty."""
    with pytest.raises(StoreUnavailable) as caught:
        asyncio.run(restore_records(file, url))
    assert FLEETS.fleet(Standalone).servers[0].ask("DBSIZE") == 0
    assert str(file) in str(caught.value)
    return str(caught.value)


def test_a_file_as_this_service_writes_it_is_taken(url: str, tmp_path: Path) -> None:
    (tmp_path / "good").write_bytes(written(*GOOD))
    asyncio.run(restore_records(tmp_path / "good", url))


def test_what_expired_at_the_very_beginning_has_expired(url: str, tmp_path: Path) -> None:
    expired = [document(b"%d" % number, expires_at=at) for number, at in enumerate((0, -1, 1))]
    (tmp_path / "saved").write_bytes(written(FIRST, batch(*expired), whole()))
    asyncio.run(restore_records(tmp_path / "saved", url))
    assert FLEETS.fleet(Standalone).servers[0].ask("KEYS", "{acme.00}d*") == []


def about(**changed: object) -> Frame:
    return ["first", 1, {**ABOUT, **changed}]


DEEP = b"\x91" * 100_000
HOSTILE: dict[str, bytes] = {
    "no shards": written(about(shards=0), whole()),
    "a negative shard count": written(about(shards=-4), whole()),
    "absurdly many shards": written(about(shards=10**9), whole()),
    "an id of nothing": written(about(id=""), whole()),
    "an endless id": written(about(id="0" * 10_000), whole()),
    "a time before all": written(about(created_at=-1), whole()),
    "a floor beyond all": written(about(floor=2**63 - 1), whole()),
    "a counter of 2^63-1": written(FIRST, whole(counter=2**63 - 1)),
    "a counter of 2^64-1": written(FIRST, whole(counter=2**64 - 1)),
    "a negative counter": written(FIRST, whole(counter=-1)),
    "a shard born after itself": written(FIRST, whole(born=4)),
    "gaps out of order": written(FIRST, whole(gaps=[[2, 2], [1, 1]])),
    "a gap of the future": written(FIRST, whole(gaps=[[2, 3]])),
    "a gap that ends before it begins": written(FIRST, whole(gaps=[[2, 1]])),
    "ten million gaps": written(
        FIRST,
        b"\x93\xa5whole\xa7acme.00\x83\xa7counter\x01\xa4born\x00\xa4gaps\xdd\x00\x98\x96\x80"
        + b"\x92\0\0" * 10**7,
    ),
    "a counter of a far future": written(FIRST, whole(counter=highest_possible(2**32))),
    "a version that its counter never took": written(FIRST, batch(document(version=4)), whole()),
    "a version of nothing": written(FIRST, batch(document(version=0)), whole()),
    "an expiry beyond all": written(FIRST, batch(document(expires_at=2**63)), whole()),
    "a score beyond all": written(FIRST, batch(member(score=2**53 + 1)), whole()),
    "a position that its counter never took": written(FIRST, batch(entry(sequence=4)), whole()),
    "a negative number": written(FIRST, batch(entry(number=-1)), whole()),
    "a document twice": written(FIRST, batch(document(), document()), whole()),
    "a member twice": written(FIRST, batch(member(1), member(2)), whole()),
    "an entry twice": written(FIRST, batch(entry(), entry()), whole()),
    "entries out of order": written(FIRST, batch(entry(2), entry(1)), whole()),
    "records out of order": written(FIRST, batch(member(), document()), whole()),
    "an entry that was trimmed away": written(FIRST, batch(["t", "ledger", 2, 0], entry(1)), whole()),
    "a shard twice": written(FIRST, whole(), whole()),
    "a shard of no site": written(FIRST, whole("acme")),
    "a shard with a brace": written(FIRST, whole("a}b.00")),
    "a shard beyond the number": written(FIRST, whole("acme.04")),
    "a record in another shard": written(FIRST, batch(document(b"v" + bytes(16))), whole("acme.01")),
    "records of no shard": written(FIRST, batch(document())),
    "no beginning": written(batch(document()), whole()),
    "two beginnings": written(FIRST, whole(), FIRST),
    "a beginning too late": written(whole(), FIRST),
    "nothing": written(),
    "a digest of nothing": written(*GOOD, digest=b""),
    "another digest": written(*GOOD, digest=bytes(32)),
    "something behind the end": written(*GOOD, behind=b"\0"),
    "a second end": written(*GOOD, ["end", bytes(32)]),
    "frames in another order": written(GOOD[0], GOOD[2], GOOD[1]),
    "more records than travel together": written(
        FIRST, batch(*(document(b"%06d" % number) for number in range(BATCH + 1))), whole()
    ),
    "a member more in a frame": written([*FIRST, 1], whole()),
    "another kind of frame": written(FIRST, ["more"], whole()),
    "text that is no UTF-8": written(FIRST, b"\x93\xa5whole\xa2\xff\xfe\x80"),
    "text for bytes": written(FIRST, ["batch", [["d", "a", 1, None, "x"]]], whole()),
    "a fraction for a number": written(FIRST, batch(["d", b"a", 1.5, None, b""]), whole()),
    "arrays within arrays": written(FIRST, DEEP, whole()),
    "deep in a record": written(
        FIRST, b"\x92\xa5batch\x91\x96\xa1d\xc4\x01a\x01\xc0\xc4\x00" + DEEP, whole()
    ),
    "a length of 4 GiB": MAGIC + b"\xff\xff\xff\xff",
    "an array of 4 billion": written(FIRST, b"\x92\xa5batch\xdd\xff\xff\xff\xff", whole()),
    "a version of nobody's": written(["first", 0, ABOUT], whole()),
    "another file": b"SQLite format 3\0" + bytes(100),
    "nothing at all": b"",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_what_this_service_never_writes_is_refused_though_its_digest_fits(
    url: str, tmp_path: Path, data: bytes
) -> None:
    (tmp_path / "saved").write_bytes(data)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused(url, tmp_path / "saved")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10  # KiB


def test_a_newer_file_says_what_to_install(url: str, tmp_path: Path) -> None:
    (tmp_path / "saved").write_bytes(written(["first", backup_file.VERSION + 1, ABOUT], whole()))
    with pytest.raises(StoreNewer, match="newer version"):
        asyncio.run(restore_records(tmp_path / "saved", url))


def test_what_is_no_file_is_refused_at_once(url: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        assert "not a regular file" in refused(url, name)
    assert "No such file" in refused(url, tmp_path / "gone")


def test_a_sparse_file_of_a_terabyte_is_refused_without_reading_it(url: str, tmp_path: Path) -> None:
    (tmp_path / "saved").write_bytes(MAGIC)
    os.truncate(tmp_path / "saved", 1 << 40)
    refused(url, tmp_path / "saved")


async def _saved(url: str, file: Path) -> bytes:
    await fill(url)
    await backup_records(url, file)
    return file.read_bytes()


def flipped(url: str, file: Path, data: bytes, places: Sequence[int]) -> None:
    empty(FLEETS.fleet(Standalone))
    for at in places:
        file.write_bytes(data[:at] + bytes([data[at] ^ (1 << at % 8)]) + data[at + 1 :])
        with pytest.raises(StoreError) as caught, backup_file.open_source(file):
            raise AssertionError(f"byte {at} was not noticed")
        assert isinstance(caught.value, (StoreCorrupt, StoreNewer))


def test_a_flipped_bit_anywhere_is_noticed(url: str, tmp_path: Path) -> None:
    data = asyncio.run(_saved(url, tmp_path / "saved"))
    flipped(url, tmp_path / "saved", data, range(0, len(data), 211))


@pytest.mark.soak
def test_every_flipped_bit_is_noticed(url: str, tmp_path: Path) -> None:
    data = asyncio.run(_saved(url, tmp_path / "saved"))
    flipped(url, tmp_path / "saved", data, range(len(data)))


def test_half_a_restoration_goes_on_with_the_same_command(url: str, tmp_path: Path) -> None:
    """Whatever a kill left can't be opened, and is in nobody's way."""
    asyncio.run(_saved(url, tmp_path / "saved"))
    empty(FLEETS.fleet(Standalone))
    for stop in (0, 1, 3, 4):
        with pytest.raises(Stopped):
            asyncio.run(restore_records(tmp_path / "saved", url, progress=_stopping(stop)))
        if stop < 4:  # behind the last shard nothing is left to do
            with pytest.raises(StoreUnavailable, match="being copied"):
                open_store(url)
    with pytest.raises(StoreUnavailable, match="not empty"):
        asyncio.run(restore_records(tmp_path / "saved", url))


def test_half_a_restoration_is_not_ended_with_another_backup_of_the_store(url: str, tmp_path: Path) -> None:
    """Shards of the first one would stand beside the second one's, and nobody would know."""
    shards = [batch(document()), whole("acme.00"), batch(document()), whole("acme.01")]
    newer, older = tmp_path / "newer", tmp_path / "older"
    newer.write_bytes(written(FIRST, *shards))
    older.write_bytes(written(FIRST, batch(document(version=2)), whole("acme.00")))
    with pytest.raises(Stopped):
        asyncio.run(restore_records(newer, url, progress=_stopping(1)))
    with pytest.raises(StoreUnavailable, match="half a copy of another store, or of another backup"):
        asyncio.run(restore_records(older, url))
    asyncio.run(restore_records(newer, url))


class Stopped(Exception):
    """The command ends here."""


def _stopping(at: int) -> Any:
    def stop(done: int, _total: int) -> None:
        if done == at:
            raise Stopped

    return stop
