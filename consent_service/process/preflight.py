"""Checks before anything starts: are the ports free, does the store open? One clear sentence beats a crash
loop.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Iterator, Sequence
from typing import Final

from consent_service.config import Service
from consent_service.errors import ConfigError, Fault
from consent_service.identity.key_ring import KeyRing
from consent_service.services.configured_store import configured_store
from consent_service.services.key_rings import take_up
from consent_service.store.engines import local_file
from consent_service.store.mounts import MountKind, mount_of

_WAIT_FOR_PORT: Final = 2.0  # seconds; the workers of a service that was killed a moment ago may need them


def check_start(service: Service, ring: KeyRing, parts: Sequence[str]) -> list[str]:
    """Return sentences on what the ring lacks of the one that the store was written under.

    Raises ConfigError for addresses that can't be listened on, StoreError for a store that can't be opened, and
    KeyRingForeign where it was written under another ring.

    The workers share their address (SO_REUSEPORT), so a second service on it would not fail by itself: it would
    take every other visitor.
    """
    listeners = {"web": ("port", service.host, service.port)}
    if service.metrics_port:
        listeners["work"] = ("metrics_port", service.metrics_host, service.metrics_port)
    needed = [listeners[part] for part in parts if part in listeners]
    faults = tuple(fault for listener in needed for fault in _listening_faults(*listener))
    if faults:
        raise ConfigError(faults)
    return asyncio.run(_open_once(service, ring))


def store_warnings(service: Service) -> list[str]:
    """Return sentences about a store that a restart of this machine or container deletes.

    Such a store may serve, because trials and tests want it. The doctor calls it a fault.
    """
    file = local_file(service.store)
    mount = None if file is None else mount_of(file)
    if mount is None or mount.kind not in {MountKind.MEMORY, MountKind.UNSYNCED, MountKind.LAYER}:
        return []
    return [f"service.store: {file} {mount.description}"]


def _listening_faults(key: str, host: str, port: int) -> Iterator[Fault]:
    deadline = time.monotonic() + _WAIT_FOR_PORT
    while (error := _listening_error(host, port)) and time.monotonic() < deadline:
        time.sleep(0.05)
    if error:
        yield Fault(f"service.{key}", 0, f"can't listen on {host}:{port}: {_system_reason(error)}")


def _system_reason(error: OSError) -> str:
    """Return the system's own words. Python adds the address to some of them; the message names it already."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror)


def _listening_error(host: str, port: int) -> OSError | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        return error
    return None


async def _open_once(service: Service, ring: KeyRing) -> list[str]:
    async with configured_store(service) as store:
        return await take_up(store, ring, int(time.time()))
