"""Chromium: found on the PATH, started headless with a fresh profile, controlled over two pipes, and ended."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from consent_service.errors import InspectionFailed
from consent_service.inspection.devtools import DevTools

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_FLAGS: Final = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
    "--mute-audio",
)
_READS, _WRITES = 3, 4  # the descriptors that the browser looks at
_ABOVE: Final = 10
_ENDS_WITHIN: Final = 5.0  # seconds


@contextmanager
def run_chromium() -> Iterator[DevTools]:
    """Run a browser with a fresh profile; yield its DevTools. Raises InspectionFailed if none is installed."""
    program = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if program is None:
        raise InspectionFailed(
            "Chromium is not on the PATH: install it (Debian: apt-get install --no-install-recommends chromium)"
        )
    with _temporary_profile() as profile:
        # A browser of root's refuses to start inside its sandbox.
        flags = (*_FLAGS, f"--user-data-dir={profile}", *(() if os.geteuid() else ("--no-sandbox",)))
        pid, reading, writing = _start_browser(program, flags)
        try:
            yield DevTools(reading, writing)
        finally:
            _end_browser(pid)
            os.close(reading)
            os.close(writing)


@contextmanager
def _temporary_profile() -> Iterator[str]:
    """Yield a temporary folder for the browser's own files. Raises InspectionFailed."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="inspection-", ignore_cleanup_errors=True)
    except OSError as error:
        raise InspectionFailed(
            f"Chromium needs a temporary folder, and none is writable ({error.strerror}): name one in TMPDIR"
        ) from error
    with folder as profile:
        yield profile


def _start_browser(program: str, flags: tuple[str, ...]) -> tuple[int, int, int]:
    """Start the browser in a process group of its own. Return its pid and our ends of the two pipes."""
    (its_read, our_write), (our_read, its_write) = _high_pipe(), _high_pipe()
    silent = os.open(os.devnull, os.O_RDWR)
    actions = [
        *((os.POSIX_SPAWN_DUP2, silent, standard) for standard in (0, 1, 2)),
        (os.POSIX_SPAWN_DUP2, its_read, _READS),
        (os.POSIX_SPAWN_DUP2, its_write, _WRITES),
    ]
    try:
        pid = os.posix_spawn(program, [program, *flags], os.environ, file_actions=actions, setpgroup=0)
    except OSError as error:
        raise InspectionFailed(f"{program} does not start: {error.strerror}") from error
    finally:
        for descriptor in (its_read, its_write, silent):
            os.close(descriptor)
    return pid, our_read, our_write


def _high_pipe() -> tuple[int, int]:
    """Return the ends of a pipe, numbered far above the browser's descriptors and closed in every child."""
    ends = os.pipe()
    moved = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, _ABOVE) for end in ends]
    for end in ends:
        os.close(end)
    return moved[0], moved[1]


def _end_browser(pid: int) -> None:
    """End the browser with all of its processes."""
    for end_signal in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(pid, end_signal)
        deadline = time.monotonic() + _ENDS_WITHIN
        while time.monotonic() < deadline:
            if os.waitpid(pid, os.WNOHANG)[0]:
                return
            time.sleep(0.05)
