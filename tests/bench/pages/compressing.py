"""Compressing: the sizes of what is served. Node brings brotli, which Python's own library lacks."""

from __future__ import annotations

import functools
import gzip
import subprocess
from collections.abc import Iterable
from typing import Final, NamedTuple

_NODE: Final = (
    "const {readFileSync} = require('fs'), {brotliCompressSync} = require('zlib');"
    "process.stdout.write(brotliCompressSync(readFileSync(0)))"
)


class Bytes(NamedTuple):
    """The bytes of some files, each compressed on its own."""

    raw: int
    gzip: int
    brotli: int


def sizes(files: Iterable[bytes]) -> Bytes:
    """The sums over these files."""
    each = list(files)
    return Bytes(*(sum(len(pack(file)) for file in each) for pack in (bytes, gzip.compress, brotli)))


@functools.lru_cache(maxsize=64)
def brotli(content: bytes) -> bytes:
    """As a proxy sends it that compresses ahead of time."""
    return subprocess.run(["node", "-e", _NODE], input=content, capture_output=True, check=True).stdout
