"""Requests as bytes, for the open-loop generator: flags of visitors drawn from a file of tokens, or new choices."""

from __future__ import annotations

import random
import secrets
from pathlib import Path
from typing import Any

from tests.bench.visitors import CHANGING, CHOOSE, FLAG, HEADERS, TOKEN, cookie


class Requests:
    """Maker of requests. The plan says `flags` (with tokens, visitors, as_of) or `choices`."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._random = random.Random(plan["seed"])
        self.next = self._choice
        if plan["kind"] == "flags":
            with Path(plan["tokens"]).open() as lines:
                self._tokens = [line.strip() for line, _ in zip(lines, range(plan["visitors"]), strict=False)]
            self._whole = request("GET", FLAG, {**HEADERS, "Cookie": cookie(plan["as_of"])})
            self.next = self._flag
        self._prefix = secrets.token_hex(9)
        self._number = 0

    def _flag(self) -> bytes:
        token = self._tokens[self._random.randrange(len(self._tokens))]
        digits = f"{self._random.randrange(10**10):010d}"
        return self._whole.replace(TOKEN, token).replace(CHANGING, digits).encode()

    def _choice(self) -> bytes:
        self._number += 1
        return choice(self._prefix, self._number)


def choice(prefix: str, number: int) -> bytes:
    """Return a new visitor's opt-out. `prefix`: 18 hex digits that no other run uses."""
    digits = f"{prefix}{number:012x}"
    chosen = f"{digits[:8]}-{digits[8:12]}-4{digits[12:15]}-8{digits[15:18]}-{digits[18:]}"
    body = f'{{"sale_share":"opt_out","method":"banner","id":"{chosen}"}}'
    return request("POST", CHOOSE, {**HEADERS, "Content-Type": "text/plain"}, body).encode()


def request(method: str, path: str, headers: dict[str, str], body: str = "") -> str:
    """Return a request over HTTP/1.1."""
    every = {"Host": "127.0.0.1", **headers, **({"Content-Length": str(len(body))} if body else {})}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in every.items())]
    return "\r\n".join([*lines, "", body])
