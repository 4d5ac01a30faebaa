"""Canonical JSON: one text for one value. Bytes that our encoder would not have written are refused, not
repaired.

A parser accepts a duplicate member, an added one, white space, `5.0` for 5 or an escape for a letter, and two
parsers may read two values. So all bytes that are read are encoded again and must be the same. Knows nothing
of the values' meaning.
"""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec

from consent_service.errors import LedgerError

_Value = TypeVar("_Value")


class Unreadable(LedgerError):
    """Bytes that are not JSON, lack a member, or have a member of another type."""


class NotCanonical(LedgerError):
    """Readable bytes that are not those that the service writes for this value."""


class FormatNewer(LedgerError):
    """Bytes written by a newer version of the service: only that version can judge them."""


class _Version(msgspec.Struct, frozen=True):
    v: int = 0


def read(data: bytes, decoder: msgspec.json.Decoder[_Value], encoder: msgspec.json.Encoder) -> _Value:
    """Return the value of these bytes: the inverse of `encoder`. Raises Unreadable, NotCanonical."""
    try:
        value = decoder.decode(data)
        encoded = encoder.encode(value)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Unreadable(str(error)) from error
    if encoded != data:
        pairs = enumerate(zip(encoded, data, strict=False))
        place = next((at for at, (ours, theirs) in pairs if ours != theirs), min(len(encoded), len(data)))
        raise NotCanonical(
            f"its bytes are not as the service writes them, from byte {place + 1} on: look there for a member that "
            "is doubled, added or out of order, for white space, or for a number or letter written otherwise"
        )
    return value


def refuse_newer(data: bytes, version: int) -> None:
    """Raise FormatNewer if the text names a format above `version`; say nothing of texts that can't be read."""
    try:
        newest_version = _version.decode(data).v
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return
    if newest_version > version:
        raise FormatNewer(
            f"made by a newer version of this service (format {newest_version}; this one reads {version}): "
            "check it with that version"
        )


_version: Final = msgspec.json.Decoder(_Version)
