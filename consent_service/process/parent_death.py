"""Death signal: a process dies with its parent, so that a killed supervisor leaves nothing behind."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1


def die_with(parent: int, with_signal: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel send this process the signal when `parent`, which must be its parent, dies.

    Killing without ceremony is right for servers: what was acknowledged is durable, and whoever starts the
    service again must find its address free. Linux only; elsewhere an orphan lives on until it is stopped.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, with_signal.value)
        if os.getppid() != parent:  # it died before we asked
            os.kill(os.getpid(), with_signal)
