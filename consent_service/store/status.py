"""Status of a store of either engine, as frozen facts, and the examiner that collects them for the doctor.

Nothing here writes, and nothing judges: the doctor says whether a fact endangers the store. A store can be
examined whether a service has it open or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from consent_service.store.contract import Document, Key
from consent_service.store.lost_values import LostValues
from consent_service.store.mounts import Mount
from consent_service.store.move_mark import MoveMark


class DataLayout(NamedTuple):
    """Version of the layout of a store's data, and its visitor shards for each site."""

    version: int
    shards: int


class FileFacts(NamedTuple):
    """Facts of a SQLite store. `troubles`: what keeps it from being opened, each a sentence with what to do.

    `laid` None = no store is there yet, or it can't be read. Bytes throughout. `journal` is known only while a log
    lies beside the file. `holders`: how often the store is held open, as far as can be
    seen from here; None where the system doesn't say. `moved`: the mark that a move left. `mount`: what it lies on;
    None where the system doesn't say.
    """

    name: str
    engine: str
    troubles: Sequence[str] = ()
    laid: DataLayout | None = None
    size: int = 0
    log_size: int = 0
    free: int = 0
    journal: str | None = None
    holders: int | None = None
    private: bool = True
    moved: MoveMark | None = None
    mount: Mount | None = None


class ServerFacts(NamedTuple):
    """Facts of one server of a Redis store. `supported`: it is new enough.

    `danger`: what in its settings could lose an acknowledged choice; `on_disk`: whether each commit is
    acknowledged from its own disk alone; `forgets`: started again it is empty. `failing`: what it could not write
    of late. `replicas` that follow now, of `expected` ones; without `fewest` of them no commit is taken. Seconds:
    `skew` its clock ahead of ours, give or take `doubt`; `node_timeout` of a cluster's node.
    `certificate_until`: Unix seconds, None without TLS. `mount`: what its files lie on, where it is known to run on
    this machine.
    """

    name: str
    engine: str
    supported: bool
    is_master: bool
    danger: str
    on_disk: bool
    failing: Sequence[str]
    replicas: int
    expected: int
    memory: int
    memory_limit: int
    skew: float
    doubt: float
    node_timeout: float | None = None
    certificate_until: int | None = None
    forgets: bool = False
    fewest: int = 0
    mount: Mount | None = None


class SentinelFacts(NamedTuple):
    """Facts of one Sentinel: the replicas and other Sentinels that it knows, also those that are away; how many must
    agree; and the seconds after which a master counts as down.
    """

    name: str
    replicas: int
    others: int
    quorum: int
    down_after: float


class FleetFacts(NamedTuple):
    """Facts of a Redis store. `troubles`: servers that can't be asked, slots that nobody serves, each with what to
    do.

    `half_copied`: there is only half a copy of a store, with so many whole shards; None = no. `moved`: the mark that
    a move left.
    `remedy`: what to set where a server has a danger.
    """

    name: str
    troubles: Sequence[str] = ()
    laid: DataLayout | None = None
    half_copied: int | None = None
    servers: Sequence[ServerFacts] = ()
    sentinels: Sequence[SentinelFacts] = ()
    remedy: str = ""
    moved: MoveMark | None = None


class Examiner(Protocol):
    """A reader of one store that writes nothing. All methods but `read_facts` raise StoreError."""

    async def read_facts(self) -> FileFacts | FleetFacts:
        """Return the facts of the store; what is wrong with it is among them as `troubles`."""

    async def get(self, keys: Sequence[Key]) -> list[Document | None]:
        """Return the documents in the order asked; None for those that are absent or have expired."""

    async def next_behind(self, log: str, shard: str, sequence: int) -> bytes | None:
        """Return the payload of the log's first entry with a higher position, or None."""

    async def lost_values(self) -> LostValues:
        """Return the counter values that restorations made the store lose."""

    async def close(self) -> None:
        """Close the store."""
