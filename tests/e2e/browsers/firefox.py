"""Debian's Firefox without a window, as a process with a new profile for each visitor.

Firefox has WebDriver's commands built in, behind a socket: the protocol is called Marionette. Knows how it is
started, spoken to and ended, nothing of consent.
https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.e2e.browsers.words import Refused, Word
from tests.support.waiting import DEADLINE, eventually

COMMAND: Final = "firefox-esr"
MISSING: Final = (
    f"{COMMAND} is missing: `make test` installs it, or: apt-get install --no-install-recommends {COMMAND}"
)
SIGNAL: Final = {"privacy.globalprivacycontrol.enabled": True}
_ALWAYS: Final[Mapping[str, bool | int | str]] = {
    "marionette.port": 0,  # any free one; it is written into the profile
    "app.normandy.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}


class Marionette:
    """The socket. Each message is its length in bytes, a colon, and JSON."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)
        self._file = self._socket.makefile("rb")
        self._said = 0
        self._hear()  # its greeting

    def say(self, word: Word, **given: Any) -> Any:
        """One command and its answer; nothing else comes between the two."""
        return self.command(f"WebDriver:{word.name}", given)

    def command(self, name: str, given: Mapping[str, Any]) -> Any:
        """A command that the standard may not know."""
        self._said += 1
        text = json.dumps([0, self._said, name, given]).encode()
        self._socket.sendall(b"%d:%s" % (len(text), text))
        _, _, error, answer = self._hear()
        if error:
            raise Refused(f"{name}: {error['error']}: {error['message']}")
        return answer["value"] if isinstance(answer, dict) and "value" in answer else answer

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def _hear(self) -> Any:
        digits = b""
        while not digits.endswith(b":"):
            character = self._file.read(1)
            if not character:
                raise Refused("Firefox closed the socket")
            digits += character
        return json.loads(self._file.read(int(digits[:-1])))


@contextmanager
def firefox(folder: Path, preferences: Mapping[str, bool | int | str] | None = None) -> Iterator[Marionette]:
    """A running Firefox with one tab; ended by its own word, so that all its processes end."""
    assert shutil.which(COMMAND), MISSING
    profile = folder / "profile"
    _write_preferences(profile, {**_ALWAYS, **(preferences or {})})
    with _process(folder, profile) as process:
        marionette = Marionette(_port(process, profile))
        try:
            marionette.command(
                "WebDriver:NewSession", {"pageLoadStrategy": "none", "acceptInsecureCerts": True}
            )
            yield marionette
            marionette.command("Marionette:Quit", {"flags": ["eForceQuit"]})
            process.wait(DEADLINE)
        finally:
            marionette.close()


def _write_preferences(profile: Path, preferences: Mapping[str, bool | int | str]) -> None:
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in preferences.items()]
    profile.mkdir()
    (profile / "user.js").write_text("\n".join(lines) + "\n")


@contextmanager
def _process(folder: Path, profile: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The process. Its home is the profile's folder, so that it finds nobody's settings."""
    command = [COMMAND, "--headless", "--no-remote", "--marionette", "--profile", str(profile)]
    with (folder / "firefox.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env={**os.environ, "HOME": str(folder)}, process_group=0
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(DEADLINE)


def _port(process: subprocess.Popen[bytes], profile: Path) -> int:
    """Return the address at which it listens, as soon as it does."""
    file = profile / "MarionetteActivePort"

    def written() -> int:
        assert process.poll() is None, f"Firefox ended: {(profile.parent / 'firefox.log').read_text()}"
        return int(file.read_text() or 0)

    return eventually(written)
