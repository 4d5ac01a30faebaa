"""Variants under load: the empty servers, and flags and choices of the service over one store or another.

Starts the servers that its variants need; knows no rounds and no table.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from pathlib import Path
from typing import Final

from tests.bench import answers, visitors, wrk
from tests.bench.machine import LOAD_CORE, SERVER_CORE, cpu_seconds, resident_megabytes
from tests.bench.population import Population
from tests.bench.report import Line, Measurement
from tests.bench.servers import COMMAND, Server, Workshop
from tests.bench.stores import Store
from tests.bench.user_agents import user_agents

ASGI, RSGI = "empty ASGI app on granian", "empty RSGI app on granian"
EMPTY: Final = (ASGI, RSGI)
CACHED: Final = 100_000
"""Records that a worker keeps unless it is told otherwise (`flag.cache_entries`)."""
CHOICES_A_SECOND: Final = 50
_FILL_SECONDS: Final = 2


class Kind(Enum):
    """The table in which a variant stands."""

    EMPTY = auto()
    FLAG = auto()
    CHOICE = auto()


@dataclass(frozen=True)
class Variant:
    """A server, a Lua script and its arguments; `beside` is what goes on meanwhile."""

    line: Line
    kind: Kind
    server: Server
    path: str
    script: str
    arguments: Callable[[], list[str]]
    basis: str | None = None  # that every answer must have
    beside: Callable[[], AbstractContextManager[object]] = field(default=contextlib.nullcontext)

    @property
    def key(self) -> str:
        """Its name among the measurements."""
        return self.line.key

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
            raise RuntimeError(f"{self.key}: {load.refused} answers over 399, {load.broken} broken")
        return Measurement(load.rate, used / load.requests * 1e6, load.busy)


class Stand:
    """Starts the servers under one folder and keeps them until the stack is closed.

    `population`: the visitors whom every store for flags holds. `brief`: fewer variants, for a comparison.
    """

    def __init__(
        self,
        folder: Path,
        stack: contextlib.ExitStack,
        population: Population,
        command: str = COMMAND,
        *,
        brief: bool = False,
    ) -> None:
        self._stack = stack
        self._population = population
        self._workshop = Workshop(folder, population.ring, command)
        self._brief = brief
        self._agents = folder / "agents"
        self._agents.write_text("\n".join(user_agents(1000)) + "\n")
        self.cache_megabytes: float | None = None  # what a full cache takes over an idle worker

    def empty(self, like: Server) -> list[Variant]:
        """The empty applications with a body as long as the service's, asked as the costliest flag is asked."""
        body = visitors.flag_body(like, self._population.first_token())
        shop, core = self._workshop, SERVER_CORE
        servers = {
            ASGI: shop.empty_on_granian(core, "asgi", body),
            RSGI: shop.empty_on_granian(core, "rsgi", body),
            "empty ASGI app on uvicorn": shop.empty_on_uvicorn(core, body),
        }
        by_cookie = self._cookie_headers()
        return [
            self._flag(Line(name), self._started(server), self._population.size, by_cookie, kind=Kind.EMPTY)
            for name, server in servers.items()
        ]

    def over(self, store: Store) -> list[Variant]:
        """Flags of visitors whom the store knows, cached and not, and choices."""
        sizes = [size for size in store.visitors if size <= self._population.size]
        found = [variant for size in sizes for variant in self._of_visitors(store, size)]
        uncached = self._consent(store.flags, cache=False)
        most, by_cookie = max(sizes), self._cookie_headers()
        line = Line(f"cookie, cache off{store.over}", most, store.uncached_goal)
        found.append(self._flag(line, uncached, most, by_cookie))
        if store.also_without:
            found += self._without_store(store, found[0].server)
        return [*found, self.choices(store)]

    def choices(self, store: Store) -> Variant:
        """New visitors who opt out."""
        server = self._consent(store.choices)
        line = Line(f"durable choices, 1,000 User-Agents{store.over}", goal=store.choices_goal)
        arguments = lambda: _choosing(self._agents)  # noqa: E731 - drawn anew for each run
        return Variant(line, Kind.CHOICE, server, visitors.CHOOSE, "choices.lua", arguments)

    def _of_visitors(self, store: Store, size: int) -> list[Variant]:
        """So many visitors by one server whose cache has met them, as often as it can hold them."""
        server = self._consent(store.flags)
        idle = resident_megabytes(server.pid)
        self._fill(server, min(size, CACHED))
        if size == CACHED:
            self.cache_megabytes = resident_megabytes(server.pid) - idle
        by_query = Line(f"`?visitor=`{store.over}", size, None)
        by_cookie = Line(f"cookie among 15 foreign ones{store.over}", size, store.cached_goal(size))
        variants = [self._flag(by_cookie, server, size, self._cookie_headers())]
        if store.also_without and not self._brief:
            path = f"{visitors.FLAG}?visitor={visitors.TOKEN}"
            variants.append(self._flag(by_query, server, size, visitors.HEADERS, path))
        if size == CACHED and not self._brief:
            variants.append(self._with_choices(store, variants[0]))
        return variants

    def _with_choices(self, store: Store, alone: Variant) -> Variant:
        """The same while a second worker of the same store takes choices, so that the cache must follow them."""
        second = self._started(self._workshop.consent(LOAD_CORE, store=store.flags))
        name = f"cookie, {CHOICES_A_SECOND} choices/s on a second worker{store.over}"
        beside = lambda: visitors.choices_meanwhile(second, CHOICES_A_SECOND)  # noqa: E731
        return replace(alone, line=Line(name, alone.line.visitors), beside=beside)

    def _without_store(self, store: Store, server: Server) -> list[Variant]:
        """Flags in which no store has a part, and the other server."""
        size = min(1000, self._population.size)
        strangers = {**visitors.HEADERS, "Cookie": visitors.strangers_cookie()}
        variants = [
            self._flag(
                Line("15 foreign cookies, nothing presented"), server, size, strangers, basis="default"
            ),
            self._flag(
                Line("the same with GPC"), server, size, {**strangers, **visitors.SIGNAL}, basis="gpc"
            ),
        ]
        if not self._brief:
            on_uvicorn = self._started(self._workshop.consent_on_uvicorn(SERVER_CORE, store=store.flags))
            line = Line("cookie among 15 foreign ones, on uvicorn", size)
            variants.append(self._flag(line, on_uvicorn, size, self._cookie_headers()))
        return variants

    def _flag(
        self,
        line: Line,
        server: Server,
        size: int,
        headers: dict[str, str],
        path: str = visitors.FLAG,
        *,
        kind: Kind = Kind.FLAG,
        basis: str = "choice",
    ) -> Variant:
        arguments = lambda: self._drawing(size, f"random {secrets.randbelow(2**31)}", headers)  # noqa: E731
        return Variant(
            line, kind, server, path, "flags.lua", arguments, None if kind is Kind.EMPTY else basis
        )

    def _fill(self, server: Server, size: int) -> None:
        """Ask for each of the first `size` visitors once at least, in order."""
        begun, url = 0, server.url + visitors.FLAG
        while begun < size:
            order = f"from {max(0, begun - wrk.CONNECTIONS)}"
            arguments = self._drawing(self._population.size, order, self._cookie_headers())
            begun += wrk.drive(url, "flags.lua", arguments, _FILL_SECONDS).requests - wrk.CONNECTIONS

    def _drawing(self, size: int, order: str, headers: dict[str, str]) -> list[str]:
        return [str(self._population.tokens), str(size), order, *_as_arguments(headers)]

    def _cookie_headers(self) -> dict[str, str]:
        return {**visitors.HEADERS, "Cookie": visitors.cookie(self._population.made_at)}

    def _consent(self, store: str, *, cache: bool = True) -> Server:
        return self._started(self._workshop.consent(SERVER_CORE, store=store, cache=cache))

    def _started(self, server: AbstractContextManager[Server]) -> Server:
        return self._stack.enter_context(server)


def _as_arguments(headers: dict[str, str]) -> Sequence[str]:
    return [f"{name}: {value}" for name, value in headers.items()]


def _choosing(agents: Path) -> list[str]:
    """Return the Lua script's arguments, with a prefix for ids that no other run has."""
    headers = {**visitors.HEADERS, "Content-Type": "text/plain"}
    return [str(agents), secrets.token_hex(9), *_as_arguments(headers)]
