"""A crowd of visitors that choose all the time over real HTTP, and the books of what they were told.

Knows the public contract alone. What was answered with a receipt is acknowledged; what met a closed
connection or a 503 is in doubt, and only a retry with the same `id` can tell.
"""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any, Final, NamedTuple

import httpx2

from consent_service.identity.visitor_tokens import VisitorTokens, visitor_id_for
from tests.soak.serving import SHOP, SITE
from tests.support.configuration import RING

OPT_OUT: Final = {"sale_share": "opt_out"}
LIMIT: Final = {"sensitive": "limit"}
KEEP: Final = {"sale_share": "opt_in"}
"""Keeps what is allowed (201); after an opt-out it is the first step of an opt-in (202). Both are recorded."""

_CONNECTIONS: Final = 24

_BACK_OFF: Final = 0.25  # seconds after a choice in doubt; a page waits longer


class Pace(NamedTuple):
    """So many visitors choose at once, each resting for so many seconds behind each choice."""

    visitors: int
    rest: float = 0.0


class Asked(NamedTuple):
    """One choice as it was sent. `visitor`: whom it is about; `token` None = a first choice."""

    id: uuid.UUID
    visitor: bytes
    token: str | None
    choice: dict[str, str]

    @property
    def body(self) -> dict[str, Any]:
        known = {} if self.token is None else {"visitor": self.token}
        return {**self.choice, **known, "method": "banner", "id": str(self.id)}


class Acknowledged(NamedTuple):
    """One choice, the receipt it was answered with, and the visitor token."""

    asked: Asked
    receipt: str
    digest: str
    token: str


def first_choice(choice: dict[str, str]) -> Asked:
    """A choice of somebody new; the id of the visitor follows from that of the request."""
    request = uuid.uuid4()
    return Asked(request, visitor_id_for(RING, SITE, request.bytes), None, choice)


def next_choice(visitor: bytes, token: str, choice: dict[str, str]) -> Asked:
    """A choice of somebody known."""
    return Asked(uuid.uuid4(), visitor, token, choice)


def client(url: str, connections: int = _CONNECTIONS) -> httpx2.AsyncClient:
    """A client that keeps so many connections open, as pages of the shop."""
    limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
    timeout = httpx2.Timeout(20, pool=None)
    return httpx2.AsyncClient(base_url=url, limits=limits, timeout=timeout, headers={"origin": SHOP})


async def post(http: httpx2.AsyncClient, asked: Asked) -> httpx2.Response:
    """Send the choice."""
    return await http.post(f"/v1/{SITE}/choices", json=asked.body)


def acknowledged(asked: Asked, response: httpx2.Response) -> Acknowledged:
    """Return the choice that the answer acknowledges, after checking that it speaks of the same visitor."""
    assert response.status_code in (201, 202), response.text
    answer = response.json()
    claims = VisitorTokens(RING).unsign(SITE, answer["visitor"], int(time.time()))
    assert claims.visitor_id == asked.visitor, "answered as somebody else"
    return Acknowledged(
        asked, answer["receipt"]["id"].partition(".")[0], answer["receipt"]["digest"], answer["visitor"]
    )


@dataclass
class Books:
    """Everything that was sent, by what came of it, and a recent token of each visitor."""

    acknowledged: list[Acknowledged] = field(default_factory=list)
    in_doubt: list[Asked] = field(default_factory=list)
    tokens: dict[bytes, str] = field(default_factory=dict)

    def note(self, entry: Acknowledged) -> None:
        self.acknowledged.append(entry)
        self.tokens[entry.asked.visitor] = entry.token

    async def reach(self, count: int) -> None:
        """Until so many choices were acknowledged."""
        async with asyncio.timeout(60):
            while len(self.acknowledged) < count:
                await asyncio.sleep(0.001)

    @property
    def visitors(self) -> set[bytes]:
        """Everybody who may have a record."""
        return {asked.visitor for asked in [*self.in_doubt, *(entry.asked for entry in self.acknowledged)]}


@asynccontextmanager
async def crowd(
    shops: Sequence[httpx2.AsyncClient], books: Books, chance: random.Random, pace: Pace
) -> AsyncIterator[None]:
    """While inside, many visitors choose at once, as many at each of the services as at the others; on the way
    out each brings its last choice to an end.
    """
    ending = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for _, http in zip(range(pace.visitors), cycle(shops), strict=False):
            group.create_task(_choose(http, books, chance, pace.rest, ending))
        try:
            yield
        finally:
            ending.set()


async def _choose(
    http: httpx2.AsyncClient, books: Books, chance: random.Random, rest: float, ending: asyncio.Event
) -> None:
    while not ending.is_set():
        await choose(http, books, _anyone(books, chance))
        await asyncio.sleep(rest)


async def choose(http: httpx2.AsyncClient, books: Books, asked: Asked) -> Acknowledged | None:
    """Send the choice and enter in the books what came of it; None = it is in doubt."""
    try:
        response = await post(http, asked)
    except httpx2.TransportError:
        books.in_doubt.append(asked)
        await asyncio.sleep(_BACK_OFF)
        return None
    if response.status_code == 503:  # perhaps durable, perhaps not: the same as no answer
        books.in_doubt.append(asked)
        await asyncio.sleep(_BACK_OFF)
        return None
    entry = acknowledged(asked, response)
    books.note(entry)
    return entry


def _anyone(books: Books, chance: random.Random) -> Asked:
    """Somebody new as often as somebody known, most of whom opt out."""
    (choice,) = chance.choices([OPT_OUT, LIMIT, KEEP], weights=[3, 1, 1])
    if not books.acknowledged or chance.random() < 0.5:
        return first_choice(choice)
    visitor = chance.choice(books.acknowledged[-1000:]).asked.visitor
    return next_choice(visitor, books.tokens[visitor], choice)
