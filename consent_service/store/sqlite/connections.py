"""Connections: how this engine sets up SQLite, for its writer and for its readers."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

OLDEST_SQLITE: Final = (3, 37, 0)
"""The first with STRICT tables and RETURNING."""

_CHECKPOINT_PAGES: Final = 4000
"""16 MB of log before it is copied into the file: fewer, longer stops of the writer, each off the event loop."""
_LOG_BYTES_KEPT: Final = 64 << 20
_STATEMENTS: Final = 256
_CACHE_KIBIBYTES: Final = 65_536
_READ_TIMEOUT: Final = 0.2
"""Seconds. Readers never wait in WAL mode, but for a log that is being recovered."""


def connect_writer(path: Path, timeout: float) -> sqlite3.Connection:
    """Return a connection that may write, once `make_durable` was called with it.

    `timeout`: seconds to wait for another program's lock.
    """
    return _open_connection(path, "rw", timeout)


def make_durable(connection: sqlite3.Connection) -> None:
    """Set up the connection so that a commit returns once the log is on the disk (`fdatasync`). Changes the file's
    header.
    """
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    connection.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES_KEPT}")


def connect_reader(path: Path, timeout: float = _READ_TIMEOUT, *, still: bool = False) -> sqlite3.Connection:
    """Return a connection that can only read. `still`: nobody writes meanwhile, so no log is looked for and none
    made.
    """
    connection = _open_connection(path, "ro&immutable=1" if still else "ro", timeout)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _open_connection(path: Path, mode: str, timeout: float) -> sqlite3.Connection:
    """Return an open connection. `check_same_thread` is off: it is opened here, then used and closed by one other
    thread.
    """
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode={mode}",
        timeout=timeout,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=_STATEMENTS,
        uri=True,
    )
    try:
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIBIBYTES}")
        connection.execute("PRAGMA trusted_schema = OFF")
    except BaseException:
        connection.close()
        raise
    return connection
