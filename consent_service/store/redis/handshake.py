"""Handshake: the steps on a new connection before it carries commands: login, role, durability, scripts."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple

from hiredis import ReplyError

from consent_service.errors import StoreUnavailable
from consent_service.store.redis import scripts
from consent_service.store.redis.address import Address, ServerKind
from consent_service.store.redis.connection import Connection, Login
from consent_service.store.redis.durability import replicas_to_wait_for
from consent_service.store.redis.faults import refused_error


class ChannelPurpose(Enum):
    """Purposes of connections, with the seconds after which a server that owes a reply is given up.

    Look-ups have one of their own so that no scan and no waiting for replicas delays the flag.
    """

    LOOK_UP = 1.0
    SCAN = 5.0
    WRITE = 2.5

    __hash__ = object.__hash__  # Enum's own is Python code, and every command looks its line up by this


class HandshakeResult(NamedTuple):
    """A connection that is ready, and the number of replicas that must confirm what is written through it."""

    connection: Connection
    replicas: int


class Handshake:
    """The handshake with the masters of one store."""

    def __init__(self, login: Login, kind: ServerKind, *, relaxed: bool) -> None:
        self._login = login
        self._kind = kind
        self._relaxed = relaxed

    async def open_connection(
        self, address: Address, purpose: ChannelPurpose, on_end: Callable[[], None]
    ) -> HandshakeResult:
        """Open a connection, make it ready for this purpose and return it. Raises OSError, or StoreUnavailable with
        what is wrong.
        """
        connection = await self._login.connect(address, on_end)
        try:
            await self._prepare_connection(connection, address, purpose)
            return HandshakeResult(connection, await self.replicas_to_confirm(connection, address, purpose))
        except ReplyError as error:
            await connection.close()
            raise refused_error(error, address) from error
        except BaseException:
            await connection.close()
            raise

    async def replicas_to_confirm(
        self, connection: Connection, address: Address, purpose: ChannelPurpose
    ) -> int:
        """Return how many replicas must confirm what is written here. Raises StoreUnavailable, ReplyError,
        OSError.
        """
        if purpose is not ChannelPurpose.WRITE or self._relaxed:
            return 0
        return await replicas_to_wait_for(connection, address, self._kind)

    async def _prepare_connection(
        self, connection: Connection, address: Address, purpose: ChannelPurpose
    ) -> None:
        if self._kind is not ServerKind.CLUSTER:  # a cluster's replicas send their callers on by themselves
            require_master(await connection.ask("ROLE"), address)
        if purpose is not ChannelPurpose.LOOK_UP:
            for script in scripts.EVERY:
                await connection.ask("SCRIPT", "LOAD", script.text)


def require_master(role: list[Any], address: Address) -> None:
    """Raise StoreUnavailable unless the reply to ROLE is a master's: a replica may be behind."""
    if role[0] != b"master":
        raise StoreUnavailable(
            f"{address} is a replica: name its master, or use redis+sentinel:// or redis+cluster://"
        )
