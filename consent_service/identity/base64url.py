"""Base64url without padding, read strictly: one text for one value. Knows nothing of keys or tokens."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode


def to_base64url(value: bytes) -> str:
    """Return the bytes as base64url without padding (RFC 4648 section 5)."""
    return urlsafe_b64encode(value).rstrip(b"=").decode("ascii")


def from_base64url(text: str) -> bytes:
    """Return the bytes of a text: the inverse of `to_base64url`. Raises ValueError for any other text.

    The standard library's decoder skips foreign characters and ignores spare bits, so that two texts would have
    the same value.
    """
    value = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    if to_base64url(value) != text:
        raise ValueError("not canonical base64url")
    return value
