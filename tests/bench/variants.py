"""Variants under load: the empty servers, and flags and choices of the service over one store or another.

Starts the servers that its variants need; knows no rounds and no table.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from tests.bench import answers, visitors, wrk
from tests.bench.machine import LOAD_CORE, SERVER_CORE, cpu_seconds
from tests.bench.report import Measurement
from tests.bench.servers import COMMAND, Server, Workshop
from tests.bench.stores import Store
from tests.bench.user_agents import user_agents

KNOWN_VISITORS: Final = 1000
CHOICES_A_SECOND: Final = 50
EMPTY: Final = ("empty app on granian", "empty app on uvicorn")
CHOICES: Final = "durable choices"


@dataclass(frozen=True)
class Variant:
    """Variant under load: a server, a Lua script and its arguments; `beside` is what goes on meanwhile."""

    name: str
    server: Server
    path: str
    script: str
    arguments: Callable[[], list[str]]
    goal: float | None = None  # a share of the fastest empty app; of choices, a second
    basis: str | None = None  # that every answer must have
    beside: Callable[[], AbstractContextManager[object]] = field(default=contextlib.nullcontext)

    @property
    def writes(self) -> bool:
        """True if it makes choices; the others ask for flags."""
        return self.path == visitors.CHOOSE

    def measure(self, seconds: int) -> Measurement:
        """Warm up for a second, then drive."""
        url = self.server.url + self.path
        with self.beside():
            wrk.drive(url, self.script, self.arguments(), 1)
            counted, before = answers.by_basis(self.server), cpu_seconds(self.server.pid)
            load = wrk.drive(url, self.script, self.arguments(), seconds)
            used = cpu_seconds(self.server.pid) - before
        if self.basis is not None:
            answers.require(self.server, self.basis, counted, load.requests)
        if load.refused or load.broken:
            raise RuntimeError(f"{self.name}: {load.refused} answers over 399, {load.broken} broken")
        return Measurement(load.rate, used / load.requests * 1e6)


class Stand:
    """Starts the servers under one folder and keeps them until the stack is closed."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack, command: str = COMMAND) -> None:
        self._folder = folder
        self._stack = stack
        self._workshop = Workshop(folder, command)
        self._agents = self._lines("agents", user_agents(1000))

    def empty(self, like: Variant) -> list[Variant]:
        """The empty application on each server, asked what the other is asked."""
        granian, uvicorn = (
            self._workshop.empty_on_granian(SERVER_CORE),
            self._workshop.empty_on_uvicorn(SERVER_CORE),
        )
        servers = {EMPTY[0]: granian, EMPTY[1]: uvicorn}
        return [
            Variant(name, self._started(server), like.path, like.script, like.arguments)
            for name, server in servers.items()
        ]

    def over(self, store: Store) -> list[Variant]:
        """Flags of visitors whom the store knows, cached and not, and choices."""
        second, cached = (self._consent(core, store.flags) for core in (LOAD_CORE, SERVER_CORE))
        uncached = self._consent(SERVER_CORE, store.flags, cache=False)
        choosing = self._consent(SERVER_CORE, store.choices)
        known = visitors.known_cookies(second, KNOWN_VISITORS)
        lines = self._lines(f"known{store.over}", known)
        visitor = f"known visitor{store.over}"
        beside = _flag(
            f"{visitor}, cached, {CHOICES_A_SECOND} choices/s on a second worker",
            cached,
            lines,
            store.cached_goal,
        )
        variants = [
            replace(beside, beside=lambda: visitors.choices_meanwhile(second, CHOICES_A_SECOND)),
            _flag(f"{visitor}, cache off, gathered reads", uncached, lines, store.uncached_goal),
            self._choices(store, choosing),
        ]
        return variants + (self._without_store(store, cached, known, lines) if store.also_without else [])

    def _without_store(self, store: Store, server: Server, known: list[str], lines: Path) -> list[Variant]:
        """Return the variants in which no store has a part, and the other server."""
        strangers = self._lines("strangers", visitors.strangers_cookies(known))
        on_uvicorn = self._started(self._workshop.consent_on_uvicorn(SERVER_CORE, store=store.flags))
        return [
            _flag("nothing presented", server, strangers, 0.60, "default"),
            _flag("GPC", server, strangers, 0.60, "gpc"),
            _flag("known visitor, cached, on uvicorn", on_uvicorn, lines),
        ]

    def _choices(self, store: Store, server: Server) -> Variant:
        name, goal = f"{CHOICES}{store.over}", store.choices_goal
        return Variant(name, server, visitors.CHOOSE, "choices.lua", lambda: _choosing(self._agents), goal)

    def _consent(self, core: int, store: str, *, cache: bool = True) -> Server:
        return self._started(self._workshop.consent(core, store=store, cache=cache))

    def _started(self, server: AbstractContextManager[Server]) -> Server:
        return self._stack.enter_context(server)

    def _lines(self, name: str, lines: list[str]) -> Path:
        path = self._folder / name
        path.write_text("\n".join(lines) + "\n")
        return path


def _flag(
    name: str, server: Server, lines: Path, goal: float | None = None, basis: str = "choice"
) -> Variant:
    headers = {**visitors.HEADERS, **(visitors.SIGNAL if basis == "gpc" else {})}
    arguments = [str(lines), *(f"{key}: {value}" for key, value in headers.items())]
    return Variant(name, server, visitors.FLAG, "flags.lua", lambda: arguments, goal, basis)


def _choosing(agents: Path) -> list[str]:
    """The Lua script's arguments, with a prefix for ids that no other run has."""
    headers = {**visitors.HEADERS, "Content-Type": "text/plain"}
    return [str(agents), secrets.token_hex(9), *(f"{key}: {value}" for key, value in headers.items())]
