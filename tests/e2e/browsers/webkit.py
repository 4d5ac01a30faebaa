"""Debian's WebKit: its smallest browser, its driver, and an X server without a screen to show it on.

It is the engine that Safari has, with other surroundings: cookies live longer here, and there is no signal to turn
on. Knows how the three are started, spoken to and ended, nothing of consent.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.e2e.browsers.words import RUN, Refused, Word
from tests.support.ports import free_port
from tests.support.processes import fetch
from tests.support.waiting import DEADLINE, eventually

DRIVER: Final = "WebKitWebDriver"
SCREEN: Final = "Xvfb"
MISSING: Final = (
    f"{DRIVER} or {SCREEN} is missing: `make test` installs them, "
    "or: apt-get install --no-install-recommends webkit2gtk-driver xvfb"
)


_TRIES: Final = 3
_PATIENCE: Final = DEADLINE / _TRIES
"""Seconds for one try at starting a browser."""
_ANSWERED: Final = DEADLINE / 6
"""Seconds for the answer of a page: one that is just being replaced never gives it, and the next one is asked."""


class Session:
    """One visitor's browser: nothing that it keeps outlives it.

    Raises TimeoutError when the browser does not start.
    """

    def __init__(self, port: int, *arguments: str) -> None:
        self._port = port
        options = {"binary": str(_small_browser()), "args": ["--automation", *arguments]}
        wanted = {
            "pageLoadStrategy": "none",
            "acceptInsecureCerts": True,
            "webkitgtk:browserOptions": options,
        }
        self._path = "/session"
        started = self._ask("POST", "", {"capabilities": {"alwaysMatch": wanted}}, _PATIENCE)
        self._path = f"/session/{started['sessionId']}"

    def say(self, word: Word, **given: Any) -> Any:
        """One command and its answer. Raises TimeoutError where none comes."""
        patience = _ANSWERED if word is RUN else DEADLINE
        return self._ask(word.method, "/" + word.path.format(**given), given, patience)

    def close(self) -> None:
        self._ask("DELETE", "", {})

    def _ask(self, method: str, path: str, given: dict[str, Any], patience: float = DEADLINE) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=patience)
        try:
            body = json.dumps(given) if method == "POST" else None
            connection.request(method, self._path + path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = json.loads(response.read())["value"]
        finally:
            connection.close()
        if response.status != 200:
            raise Refused(f"{path}: {answer['error']}: {answer['message']}")
        return answer


@dataclass(frozen=True)
class Screen:
    """An X server by its display; what runs on it writes its logs into the folder."""

    folder: Path
    display: str


@contextmanager
def webkit(screen: Screen, *arguments: str) -> Iterator[Session]:
    """A running browser with one tab; further arguments as the smallest browser has them."""
    assert shutil.which(DRIVER), MISSING
    with ExitStack() as driver:
        session = _started(driver, screen, arguments)
        try:
            yield session
        finally:
            session.close()


def _started(driver: ExitStack, screen: Screen, arguments: Sequence[str]) -> Session:
    """A session of a driver of its own, which the stack ends.

    The driver and its browser meet on a port that neither of them holds meanwhile: where another process takes it,
    the driver waits for ever, and both are started again.
    """
    for _ in range(_TRIES):
        port = free_port()
        driver.enter_context(_process(screen.folder, [DRIVER, f"--port={port}"], screen.display))
        eventually(lambda port=port: fetch(port, "/status").status == 200)  # type: ignore[misc]
        with suppress(TimeoutError):
            return Session(port, *arguments)
        driver.close()
    raise AssertionError(f"{DRIVER} started no browser: {(screen.folder / f'{DRIVER}.log').read_text()}")


@contextmanager
def screen(folder: Path) -> Iterator[Screen]:
    """The X server; it chooses a display that is free, and writes its number when it is ready."""
    assert shutil.which(SCREEN), MISSING
    reading, writing = os.pipe()
    command = [SCREEN, "-displayfd", str(writing), "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]
    with os.fdopen(reading) as answer, _process(folder, command, "", writing):
        os.close(writing)
        display = answer.readline().strip()
        assert display, f"{SCREEN} ended: {(folder / f'{SCREEN}.log').read_text()}"
        yield Screen(folder, f":{display}")


@contextmanager
def _process(folder: Path, command: Sequence[str], display: str, *keep: int) -> Iterator[None]:
    """A process, ended with those that it has started; what it says is in a file of its name."""
    surroundings = {**os.environ, "DISPLAY": display, "HOME": str(folder), "GDK_BACKEND": "x11"}
    with (folder / f"{command[0]}.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env=surroundings, pass_fds=keep, process_group=0
        )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(DEADLINE)


def _small_browser() -> Path:
    """It lies beside the engine, in a folder with the machine's kind in its name."""
    found = sorted(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"))
    assert found, MISSING
    return found[-1]
