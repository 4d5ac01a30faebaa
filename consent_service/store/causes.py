"""Causes: a driver's or the system's own words for what went wrong, as one line that an operator may be shown.

Such words may quote what was sent or stored. What they quote is left out here, so that no message holds a password, a
key or a value.
"""

from __future__ import annotations

import re
from typing import Final

from consent_service.store.soundness import printable

_QUOTING: Final = re.compile(r"(,? with args beginning with:| in position \d+:).*", re.DOTALL)
"""Redis lists the arguments of a command that it does not know: a password among them. Python names a character."""


def cause(error: BaseException) -> str:
    """Return what the error says of itself, without a full stop; its class where it says nothing."""
    said = (error.strerror if isinstance(error, OSError) else None) or str(error)
    if isinstance(error, UnicodeError):
        said = getattr(error, "reason", said)  # the rest of it quotes the text
    shown = printable(" ".join(_QUOTING.sub("", said).split()))
    return shown.rstrip(". ") or type(error).__name__
