"""Scripts: the Lua files beside this one, each with the digest that servers know it by."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Final, NamedTuple

_FOLDER: Final = Path(__file__).parent / "lua"


class LuaScript(NamedTuple):
    """A Lua script, and the SHA-1 digest by which servers know it."""

    text: bytes
    digest: bytes


def _load_script(name: str) -> LuaScript:
    text = (_FOLDER / f"{name}.lua").read_bytes()
    return LuaScript(text, hashlib.sha1(text, usedforsecurity=False).hexdigest().encode())


COMMIT: Final = _load_script("commit")
READ: Final = _load_script("read")
RANGE: Final = _load_script("range")
REGISTER: Final = _load_script("register")
EVERY: Final = (COMMIT, READ, RANGE, REGISTER)

_CALLED: Final = re.compile(rb"redis\.p?call\('([A-Z]+)'")
_SENT: Final = (
    *("EVALSHA", "SCRIPT", "ROLE", "INFO", "WAIT", "GET", "MGET", "SET", "EXISTS", "HGET", "HGETALL", "HLEN"),
    *("HSET", "SCAN", "SETRANGE", "TIME", "XRANGE", "XREVRANGE", "ZRANGE"),
)
COMMANDS: Final = tuple(
    sorted({*_SENT, *(name.decode() for one in EVERY for name in _CALLED.findall(one.text))})
)
"""Commands that a server must know: those sent to it, and those the scripts call."""
