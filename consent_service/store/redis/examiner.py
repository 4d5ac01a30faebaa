"""Examiner of a Redis store: its masters, the replicas that follow them, and the Sentinels that watch.

Each server is asked on a connection of its own, with questions alone; one that can't be asked is a trouble and
keeps none of the others from being asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from hiredis import HiredisError, ReplyError

from consent_service.errors import StoreError, StoreUnavailable
from consent_service.store.contract import Document, Key
from consent_service.store.lost_values import LostValues
from consent_service.store.mounts import Mount, mount_of
from consent_service.store.move_mark import MoveMark, decode_mark
from consent_service.store.redis import durability, key_layout, scripts
from consent_service.store.redis.address import Address, ServerKind, parse_url
from consent_service.store.redis.connection import Connection, Word
from consent_service.store.redis.faults import refused_error, unreachable_error
from consent_service.store.redis.key_layout import HEADER_SLOT, shard_keys
from consent_service.store.redis.opened_store import is_supported, way_to
from consent_service.store.redis.store_header import open_header, open_lost
from consent_service.store.status import DataLayout, FleetFacts, SentinelFacts, ServerFacts

_TIMEOUT: Final = 3.0
"""Seconds for one server to answer everything."""

_SETTINGS: Final = (*durability.WANTED, "cluster-node-timeout", "dir")
_WRITES: Final = ("aof_last_write_status", "aof_last_bgrewrite_status", "rdb_last_bgsave_status")
_NOBODY: Final = "{name} has slots that no node serves: mend the cluster"

_T = TypeVar("_T")


class RedisExaminer:
    """`status.Examiner` over the servers that a URL names."""

    def __init__(self, url: str, clock: Callable[[], float]) -> None:
        self._target = parse_url(url)
        self._login, self._topology = way_to(self._target)
        self._clock = clock

    async def read_facts(self) -> FleetFacts:
        """Return the facts of the store; what is wrong with it is among them as `troubles`."""
        sentinels, troubles = await self._ask_each(self._sentinel_facts, self._seeds_that_watch())
        try:
            await self._topology.refresh_map()
        except StoreError as error:
            return FleetFacts(self._target.name, (*troubles, str(error)), sentinels=sentinels)
        if not self._topology.slot_map.is_whole:
            troubles = [*troubles, _NOBODY.format(name=self._target.name)]
        masters, unasked = await self._ask_each(self._server_facts, self._topology.slot_map.masters)
        followers = [address for _, replicas in masters for address in replicas]
        replicas, unreached = await self._ask_each(self._server_facts, followers)
        laid, half_copied, moved = None, None, None
        try:
            half_copied = await self._half_copied()
            laid = await self._data_layout()
            moved = await self._move_mark()
        except StoreError as error:
            unreached = [*unreached, str(error)]
        return FleetFacts(
            self._target.name,
            tuple(dict.fromkeys([*troubles, *unasked, *unreached])),
            laid,
            half_copied,
            [server for server, _ in (*masters, *replicas)],
            sentinels,
            durability.REMEDY,
            moved,
        )

    async def get(self, keys: Sequence[Key]) -> list[Document | None]:
        """Return the documents in the order asked; None for those that are absent or have expired."""
        commands = [(shard_keys(key.shard), key.name) for key in keys]
        replies = [
            await self._ask_slot(where.slot, "GET", where.document_key(name)) for where, name in commands
        ]
        return [key_layout.unpack_document(reply, self._clock()) for reply in replies]

    async def next_behind(self, log: str, shard: str, sequence: int) -> bytes | None:
        """Return the payload of the log's first entry with a higher position, or None."""
        where = shard_keys(shard)
        entries = await self._ask_slot(
            where.slot, "XRANGE", where.log_key(log), f"{sequence + 1}-0", "+", "COUNT", 1
        )
        return entries[0][1][1] if entries else None

    async def lost_values(self) -> LostValues:
        """Return the counter values that restorations made the store lose."""
        header = open_header(await self._ask_slot(HEADER_SLOT, "GET", key_layout.HEADER), self._target.name)
        notes = await self._ask_slot(HEADER_SLOT, "HGETALL", key_layout.LOST)
        return open_lost(header, notes, self._target.name)

    async def close(self) -> None:
        """Do nothing: no connection outlives its question."""

    async def _half_copied(self) -> int | None:
        fields = await self._ask_slot(HEADER_SLOT, "HLEN", key_layout.MOVING)
        return fields - 1 if fields else None  # one says which store

    async def _data_layout(self) -> DataLayout | None:
        data = await self._ask_slot(HEADER_SLOT, "GET", key_layout.HEADER)
        if data is None:  # nobody has ever served over it
            return None
        header = open_header(data, self._target.name)
        return DataLayout(header.version, header.shards)

    async def _move_mark(self) -> MoveMark | None:
        data = await self._ask_slot(HEADER_SLOT, "GET", key_layout.MOVED)
        return None if data is None else decode_mark(data, self._target.name)

    async def _ask_slot(self, slot: int, *words: Word) -> Any:
        if not self._topology.slot_map.ranges:
            await self._topology.refresh_map()
        master = self._topology.slot_map.master_of(slot)
        if master is None:
            raise StoreUnavailable(_NOBODY.format(name=self._target.name))
        return await self._with_connection(master, lambda connection: connection.ask(*words))

    async def _with_connection(self, address: Address, ask: Callable[[Connection], Awaitable[_T]]) -> _T:
        """Open a connection, ask on it, close it and return the reply. Raises StoreError with what went wrong."""
        try:
            async with asyncio.timeout(_TIMEOUT):
                connection = await self._login.connect(address, lambda: None)
                try:
                    return await ask(connection)
                finally:
                    await connection.close()
        except ReplyError as error:
            raise refused_error(error, address) from error
        except (OSError, HiredisError) as error:
            raise unreachable_error(error, address) from error

    async def _ask_each(
        self, ask: Callable[[Address], Awaitable[_T]], addresses: Sequence[Address]
    ) -> tuple[list[_T], list[str]]:
        """Return the answers of those that answered, and the errors of the others as text."""
        replies = await asyncio.gather(*map(ask, addresses), return_exceptions=True)
        if broken := [
            reply
            for reply in replies
            if isinstance(reply, BaseException) and not isinstance(reply, StoreError)
        ]:
            raise broken[0]
        troubles = [str(reply) for reply in replies if isinstance(reply, StoreError)]
        return [reply for reply in replies if not isinstance(reply, BaseException)], troubles

    def _seeds_that_watch(self) -> Sequence[Address]:
        return self._target.seeds if self._target.kind is ServerKind.SENTINEL else ()

    async def _sentinel_facts(self, address: Address) -> SentinelFacts:
        try:
            async with asyncio.timeout(_TIMEOUT):
                fields = durability.reply_pairs(await self._topology.ask_sentinel(address, "MASTER"))
        except ReplyError as error:
            raise refused_error(error, address) from error
        except (OSError, HiredisError) as error:
            raise unreachable_error(error, address) from error
        replicas, others, quorum = [
            int(fields[name]) for name in ("num-slaves", "num-other-sentinels", "quorum")
        ]
        down_after = int(fields["down-after-milliseconds"]) / 1000
        return SentinelFacts(str(address), replicas, others, quorum, down_after)

    async def _server_facts(self, address: Address) -> tuple[ServerFacts, list[Address]]:
        """Return the facts of a server, and the addresses of its replicas."""

        async def ask_everything(connection: Connection) -> tuple[ServerFacts, list[Address]]:
            """Return the facts and the replicas' addresses from one connection."""
            skew, doubt = await _clock_of(connection, self._clock)
            info = _info_lines((await connection.ask("INFO")).decode())
            await _require_commands(connection, address)
            settings, untold = await durability.settings_of(connection, *_SETTINGS)
            followers = [
                _replica_address(info[name])
                for name in info
                if name.startswith("slave") and "ip=" in info[name]
            ]
            expected = await self._expected_replicas(connection, info)
            measured = (skew, doubt, expected)
            facts = _facts_of_server(address, self._target.kind, info, settings, connection, measured)
            return facts._replace(danger=untold or facts.danger), followers

        return await self._with_connection(address, ask_everything)

    async def _expected_replicas(self, connection: Connection, info: Mapping[str, str]) -> int:
        """Return the number of replicas that should follow: in a cluster also those that are away."""
        if self._target.kind is not ServerKind.CLUSTER or info["role"] != "master":
            return int(info["connected_slaves"])
        return await durability.known_replicas(connection)


def _facts_of_server(
    address: Address,
    kind: ServerKind,
    info: Mapping[str, str],
    settings: Mapping[str, str],
    connection: Connection,
    measured: tuple[float, float, int],
) -> ServerFacts:
    skew, doubt, expected = measured
    timeout = settings.get("cluster-node-timeout") if info.get("cluster_enabled") == "1" else None
    fewest = durability.required_replicas(settings, kind) if info["role"] == "master" else 0
    return ServerFacts(
        str(address),
        _engine_name(info),
        is_supported(info["redis_version"]),
        info["role"] == "master",
        durability.data_loss_risk(settings),
        durability.disk_suffices(settings, kind),
        [name for name in _WRITES if info.get(name, "ok") != "ok"],
        sum("state=online" in line for name, line in info.items() if name.startswith("slave")),
        max(expected, fewest),
        int(info["used_memory"]),
        int(settings.get("maxmemory", 0)),
        skew,
        doubt,
        int(timeout) / 1000 if timeout else None,
        connection.certificate_until,
        durability.forgets_on_restart(settings),
        fewest,
        _mount_of_server(info, settings),
    )


def _mount_of_server(info: Mapping[str, str], settings: Mapping[str, str]) -> Mount | None:
    """Return the mount of the server's files, if the process with its id on this machine works in its folder."""
    folder = Path(settings.get("dir", ""))
    with suppress(OSError, KeyError):  # elsewhere, in a container, or not ours to look at
        if Path(f"/proc/{int(info['process_id'])}/cwd").readlink() == folder:
            return mount_of(folder, Path(f"/proc/{int(info['process_id'])}/mountinfo"))
    return None


async def _require_commands(connection: Connection, address: Address) -> None:
    """Raise StoreUnavailable when the server lacks a command without which no service can use it."""
    try:
        replies = await connection.ask("COMMAND", "INFO", *scripts.COMMANDS)
    except ReplyError:  # it does not tell its commands either: whoever needs one will be told
        return
    if missing := [name for name, reply in zip(scripts.COMMANDS, replies, strict=True) if not reply]:
        raise StoreUnavailable(
            f"{address} does not know the commands {', '.join(missing)}: they were renamed or taken away there. Give "
            "them back their names, or use another server"
        )


async def _clock_of(connection: Connection, clock: Callable[[], float]) -> tuple[float, float]:
    """Return the seconds that its clock is ahead of ours, and the error of that: half of the round trip."""
    before = clock()
    seconds, micro = await connection.ask("TIME")
    after = clock()
    return int(seconds) + int(micro) / 1e6 - (before + after) / 2, (after - before) / 2


def _engine_name(info: Mapping[str, str]) -> str:
    """Return the server's name and version. Valkey also tells the version of Redis that it matches."""
    if "valkey_version" in info:
        return f"Valkey {info['valkey_version']}"
    return f"Redis {info['redis_version']}"


def _info_lines(info: str) -> Mapping[str, str]:
    pairs = (line.partition(":") for line in info.splitlines() if ":" in line)
    return {name: value for name, _, value in pairs}


def _replica_address(line: str) -> Address:
    fields = dict(part.split("=", 1) for part in line.split(","))
    return Address(fields["ip"], int(fields["port"]))
