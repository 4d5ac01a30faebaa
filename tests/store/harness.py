"""Harness: an engine as the store's suite needs it; one class for each engine, and nothing that only one can do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from consent_service.store.contract import Store
from consent_service.store.sqlite import SqliteStore
from tests.support.clock import Clock


class Harness(Protocol):
    """One engine and one place to store in.

    `open`     opens the same store as often as it is asked; the test closes it.
    `opener`   how another process opens it: a function and its argument that can be sent there.
    `lose`     makes an open store unreachable, as by a deleted file or a stopped server.
    `close`    undoes that, for whoever shares what is behind it.
    """

    clock: Clock

    async def open(self) -> Store: ...

    def opener(self) -> tuple[Callable[[str], Store], str]: ...

    def lose(self) -> None: ...

    def close(self) -> None: ...


class SqliteHarness:
    """The embedded engine in a folder of its own."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.clock = clock
        self.path = folder / "store.db"

    async def open(self) -> SqliteStore:
        return SqliteStore.open(self.path, clock=self.clock, timeout=0.2)

    def opener(self) -> tuple[Callable[[str], Store], str]:
        return open_sqlite, str(self.path)

    def lose(self) -> None:
        self.path.unlink()

    def close(self) -> None:
        """The file was this one's alone."""


def open_sqlite(path: str) -> Store:
    """Open the store as another process does."""
    return SqliteStore.open(Path(path))
