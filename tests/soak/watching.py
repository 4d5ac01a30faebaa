"""Watching: visitors who were allowed opt out, and whoever may still be told `allowed` is written down.

Each watcher follows one visitor at a time: makes both services remember that sale is allowed, opts out through one
of them, and goes on asking both with the token of before, as another tab would. A service here is one worker, so
that it is known which process said what.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import httpx2

from tests.soak.auditing import flag_of
from tests.soak.visiting import LIMIT, OPT_OUT, Acknowledged, Books, choose, first_choice, next_choice

WATCHED: Final = 2.5
"""Seconds for which a visitor is followed after the acknowledgement."""

_ON_ITS_WAY: Final = 1.0
"""Seconds that an answer may take on a busy machine; what is said then was decided before."""

_WATCHERS: Final = 6
_PAUSE: Final = 0.03


class Allowed(NamedTuple):
    """One flag that was still `allowed`: so many seconds after the acknowledgement it was asked for and answered."""

    asked: float
    answered: float
    teller: str
    own: bool


@dataclass
class Watch:
    """Counts of an observation. `followed`: visitors whom both services had told `allowed`; `asked`: questions that
    were answered after an acknowledgement.
    """

    followed: int = 0
    asked: int = 0
    allowed: list[Allowed] = field(default_factory=list)

    @property
    def latest(self) -> float:
        """Seconds after an acknowledgement at which was last asked who was told `allowed`; 0 when nobody was."""
        return max((one.asked for one in self.allowed), default=0.0)

    def faults(self, bound: float) -> list[Allowed]:
        """Whatever was told by the process that acknowledged, or by another that was asked behind the bound, or
        that was asked before and stopped.
        """
        return [
            one for one in self.allowed if one.own or one.asked > bound or one.answered > bound + _ON_ITS_WAY
        ]


@asynccontextmanager
async def watching(shops: Sequence[httpx2.AsyncClient], books: Books, watch: Watch) -> AsyncIterator[None]:
    """While inside, watchers follow one visitor after another; on the way out each follows its last to the end."""
    ending = asyncio.Event()

    async def go_on(writer: httpx2.AsyncClient) -> None:
        while not ending.is_set():
            await _follow(writer, shops, books, watch)

    async with asyncio.TaskGroup() as group:
        for number in range(_WATCHERS):
            group.create_task(go_on(shops[number % len(shops)]))
        try:
            yield
        finally:
            ending.set()


async def _follow(
    writer: httpx2.AsyncClient, shops: Sequence[httpx2.AsyncClient], books: Books, watch: Watch
) -> None:
    known = await choose(writer, books, first_choice(LIMIT))
    if known is None:
        return await asyncio.sleep(_PAUSE)
    before = [await _sale(http, known.token) for http in shops]
    asked = next_choice(known.asked.visitor, known.token, OPT_OUT)
    if await choose(writer, books, asked) is None:
        return await asyncio.sleep(_PAUSE)
    watch.followed += set(before) == {"allowed"}
    began = time.monotonic()
    await asyncio.gather(*(_keep_asking(http, known, began, watch, own=http is writer) for http in shops))


async def _keep_asking(
    http: httpx2.AsyncClient, known: Acknowledged, began: float, watch: Watch, *, own: bool
) -> None:
    while time.monotonic() < began + WATCHED:
        asked = time.monotonic() - began
        sale = await _sale(http, known.token)
        watch.asked += sale is not None
        if sale == "allowed":
            watch.allowed.append(Allowed(asked, time.monotonic() - began, str(http.base_url), own))
        await asyncio.sleep(_PAUSE)


async def _sale(http: httpx2.AsyncClient, token: str) -> str | None:
    """None from a service that is not there."""
    try:
        flag, _ = await flag_of(http, token)
    except httpx2.TransportError:
        return None
    return str(flag["sale"])
