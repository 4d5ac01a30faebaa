"""Text made for tests: characters from bits, and a section in the specification's padding."""

from __future__ import annotations

from consent_service.codecs.bits import ALPHABET
from consent_service.codecs.sections import BY_ID


def characters(bits: str) -> str:
    """These bits as characters, filled up to whole bytes and then to whole characters as the libraries do."""
    padded = bits + "0" * (-len(bits) % 8)
    padded += "0" * (-len(padded) % 6)
    return "".join(ALPHABET[int(padded[place : place + 6], 2)] for place in range(0, len(padded), 6))


def in_the_specifications_padding(number: int, text: str) -> str:
    """A section's text, as the libraries pad it, cut to what the specification asks for; uspv1 has no padding."""
    if number not in BY_ID:
        return text
    first, *more = text.split(".")
    layout = next(layout for layout in BY_ID[number].layouts if len(first) in layout.text_lengths)
    return ".".join([first[: layout.text_lengths[0]], *(part[:1] for part in more)])
