"""Waits for flags and choices: at half of the saturating rate, and while something else goes on.

One service with one worker over a store with seeded visitors and an archive, so that its work process seals. The
generator has a core of its own. Knows no percentiles.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any, Final

from tests.bench import waits
from tests.bench.machine import LOAD_CORE, SERVER_CORE, awake, family, pinned
from tests.bench.population import Population, fill_store
from tests.bench.report import Rounds
from tests.bench.servers import SITE, Server, Workshop
from tests.bench.waits import Waits
from tests.support import waiting

CHOICES_IN_BURST: Final = 10_000
_CONNECTIONS: Final = 64
_VISITORS: Final = 100_000
_WARM_UP: Final = 6.0
_LONGEST: Final = 60.0
_RELOADS: Final = 3

Phases = dict[str, tuple[float, list[Waits]]]


def table(folder: Path, visitors: Population, rounds: Rounds, asked: argparse.Namespace) -> str:
    """Measure the waits and return the table of them. Rates are half of those that `rounds` reached."""
    flags, choices = half_of(rounds, "cookie among", f"({_VISITORS:,} visitors)"), half_of(rounds, "durable")
    phases: Phases = {}
    url = f"sqlite:///{folder / 'store.db'}"
    fill_store(url, SITE, visitors)
    (folder / "archive").mkdir()
    with contextlib.ExitStack() as stack:
        shop = Workshop(folder, visitors.ring)
        server = stack.enter_context(shop.consent(SERVER_CORE, store=url, archive=str(folder / "archive")))
        stack.enter_context(awake())
        bench = _Phases(folder, server, visitors, flags, choices)
        bench.run("warm-up", {}, flags, bench.flags(flags), seconds=_WARM_UP)
        for _ in range(asked.latency_rounds):
            bench.round(phases, float(asked.seconds) + 1)
    return waits.table(phases)


def half_of(rounds: Rounds, begin: str, end: str = "") -> float:
    """Return half of the highest median rate among the variants whose name begins so, and ends so if any does."""
    begun = [key for key in rounds[0] if key.startswith(begin)]
    keys = [key for key in begun if key.endswith(end)] or begun
    return max(median(measured[key].rate for measured in rounds) for key in keys) / 2


class _Phases:
    """The phases of one round, each a run of the generator."""

    def __init__(
        self, folder: Path, server: Server, visitors: Population, flag_rate: float, choice_rate: float
    ) -> None:
        self._folder = folder
        self._server = server
        self._visitors = visitors
        self._flag_rate = flag_rate
        self._choice_rate = choice_rate

    def round(self, phases: Phases, seconds: float) -> None:
        """Run each phase once. A reload seals too, so it comes when nothing waits, and the sealing when much does."""
        flags, choices = self.flags(self._flag_rate), self.choices(self._choice_rate)
        self.run("flags", phases, self._flag_rate, flags, seconds=seconds)
        name = f"flags while a configuration is reloaded, {_RELOADS} times"
        with self._started(flags, seconds=_LONGEST) as generator:
            for _ in range(_RELOADS):
                self._reload()
            self._keep(phases, name, self._flag_rate, generator)
        self.run("choices", phases, self._choice_rate, choices, seconds=seconds)
        burst = self.choices(0, most=CHOICES_IN_BURST, begin=0.5)
        with self._started(flags, burst, seconds=_LONGEST) as generator:
            name = f"flags while a burst of {CHOICES_IN_BURST:,} choices arrives"
            figures = self._keep(phases, name, self._flag_rate, generator, end=False)
            _add(phases, "the choices of that burst", 0, figures["choices"])
        self._seal(phases, flags)

    def run(
        self, name: str, phases: Phases, rate: float, stream: dict[str, Any], *, seconds: float = 2.0
    ) -> None:
        """Drive one stream alone."""
        with self._started(stream, seconds=seconds) as generator:
            self._keep(phases, name, rate, generator, end=False)

    def flags(self, rate: float) -> dict[str, Any]:
        """Flags of seeded visitors at this rate."""
        facts = {"tokens": str(self._visitors.tokens), "as_of": self._visitors.made_at}
        size = min(_VISITORS, self._visitors.size)
        requests = {"kind": "flags", "visitors": size, "seed": secrets.randbelow(2**31), **facts}
        return {"name": "flags", "rate": rate, "connections": _CONNECTIONS, "requests": requests}

    def choices(self, rate: float, most: int = 0, begin: float = 0.0) -> dict[str, Any]:
        """Choices of new visitors. Rate 0: all at once."""
        asked = {"kind": "choices", "seed": 0}
        facts = {"rate": rate, "most": most, "begin": begin}
        return {"name": "choices", "connections": _CONNECTIONS, "requests": asked, **facts}

    def _seal(self, phases: Phases, flags: dict[str, Any]) -> None:
        """Have the work process seal what waits: it does when it takes a configuration on, and then each day."""
        before = self._sealings()
        with self._started(flags, seconds=_LONGEST) as generator:
            self._reload()
            waiting.eventually(lambda: self._sealings() > before)
            self._keep(phases, "flags while a reload seals the ledger", self._flag_rate, generator)

    def _sealings(self) -> int:
        """Return how often the service's log says that the ledger was sealed."""
        return self._server.log.read_text().count("ledger sealed")

    def _reload(self) -> None:
        """Have the service take its configuration on again, and return when another worker has taken over."""
        before = set(family(self._server.pid))
        os.kill(self._server.pid, signal.SIGHUP)
        waiting.eventually(lambda: before - set(family(self._server.pid)))

    @contextlib.contextmanager
    def _started(self, *streams: dict[str, Any], seconds: float) -> Iterator[subprocess.Popen[str]]:
        """Start the generator; it is driving when this yields."""
        plan = {"port": self._server.port, "seconds": seconds, "streams": streams}
        command = pinned(LOAD_CORE, [sys.executable, "-m", "tests.bench.open_loop"])
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(plan))
            process.stdin.close()
            process.stdout.readline()
            yield process

    def _keep(
        self,
        phases: Phases,
        name: str,
        rate: float,
        generator: subprocess.Popen[str],
        *,
        end: bool = True,
    ) -> Mapping[str, Waits]:
        """Add the generator's figures under this name. `end`: it is told to end now."""
        if end:
            generator.terminate()
        assert generator.stdout is not None
        figures = {key: Waits(**each) for key, each in json.loads(generator.stdout.read()).items()}
        first = next(iter(figures.values()))
        if first.refused or first.broken:
            raise RuntimeError(f"{name}: {first.refused} answers over 399, {first.broken} broken")
        if phases or name != "warm-up":
            _add(phases, name, rate, first)
        print(f"{name}: {first}", file=sys.stderr)
        return figures


def _add(phases: Phases, name: str, rate: float, found: Waits) -> None:
    phases.setdefault(name, (rate, []))[1].append(found)
