"""Dying with one's parent: the kernel sees to it, also when the parent was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tests.support.processes import survivors
from tests.support.waiting import DEADLINE

CHILD = """
import os, signal, sys
from consent_service.process.parent_death import die_with
die_with(int(sys.argv[1]))
print(os.getpid(), flush=True)
signal.pause()
"""
PARENT = f"""
import os, subprocess, sys
subprocess.Popen([sys.executable, "-c", {CHILD!r}, str(os.getpid())]).wait()
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_is_gone_soon_after_its_parent(end: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.send_signal(end)
        parent.wait()
        assert survivors([child]) == []


def test_a_child_whose_parent_died_before_it_asked_dies_at_once() -> None:
    ended = subprocess.run([sys.executable, "-c", CHILD, str(os.getpid() + 1)], check=False, timeout=DEADLINE)
    assert ended.returncode == -signal.SIGKILL
