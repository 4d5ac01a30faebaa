"""Durability: what a master must promise before a commit through it may be acknowledged.

Accepted is `appendfsync always`, or replicas: `min-replicas-to-write` at least 1, and then every commit waits
until all replicas of the shard have it. In a cluster and behind Sentinels it waits for them in any case: one of
them may take over, and then the old master's disk is of no use. Anything else can lose an acknowledged choice, and
is refused unless the configuration says `durability = "relaxed"`. Asked on every new writing connection, so that no
failover leads to a master that promises less.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from hiredis import ReplyError

from consent_service.errors import StoreUnavailable
from consent_service.store.causes import cause_of
from consent_service.store.redis.address import Address, ServerKind
from consent_service.store.redis.connection import Connection
from consent_service.store.redis.faults import code_of, refused_error, unknown_command

WANTED: Final = ("appendonly", "appendfsync", "min-replicas-to-write", "maxmemory", "maxmemory-policy")
"""The settings that the promise rests on."""

REMEDY: Final = (
    "Set `appendonly yes` with `appendfsync always`, or `min-replicas-to-write` 1 or more with replicas that all "
    "confirm each commit, and `maxmemory-policy noeviction`; or accept the loss with "
    '`durability = "relaxed"`'
)
_REFUSED: Final = "{where} {reason}; an acknowledged choice could be lost. {remedy}"


def data_loss_risk(settings: Mapping[str, str]) -> str:
    """Return how a master with these settings could lose an acknowledged choice; "" = it can't."""
    if int(settings.get("maxmemory", 0)) and settings.get("maxmemory-policy") != "noeviction":
        return "drops data when its memory is full"
    if not on_disk(settings) and int(settings.get("min-replicas-to-write", 0)) < 1:
        return "answers before a commit is on a disk or on a replica"
    return ""


def on_disk(settings: Mapping[str, str]) -> bool:
    """Return True if every commit is on the master's own disk before it answers."""
    return settings.get("appendonly") == "yes" and settings.get("appendfsync") == "always"


def disk_suffices(settings: Mapping[str, str], kind: ServerKind) -> bool:
    """Return True if a commit needs no replica besides the disk: only where no replica may take over."""
    return on_disk(settings) and kind is ServerKind.SINGLE


def required_replicas(settings: Mapping[str, str], kind: ServerKind) -> int:
    """Return the least number of replicas that must confirm each commit. Behind Sentinels one: a replica that is
    away may take over too.
    """
    return max(int(settings.get("min-replicas-to-write", 0)), 1 if kind is ServerKind.SENTINEL else 0)


def forgets_on_restart(settings: Mapping[str, str]) -> bool:
    """Return True if a restarted server comes back without its data."""
    return settings.get("appendonly") != "yes"


async def settings_of(connection: Connection, *names: str) -> tuple[Mapping[str, str], str]:
    """Return the server's settings, and why it doesn't tell them, or "". Raises ReplyError if it can't answer now.

    Hosted servers commonly keep CONFIG from everybody.
    """
    try:
        return reply_pairs(await connection.ask("CONFIG", "GET", *names)), ""
    except ReplyError as error:
        if not unknown_command(error) and code_of(error) != "NOPERM":
            raise
        reason = "does not tell what it promises: let the service call CONFIG GET"
        return {}, f"{reason} ({cause_of(error)})"


async def replicas_to_wait_for(connection: Connection, address: Address, kind: ServerKind) -> int:
    """Return how many replicas must confirm each commit; 0 = the master's own disk is enough.

    Raises StoreUnavailable when the server promises neither.
    """
    try:
        settings, untold = await settings_of(connection, *WANTED)
        if reason := untold or data_loss_risk(settings):
            raise StoreUnavailable(_REFUSED.format(where=address, reason=reason, remedy=REMEDY))
        if disk_suffices(settings, kind):
            return 0
        return max(await _replica_count(connection, kind), required_replicas(settings, kind))
    except ReplyError as error:
        raise refused_error(error, address) from error


async def _replica_count(connection: Connection, kind: ServerKind) -> int:
    """Return the number of this master's replicas; in a cluster also those that are away, for any of them may be
    elected.
    """
    if kind is not ServerKind.CLUSTER:
        info = (await connection.ask("INFO", "replication")).decode()
        return int(_info_value(info, "connected_slaves"))
    return await known_replicas(connection)


async def known_replicas(connection: Connection) -> int:
    """Return the number of replicas of a cluster's node, also those that are away. CLUSTER REPLICAS would need a
    dangerous permission.
    """
    lines = (await connection.ask("CLUSTER", "NODES")).decode().splitlines()
    nodes = [_Node(*line.split(" ")[:4]) for line in lines]
    me = next(node.id for node in nodes if "myself" in node.flags)
    return sum(node.master == me for node in nodes)


class _Node(NamedTuple):
    """The first fields of a line of CLUSTER NODES. `master`: id of the node that it follows."""

    id: str
    address: str
    flags: str
    master: str


def _info_value(info: str, name: str) -> str:
    return next(line.partition(":")[2] for line in info.splitlines() if line.startswith(f"{name}:"))


def reply_pairs(reply: list[Any]) -> Mapping[str, str]:
    """Return a reply of names and values in turn as a mapping."""
    words = [word.decode() for word in reply]
    return dict(zip(words[::2], words[1::2], strict=True))
