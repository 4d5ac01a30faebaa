"""Causes: a driver's or the system's own words for an error, as one line that is safe to show to an operator.

Such words may quote data, or a URL with a password. Both are removed here, so no message holds a password, a
key or a value.
"""

from __future__ import annotations

import os
import re
import ssl
from typing import Final

_QUOTING: Final = re.compile(r"(,? with args beginning with:|\n\n).*", re.DOTALL)
"""Redis lists the arguments of a command that it does not know: a password among them. obstore has a second part."""
_WHO: Final = re.compile(r"(?<=://)[^\s/@]*@")
_SHOWN: Final = 300
"""Characters of a text from elsewhere that one line shows."""
_OPTIONS: Final = re.compile(r"(?<=://)([^\s?#]*)[?#]\S*")


def cause_of(error: BaseException) -> str:
    """Return what the error says of itself, without a full stop; its class where it says nothing."""
    words = printable_line(" ".join(without_secrets(_QUOTING.sub("", _own_words(error))).split()))
    return words.rstrip(". ") or type(error).__name__


def without_secrets(text: str) -> str:
    """Return the text without user, password and options in the URLs that stand in it."""
    return _OPTIONS.sub(r"\1", _WHO.sub("", text))


def printable_line(text: str, most: int = _SHOWN) -> str:
    """Return the text as one line that is safe to show: other people's text may steer a terminal, or be very long."""
    shown = "".join(character if character.isprintable() else "?" for character in text[:most])
    return shown + ("…" if len(text) > most else "")


def _own_words(error: BaseException) -> str:
    match error:
        case UnicodeError():
            return str(getattr(error, "reason", ""))  # the rest of it quotes the text
        case ssl.SSLError():
            return str(error)  # its number is none of the system's
        case OSError(errno=int(number)) if number > 0:
            return os.strerror(number)  # asyncio puts an address in place of the reason
        case OSError(strerror=str(words)):
            return words
    return str(error)
