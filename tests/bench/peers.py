"""The bench of peers: c15t's backend from npm over Debian's PostgreSQL, beside ours over SQLite, in the same rounds.

`make bench-peers` runs it. Both servers share one core in turn; the load has the other, and PostgreSQL with it, to
the peer's advantage. The flag is compared with its consent check, a choice with its POST.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.bench import documents, report, visitors
from tests.bench.machine import LOAD_CORE, SERVER_CORE, awake, stolen_seconds
from tests.bench.population import population
from tests.bench.postgres import postgres, programs
from tests.bench.report import Line, Rounds
from tests.bench.run import filled, one_round
from tests.bench.servers import SITE, Server, started
from tests.bench.tables import machine_note
from tests.bench.variants import Kind, Stand, Variant
from tests.support.ports import free_port

SERVICES: Final = Path(__file__).parent / "services"
SUBJECTS: Final = 1000
_PAIRS_GOALS: Final = (65, 18)
_HEADERS: Final = {**visitors.HEADERS, "Content-Type": "application/json"}


def main(words: Sequence[str]) -> None:
    """Start both, drive them in rounds, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="fill the table into docs/benchmarks.md")
    asked = parser.parse_args(words)
    subprocess.run(["npm", "--prefix", str(SERVICES), "ci", "--no-audit", "--no-fund"], check=True)
    known = population(SITE, SUBJECTS)
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        (store,) = filled(folder, ["sqlite"], known, stack)
        os.sched_setaffinity(0, {LOAD_CORE})
        peer = stack.enter_context(c15t(folder, stack.enter_context(postgres(folder, LOAD_CORE))))
        stand = Stand(folder, stack, known, brief=True)
        ours = stand.over(store)
        variants = [ours[0], checks(peer, folder), ours[-1], posts(peer)]
        stack.enter_context(awake())
        stolen = stolen_seconds()
        rounds = [one_round(variants, number, asked.seconds) for number in range(asked.rounds)]
        stolen = stolen_seconds() - stolen
    foot = f"{machine_note(rounds, asked.seconds, stolen)} {peer_versions()}."
    printed = {"peers": f"{table(rounds, [v.line for v in variants])}\n\n{foot}"}
    print(printed["peers"])
    if asked.write:
        documents.write(printed)


def peer_versions() -> str:
    """Return the versions of node and PostgreSQL."""
    commands = (["node", "--version"], [str(programs() / "postgres"), "--version"])
    printed = [
        subprocess.run(command, check=True, capture_output=True, text=True).stdout for command in commands
    ]
    return f"Node {printed[0].strip()}, {printed[1].strip()}"


def table(rounds: Rounds, lines: Sequence[Line]) -> str:
    """Return the table of pairs: each of ours, the peer's behind it, and how many times as fast ours is."""
    heads = ["ours", "answers/s", "c15t 2.2.1 over PostgreSQL", "answers/s", "times as fast", "goal"]
    pairs = zip(lines[::2], lines[1::2], _PAIRS_GOALS, strict=True)
    cells = [
        [
            ours.key,
            report.rate(rounds, ours.key).text(),
            its.key,
            report.rate(rounds, its.key).text(),
            report.share(rounds, ours.key, its.key).text(".1f"),
            f"≥ {goal}",
        ]
        for ours, its, goal in pairs
    ]
    return report.table(heads, cells)


@contextlib.contextmanager
def c15t(folder: Path, database: str) -> Iterator[Server]:
    """c15t's backend in one process of node, with so many subjects who have decided."""
    port = free_port()
    environment = {**os.environ, "DATABASE_URL": database, "PORT": str(port), "NODE_ENV": "production"}
    command = ["node", str(SERVICES / "c15t.mjs")]
    with started(command, SERVER_CORE, port, folder / "c15t.log", environment) as process:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for number in range(SUBJECTS):
            decide(connection, number)
        yield Server(process.pid, port)


def decide(connection: http.client.HTTPConnection, number: int) -> None:
    """Record the decision of one subject with an outer id."""
    decision = {
        "type": "cookie_banner",
        "subjectId": f"sub_known{number + 1_111_111}".replace("0", "g"),
        "domain": "shop.test",
        "preferences": {"necessary": True, "marketing": False},
        "givenAt": int(time.time() * 1000),
        "externalSubjectId": outer_id(number),
        "identityProvider": "shop",
    }
    connection.request("POST", "/subjects", json.dumps(decision), _HEADERS)
    response = connection.getresponse()
    answer = response.read()
    if response.status != 200:
        raise RuntimeError(f"c15t answered a decision {response.status}: {answer!r}")


def outer_id(number: int) -> str:
    """Return the id under which the shop knows a subject."""
    return f"user_{number:08d}"


def checks(server: Server, folder: Path) -> Variant:
    """Consent checks of known subjects, drawn at random."""
    users = folder / "users"
    users.write_text("".join(f"{outer_id(number)}\n" for number in range(SUBJECTS)))
    path = f"/consents/check?externalId={visitors.TOKEN}&type=cookie_banner"

    def arguments() -> list[str]:
        order = f"random {secrets.randbelow(2**31)}"
        return [str(users), str(SUBJECTS), order, *(f"{key}: {value}" for key, value in _HEADERS.items())]

    return Variant(Line("consent check", SUBJECTS), Kind.FLAG, server, path, "flags.lua", arguments)


def posts(server: Server) -> Variant:
    """Decisions of new subjects."""

    def arguments() -> list[str]:
        headers = (f"{key}: {value}" for key, value in _HEADERS.items())
        return [secrets.token_hex(9), str(int(time.time())), *headers]

    return Variant(Line("POST of a decision"), Kind.CHOICE, server, "/subjects", "subjects.lua", arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
