"""A PostgreSQL of its own in a folder, as Debian ships it: by default a commit is on disk before it is answered."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.bench.machine import pinned
from tests.support.ports import free_port
from tests.support.waiting import eventually

_PROGRAMS: Final = Path("/usr/lib/postgresql")
_USER: Final = "postgres"
_STOPPED_WITHIN: Final = 20.0


def programs() -> Path:
    """Return the folder of the newest version's programs."""
    return max(_PROGRAMS.glob("*/bin"), key=lambda path: float(path.parent.name))


@contextlib.contextmanager
def postgres(folder: Path, core: int) -> Iterator[str]:
    """Yield the URL of an empty database, served on this core from a new folder below `folder`."""
    data, port = folder / "postgres", free_port()
    data.mkdir()
    as_user: list[str] = []
    if os.geteuid() == 0:  # it refuses to run as root
        folder.chmod(0o711)
        shutil.chown(data, _USER, _USER)
        as_user = ["setpriv", "--reuid", _USER, "--regid", _USER, "--clear-groups"]
    make = [*as_user, str(programs() / "initdb"), "-D", str(data / "db"), "-A", "trust", "-U", _USER]
    subprocess.run(make, check=True, stdout=subprocess.DEVNULL, cwd="/")
    options = ["-D", str(data / "db"), "-k", str(data), "-h", "127.0.0.1", "-p", str(port)]
    with (folder / "postgres.log").open("wb") as log:
        serve = pinned(core, [*as_user, str(programs() / "postgres"), *options])
        process = subprocess.Popen(serve, stdout=log, stderr=log, cwd="/")
    try:
        asked = [str(programs() / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
        eventually(lambda: subprocess.run(asked, check=False).returncode == 0)
        yield f"postgres://{_USER}@127.0.0.1:{port}/postgres"
    finally:
        process.send_signal(signal.SIGINT)  # its fast shutdown
        process.wait(_STOPPED_WITHIN)
