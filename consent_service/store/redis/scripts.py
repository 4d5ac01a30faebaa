"""Scripts: the Lua files beside this one, each with the digest that servers know it by."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final, NamedTuple

_FOLDER: Final = Path(__file__).parent / "lua"


class Script(NamedTuple):
    text: bytes
    digest: bytes


def _script(name: str) -> Script:
    text = (_FOLDER / f"{name}.lua").read_bytes()
    return Script(text, hashlib.sha1(text, usedforsecurity=False).hexdigest().encode())


COMMIT: Final = _script("commit")
READ: Final = _script("read")
RANGE: Final = _script("range")
REGISTER: Final = _script("register")
EVERY: Final = (COMMIT, READ, RANGE, REGISTER)
