"""Reading what strace saw: when a request was read, when the log was made durable, when the answer went out.

Knows strace's lines (`-f -y`: threads by number, descriptors with what they are). Knows nothing of choices.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

_CALLS: Final = "fdatasync,fsync,read,readv,recvfrom,recvmsg,write,writev,sendto,sendmsg"
_SYNCS: Final = ("fdatasync", "fsync")

# 31 10:00:00.000001 fdatasync(9</data/consent.db-wal>) = 0
_WHOLE: Final = re.compile(r"^(\d+) +\S+ (\w+)\((.*)\) += \d+(?: |$)")
_BEGUN: Final = re.compile(r"^(\d+) +\S+ \w+\((.*) <unfinished \.\.\.>$")
_RESUMED: Final = re.compile(r"^(\d+) +\S+ <\.\.\. (\w+) resumed>(.*)\) += \d+(?: |$)")
_FILE: Final = re.compile(r"^\d+<(.*?)>")


class Call(NamedTuple):
    """One call that succeeded; `file` is what its descriptor is, `began` and `ended` are places in the trace."""

    name: str
    file: str
    arguments: str
    began: int
    ended: int


class Syncs(NamedTuple):
    """Syncs of the log: for each answer since its request was read; and from the first request to the last answer."""

    each: list[int]
    together: int


def strace(output: Path) -> list[str]:
    """The command that traces what follows it, threads and children too; fails the test where it is missing."""
    if shutil.which("strace") is None:
        pytest.fail("strace is missing. Run: apt-get install --no-install-recommends strace")
    return ["strace", "-f", "-y", "-tt", "-s", "64", "-o", str(output), "-e", f"trace={_CALLS}"]


def calls(lines: Iterable[str]) -> Iterator[Call]:
    """The calls in the order in which they ended."""
    begun: dict[str, tuple[int, str]] = {}
    for place, line in enumerate(lines):
        if whole := _WHOLE.match(line):
            yield _call(whole[2], whole[3], place, place)
        elif first := _BEGUN.match(line):
            begun[first[1]] = place, first[2]
        elif (last := _RESUMED.match(line)) and last[1] in begun:
            began, arguments = begun.pop(last[1])
            yield _call(last[2], arguments + last[3], began, place)


def syncs_between(trace: Iterable[Call], request: str, answer: str, log: str) -> Syncs:
    """Return how often the file that ends in `log` was made durable, wholly between a request and its answer.

    `request` and `answer` are what their first lines begin with; the two meet by their connection.
    """
    syncs: list[Call] = []
    waiting: dict[str, Call] = {}
    spans: list[tuple[int, int]] = []
    for call in trace:
        if call.name in _SYNCS and call.file.endswith(log):
            syncs.append(call)
        elif f'"{request}' in call.arguments:
            waiting[call.file] = call
        elif f'"{answer}' in call.arguments:
            spans.append((waiting.pop(call.file).ended, call.began))
    whole = (min(read for read, _ in spans), max(written for _, written in spans))
    return Syncs([_within(syncs, span) for span in spans], _within(syncs, whole))


def _within(syncs: Iterable[Call], span: tuple[int, int]) -> int:
    return sum(span[0] < sync.began and sync.ended < span[1] for sync in syncs)


def _call(name: str, arguments: str, began: int, ended: int) -> Call:
    file = _FILE.match(arguments)
    return Call(name, file[1] if file else "", arguments, began, ended)
