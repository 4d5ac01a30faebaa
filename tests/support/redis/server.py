"""Real redis-servers on free loopback ports: started here, steered through a Unix socket, ended by their ids.

A server is made unreachable without being stopped: it listens on another loopback address and drops its clients.
"""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar

import redis

from tests.support import waiting
from tests.support.redis import certificates

PROGRAM: Final = os.environ.get("TEST_REDIS_SERVER", "redis-server")
"""Program to start: Debian's server, or another one that claims to do the same, by its path."""

HOST: Final = "127.0.0.1"
_ELSEWHERE: Final = "127.0.0.2"

_T = TypeVar("_T")


def eventually(look: Callable[[], _T]) -> _T:
    """Call `look` until it returns something true, and return that; a server may not be there yet."""
    return waiting.eventually(look, ignoring=[redis.RedisError])


class Server:
    """One redis-server, or with `sentinel` one Sentinel, in a folder of its own."""

    started: ClassVar[list[Server]] = []

    def __init__(self, port: int, *options: str, sentinel: bool = False, tls: bool = False) -> None:
        self.port = port
        self._folder = tempfile.TemporaryDirectory(prefix="redis-", dir=_memory())
        self._socket = f"{self._folder.name}/socket"
        folder = Path(self._folder.name)
        listening = [f"port {port}"]
        if tls:
            self.certificate, key = certificates.make(folder, HOST)
            secured = [f"tls-cert-file {self.certificate}", f"tls-key-file {key}", "tls-auth-clients no"]
            listening = ["port 0", f"tls-port {port}", *secured]
        file = folder / "redis.conf"
        lines = [
            *listening,
            f"bind {HOST}",
            f"unixsocket {self._socket}",
            f"dir {folder}",
            *options,
        ]
        file.write_text("\n".join(lines) + "\n")
        self._command = [PROGRAM, str(file), *(["--sentinel"] if sentinel else [])]
        self.started.append(self)
        self.start()

    def start(self) -> None:
        """Start it, also again after `kill`; returns when it answers."""
        # setpriv: it goes when the tests go, however they end
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *self._command],
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            restore_signals=False,  # it hears of a file that may not grow as it hears of a full disk
        )
        self._client = redis.Redis(unix_socket_path=self._socket)
        eventually(lambda: self.ask("PING"))

    def ask(self, *words: str | int) -> Any:
        """One command, past every network; text comes decoded."""
        return _decoded(self._client.execute_command(*words))  # type: ignore[no-untyped-call]

    def dump(self) -> dict[bytes, bytes]:
        """Every key with its value as `load` takes it; when a key expires is no part of it."""
        keys: list[bytes] = sorted(self._client.keys("*"))  # type: ignore[arg-type]
        return {key: self._client.dump(key) for key in keys}  # type: ignore[misc]

    def load(self, values: Mapping[bytes, bytes]) -> None:
        """Put keys there that were dumped elsewhere; raises redis.ResponseError where one is there already."""
        for key, value in values.items():
            self._client.restore(key, 0, value)

    def reserve(self, user: str, password: str) -> None:
        """From here on nobody comes in without a name but this object, under this one."""
        self.ask("ACL", "SETUSER", user, "on", f">{password}", "~*", "&*", "+@all")
        self._client.close()
        self._client = redis.Redis(unix_socket_path=self._socket, username=user, password=password)
        self.ask("ACL", "SETUSER", "default", "off")

    def info(self, section: str) -> dict[str, Any]:
        return dict(self.ask("INFO", section))

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        """End it as a crash would."""
        self._process.kill()
        self.ended()

    def ended(self) -> None:
        """Returns once it has ended."""
        self._process.wait(waiting.DEADLINE)
        self._client.close()

    def full(self, *, room: int | None) -> None:
        """From here on its files may grow to so many bytes and no further; None = as they like."""
        _, most = resource.prlimit(self.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (most if room is None else room, most))

    def hide(self) -> None:
        """Become unreachable for everybody but this object, at once."""
        self.ask("CONFIG", "SET", "bind", _ELSEWHERE)
        self.ask("CLIENT", "KILL", "TYPE", "normal")

    def show(self) -> None:
        """Be reachable again, as soon as nobody else's call goes out from this port."""
        eventually(lambda: self.ask("CONFIG", "SET", "bind", HOST))

    @classmethod
    def end_all(cls) -> None:
        """End every server that was started, and remove what it wrote."""
        while cls.started:
            server = cls.started.pop()
            server.kill()
            server._folder.cleanup()


def _memory() -> str | None:
    """Memory where there is a folder of it: the suite tests promises, not disks."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def _decoded(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, list):
        return [_decoded(one) for one in value]
    if isinstance(value, dict):
        return {_decoded(name): _decoded(one) for name, one in value.items()}
    return value
