"""Cursors: a reader's place in one log over several shards, as opaque URL-safe text.

A cursor holds, for each shard in the order given, the first position not yet read, and the shard to serve
first next time. A short digest binds it to the log, the shards and its own bytes, so that a cursor of another
log, a longer list or a typing error is refused instead of read as some other place. It is no secret and no
signature. 65 shards at sequence 10 million take 450 characters.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from consent_service.errors import CursorInvalid
from consent_service.store.contract import Position

_FORMAT: Final = 1
_DIGEST_BYTES: Final = 6
_LONGEST: Final = 65_536
"""Characters; more than any list of shards that one reader merges could take."""
_LONGEST_NUMBER: Final = 9
"""Bytes of 7 bits each: every counter that fits a signed 64-bit column."""

START: Final = Position(0, 0)


class Cursor(NamedTuple):
    """`turn`: number of the shard to serve first; `places`: the first position not read, for each shard."""

    turn: int
    places: Sequence[Position]


def encode(cursor: Cursor, log: str, shards: Sequence[str]) -> str:
    """Return the cursor as text for exactly these shards in this order."""
    numbers = [_FORMAT, cursor.turn, *(number for place in cursor.places for number in place)]
    body = b"".join(map(_encode_number, numbers))
    return base64.urlsafe_b64encode(_binding_digest(body, log, shards) + body).rstrip(b"=").decode()


def decode(text: str, log: str, shards: Sequence[str]) -> Cursor:
    """Return the cursor that the text holds; inverse of `encode`. Raises CursorInvalid for any other text."""
    data = _decode_text(text)
    digest, body = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
    if digest != _binding_digest(body, log, shards):
        raise CursorInvalid(
            f"the cursor belongs to another log or to other shards than the {len(shards)} of {log!r}: send one of "
            "this log"
        )
    numbers = _decode_numbers(body)
    if len(numbers) != 2 + 2 * len(shards) or numbers[0] != _FORMAT or numbers[1] >= max(len(shards), 1):
        raise CursorInvalid(
            "the cursor was made by another version of this service: start again without a cursor"
        )
    return Cursor(numbers[1], [Position(*pair) for pair in zip(numbers[2::2], numbers[3::2], strict=True)])


def _decode_text(text: str) -> bytes:
    try:
        data = base64.b64decode(text[:_LONGEST] + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as error:
        raise CursorInvalid("malformed cursor: send one that this service gave, unchanged") from error
    # Written again it must be the same text: one place has one spelling.
    if len(text) > _LONGEST or base64.urlsafe_b64encode(data).rstrip(b"=").decode() != text:
        raise CursorInvalid("malformed cursor: send one that this service gave, unchanged")
    return data


def _binding_digest(body: bytes, log: str, shards: Iterable[str]) -> bytes:
    bound = "\n".join([log, *shards]).encode()
    return hashlib.blake2s(bound + b"\0" + body, digest_size=_DIGEST_BYTES).digest()


def _encode_number(number: int) -> bytes:
    """Return the number in bytes of seven bits, low ones first; the high bit says that more follow."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _decode_numbers(body: bytes) -> list[int]:
    numbers: list[int] = []
    number = shift = 0
    for byte in body:
        number |= (byte & 0x7F) << shift
        shift += 7
        if shift > 7 * _LONGEST_NUMBER:
            raise CursorInvalid("malformed cursor: it holds a number that no log reaches")
        if byte < 0x80:
            numbers.append(number)
            number = shift = 0
    if shift:
        raise CursorInvalid("malformed cursor: it ends in the middle of a number")
    return numbers
