"""Debian's WebKit: its smallest browser, its driver, and an X server without a screen to show it on.

It is the engine that Safari has, with other surroundings: cookies live longer here, and there is no signal to turn
on. Knows how the three are started, spoken to and ended, nothing of consent.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.e2e.browsers.words import Refused, Word
from tests.process.waiting import fetch
from tests.support.waiting import DEADLINE, eventually

DRIVER: Final = "WebKitWebDriver"
SCREEN: Final = "Xvfb"
MISSING: Final = (
    f"{DRIVER} or {SCREEN} is missing: `make test` installs them, "
    "or: apt-get install --no-install-recommends webkit2gtk-driver xvfb"
)


class Session:
    """One visitor's browser: nothing that it keeps outlives it."""

    def __init__(self, port: int, *arguments: str) -> None:
        self._port = port
        options = {"binary": str(_small_browser()), "args": ["--automation", *arguments]}
        wanted = {
            "pageLoadStrategy": "none",
            "acceptInsecureCerts": True,
            "webkitgtk:browserOptions": options,
        }
        self._path = "/session"
        started = self._ask("POST", "", {"capabilities": {"alwaysMatch": wanted}})
        self._path = f"/session/{started['sessionId']}"

    def say(self, word: Word, **given: Any) -> Any:
        """One command and its answer."""
        return self._ask(word.method, "/" + word.path.format(**given), given)

    def close(self) -> None:
        self._ask("DELETE", "", {})

    def _ask(self, method: str, path: str, given: dict[str, Any]) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=DEADLINE)
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


@contextmanager
def webkit(port: int, *arguments: str) -> Iterator[Session]:
    """A running browser with one tab; further arguments as the smallest browser has them."""
    session = Session(port, *arguments)
    try:
        yield session
    finally:
        session.close()


@contextmanager
def driver(folder: Path, port: int) -> Iterator[int]:
    """The driver, listening on this port, for any number of browsers one after another."""
    assert shutil.which(DRIVER), MISSING
    assert shutil.which(SCREEN), MISSING
    with _screen(folder) as display, _process(folder, [DRIVER, f"--port={port}"], display):
        eventually(lambda: fetch(port, "/status").status == 200)
        yield port


@contextmanager
def _screen(folder: Path) -> Iterator[str]:
    """The X server; it chooses a display that is free, and writes its number when it is ready."""
    reading, writing = os.pipe()
    command = [SCREEN, "-displayfd", str(writing), "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]
    with os.fdopen(reading) as answer, _process(folder, command, "", writing):
        os.close(writing)
        display = answer.readline().strip()
        assert display, f"{SCREEN} ended: {(folder / f'{SCREEN}.log').read_text()}"
        yield f":{display}"


@contextmanager
def _process(folder: Path, command: Sequence[str], display: str, *keep: int) -> Iterator[None]:
    """A process, ended by its id; what it says is in a file of its name."""
    surroundings = {**os.environ, "DISPLAY": display, "HOME": str(folder), "GDK_BACKEND": "x11"}
    with (folder / f"{command[0]}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=surroundings, pass_fds=keep)
    try:
        yield
    finally:
        process.terminate()
        process.wait(DEADLINE)


def _small_browser() -> Path:
    """It lies beside the engine, in a folder with the machine's kind in its name."""
    found = sorted(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"))
    assert found, MISSING
    return found[-1]
