"""Backup file: a file of records as the source and the target of a copy, for stores that are not files.

Frames, each with its length before it: the store's facts, then for each shard its batches and its head, and
at the end the SHA-256 of all before. A file is read once from end to end, and its digest checked, before
anything in it is believed. Its maker may be an attacker: no length in it is trusted, and no more than one
frame is in memory at once.
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from io import BufferedRandom
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import msgspec

from consent_service.errors import StoreCorrupt, StoreError, StoreNewer, StoreUnavailable
from consent_service.store.fsync import sync_folder
from consent_service.store.move_mark import MoveMark
from consent_service.store.transfer.records import (
    BATCH,
    DocumentRecord,
    Record,
    ShardHead,
    StoreInfo,
    in_batches,
)

VERSION: Final = 1
MAGIC: Final = b"consent-service store\n"
_LENGTH: Final = struct.Struct(">I")
_PART: Final = ".part"
_LARGEST: Final = 1 << 28
"""Bytes of a frame: far more than a batch has, so only a huge record can be refused."""
_SPOILT: Final = (msgspec.MsgspecError, UnicodeDecodeError, EOFError, RecursionError, OverflowError)
"""Exceptions of reading a file that no backup wrote."""


class _First(msgspec.Struct, frozen=True, array_like=True, tag="first", forbid_unknown_fields=True):
    version: int
    about: StoreInfo


class _Batch(msgspec.Struct, frozen=True, array_like=True, tag="batch", forbid_unknown_fields=True):
    records: Annotated[list[Record], msgspec.Meta(max_length=BATCH)]


class _Whole(msgspec.Struct, frozen=True, array_like=True, tag="whole", forbid_unknown_fields=True):
    """The batches since the last of these are this shard."""

    shard: str
    head: ShardHead


class _End(msgspec.Struct, frozen=True, array_like=True, tag="end", forbid_unknown_fields=True):
    digest: bytes


_Frame = _First | _Batch | _Whole | _End
_DECODER: Final = msgspec.msgpack.Decoder(_Frame)


@contextmanager
def open_source(path: Path) -> Iterator[BackupSource]:
    """Yield the backup at `path` as a source, checked. Raises StoreCorrupt, StoreNewer, StoreUnavailable."""
    try:
        with open_regular(path) as file:
            yield BackupSource(file, path)
    except OSError as error:
        raise StoreUnavailable(f"{path}: {error.strerror}") from error


@contextmanager
def open_target(path: Path) -> Iterator[BackupTarget]:
    """Yield a new file as a target; it gets its name once it is whole. Raises StoreUnavailable when `path` exists."""
    part = path.with_name(path.name + _PART)
    try:
        if path.exists():
            raise StoreUnavailable(f"{path} exists already: name a new file")
        part.unlink(missing_ok=True)  # what an interrupted one left
        part.touch(0o600, exist_ok=False)
        with part.open("r+b") as file:
            yield BackupTarget(file, path, part)
    except OSError as error:
        raise StoreUnavailable(f"{path}: {error.strerror}") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


class BackupSource:
    """`records.Source` over a backup file."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self.name = str(path)
        self._file = file
        self._shards: dict[str, tuple[int, ShardHead]] = {}  # where its batches begin
        self.moved: MoveMark | None = None
        self.about = self._read_whole()

    async def shards(self) -> list[str]:
        """Return the names of all shards that were ever written."""
        return list(self._shards)

    async def read_head(self, shard: str) -> ShardHead:
        """Return the shard's head, which changes with every commit to the shard."""
        return self._shards[shard][1]

    async def read_records(self, shard: str, now: int) -> AsyncIterator[Sequence[Record]]:
        """Yield every record of the shard in order, in batches; documents expired by `now` (Unix seconds) are left
        out.
        """
        self._file.seek(self._shards[shard][0])
        for records in _read_batches(self._file, now):
            yield records

    async def mark_moved(self, moved: MoveMark) -> None:
        """Do nothing: nobody commits to a backup."""

    def _read_whole(self) -> StoreInfo:
        """Read the file once from end to end and return its store's facts. Raises StoreCorrupt unless it is as it
        was written.
        """
        if self._file.read(len(MAGIC)) != MAGIC:
            raise StoreCorrupt(
                f"{self.name} is not a backup of a Redis store: name a file that `backup` wrote of one"
            )
        try:
            return self._index_shards(hashlib.sha256(MAGIC))
        except _SPOILT as error:
            raise StoreCorrupt(f"{self.name} is damaged: use another backup") from error

    def _index_shards(self, digest: hashlib._Hash) -> StoreInfo:
        about, start, loose = None, 0, False
        while True:
            data = _read_frame(self._file)
            frame = _DECODER.decode(data)
            if isinstance(frame, _End):
                break
            digest.update(_LENGTH.pack(len(data)) + data)
            if isinstance(frame, _First) != (about is None):
                raise EOFError
            if isinstance(frame, _First):
                self._require_known(frame.version)
                about = frame.about
            elif isinstance(frame, _Whole):
                if frame.shard in self._shards:
                    raise EOFError
                self._shards[frame.shard] = start, frame.head
            loose = isinstance(frame, _Batch)
            if not loose:
                start = self._file.tell()
        if about is None or loose or frame.digest != digest.digest() or self._file.read(1):
            raise EOFError
        return about

    def _require_known(self, version: int) -> None:
        if version > VERSION:
            raise StoreNewer(f"{self.name} was written by a newer version of this service: install that one")
        if version < 1:
            raise EOFError


class BackupTarget:
    """`records.Target` into a file."""

    def __init__(self, file: BufferedRandom, path: Path, part: Path) -> None:
        self.name = str(path)
        self._file = file
        self._path = path
        self._part = part
        self._start = 0

    async def begin_copy(self, about: StoreInfo, saved: bytes = b"") -> Mapping[str, ShardHead]:
        """Prepare the place and return the heads of the shards that it holds already. Raises StoreUnavailable."""
        self._file.write(MAGIC)
        self._add_frame(_First(VERSION, about))
        self._start = self._file.tell()
        return {}

    async def clear_shard(self, shard: str) -> None:
        """Remove what an interrupted attempt left of the shard."""
        self._file.seek(self._start)
        self._file.truncate()

    async def put_records(self, shard: str, records: Sequence[Record], now: int) -> None:
        """Write the records of a shard."""
        for batch in in_batches(records):
            self._add_frame(_Batch(batch))

    async def read_records(self, shard: str, now: int) -> AsyncIterator[Sequence[Record]]:
        """Yield every record of the shard in order, in batches; documents expired by `now` (Unix seconds) are left
        out.
        """
        self._file.seek(self._start)
        with suppress(EOFError):
            for records in _read_batches(self._file, now):
                yield records

    async def seal_shard(self, shard: str, head: ShardHead) -> None:
        """Note that the shard is whole."""
        self._add_frame(_Whole(shard, head))
        self._start = self._file.tell()

    async def complete_copy(self, about: StoreInfo, restored_at: int | None) -> None:
        """Turn the copy into a store; with `restored_at` (Unix seconds) into one that knows what it may have lost."""
        self._file.seek(0)
        digest = hashlib.file_digest(self._file, "sha256").digest()
        self._add_frame(_End(digest))
        self._file.flush()
        os.fsync(self._file.fileno())
        self._path.hardlink_to(self._part)  # never over a file that came meanwhile
        sync_folder(self._path.parent)

    def _add_frame(self, frame: _Frame) -> None:
        data = msgspec.msgpack.encode(frame)
        if len(data) > _LARGEST:
            raise StoreError(
                f"a record is too large for {self.name}: {len(data)} bytes, of at most {_LARGEST}"
            )
        self._file.seek(0, os.SEEK_END)
        self._file.write(_LENGTH.pack(len(data)) + data)


def _read_batches(file: BinaryIO, now: int) -> Iterator[list[Record]]:
    """Yield the batches from here to the end of their shard, without documents that have expired. Raises EOFError."""
    while isinstance(frame := _DECODER.decode(_read_frame(file)), _Batch):
        yield [record for record in frame.records if _is_alive(record, now)]


def _is_alive(record: Record, now: int) -> bool:
    """Return True if the record has not expired by `now`."""
    return not isinstance(record, DocumentRecord) or record.expires_at is None or record.expires_at > now


def _read_frame(file: BinaryIO) -> bytes:
    lead = file.read(_LENGTH.size)
    if len(lead) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(lead)
    if length > min(_LARGEST, os.fstat(file.fileno()).st_size - file.tell()):
        raise EOFError
    data = file.read(length)
    if len(data) < length:
        raise EOFError
    return data


def open_regular(path: Path) -> BinaryIO:
    """Open a file to read and return it. Raises OSError, and StoreUnavailable for what is no file: a pipe would
    never end.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise StoreUnavailable(f"{path} is not a regular file: name the backup's own file")
    return os.fdopen(descriptor, "rb")
