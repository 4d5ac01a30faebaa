"""The systemd units: they fit each other and the configuration beside them, and their command lines run."""

from __future__ import annotations

import asyncio
import configparser
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from consent_service.config import parse_config
from consent_service.store.sqlite import SqliteStore
from tests.deploy.dockerfile import ROOT
from tests.process.test_ledger_work import choose
from tests.support.configuration import consent_toml, write_config
from tests.support.processes import family, fetch
from tests.support.service import CLI
from tests.support.waiting import DEADLINE, eventually

UNITS = ROOT / "deploy" / "systemd"
PROGRAM = "/opt/consent-service/bin/consent-service"
Sections = dict[str, dict[str, list[str]]]


def unit(name: str) -> Sections:
    """A unit's sections; a key that stands twice has two values."""
    found: Sections = {}
    for line in (UNITS / name).read_text().splitlines():
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            section.setdefault(key, []).append(value)
    return found


SERVICE = unit("consent-service.service")["Service"]
BACKUP = unit("consent-backup.service")["Service"]


def test_the_units_are_what_systemd_reads_and_hardened() -> None:
    for name in ("consent-service.service", "consent-backup.service"):
        parser = configparser.ConfigParser(strict=False, interpolation=None)
        parser.read(UNITS / name)
        service = parser["Service"]
        for key, value in (
            ("NoNewPrivileges", "yes"),
            ("ProtectSystem", "strict"),
            ("CapabilityBoundingSet", ""),
        ):
            assert service[key] == value, (name, key)
        assert service["User"] == "consent-service"
    assert unit("consent-backup.timer")["Timer"]["OnCalendar"]


def test_what_the_configuration_writes_to_is_what_the_unit_lets_it() -> None:
    config = parse_config((UNITS / "consent.toml").read_text(), {})
    folders = {f"/var/lib/{name}" for name in SERVICE["StateDirectory"][0].split()}
    assert str(Path(config.service.store.removeprefix("sqlite:///")).parent) in folders
    assert config.ledger.archive in folders
    words = shlex.split(SERVICE["ExecStart"][0])
    assert words[-1] == "/etc/consent-service/consent.toml"
    assert int(SERVICE["TimeoutStopSec"][0]) > config.service.drain_seconds + 20


def test_the_units_and_the_wrapper_name_one_program_and_one_key_ring() -> None:
    texts = [
        file.read_text()
        for file in UNITS.iterdir()
        if file.name.startswith("consent") and file.suffix != ".timer"
    ]
    programs = {found for text in texts for found in re.findall(r"/[\w/-]+/bin/consent-service", text)}
    assert programs == {PROGRAM}
    rings = {found for text in texts for found in re.findall(r"/etc/consent-service/keys\.json", text)}
    assert len(rings) == 1
    assert SERVICE["LoadCredential"][0] == f"keys.json:{rings.pop()}"
    assert SERVICE["Environment"][0] == "CONSENT_KEYS_FILE=%d/keys.json"
    assert os.access(UNITS / "consent", os.X_OK)


def test_the_unit_s_command_lines_start_reload_and_stop_the_service(tmp_path: Path, free_port: int) -> None:
    environment = os.environ | write_config(tmp_path, consent_toml(tmp_path, free_port))
    (tmp_path / "runtime").mkdir()
    environment["RUNTIME_DIRECTORY"] = str(tmp_path / "runtime")
    words = shlex.split(SERVICE["ExecStart"][0])
    assert words[0] == PROGRAM
    command = [*CLI, *words[1:-1], str(tmp_path / "consent.toml")]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stderr=log, cwd="/", start_new_session=True)
    try:
        assert eventually(lambda: fetch(free_port, "/readyz").status == 200)
        assert list((tmp_path / "runtime").iterdir())
        before = fetch(free_port, "/readyz").body
        write_config(tmp_path, consent_toml(tmp_path, free_port, name="Another"))
        reload = SERVICE["ExecReload"][0].replace("${MAINPID}", str(process.pid))
        subprocess.run(shlex.split(reload), check=True, env={"PATH": "/nowhere"})
        assert eventually(lambda: fetch(free_port, "/readyz").body != before)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE) == 0


async def an_empty_store(file: Path) -> None:
    await SqliteStore.open(file).close()


def test_the_backup_s_command_line_makes_a_file_by_the_day_and_keeps_a_month(tmp_path: Path) -> None:
    environment = os.environ | write_config(tmp_path, consent_toml(tmp_path))
    program = tmp_path / "consent-service"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(CLI)} "$@"\n')
    program.chmod(0o755)
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "old").touch()
    os.utime(folder / "old", (0, 0))
    asyncio.run(an_empty_store(tmp_path / "consent.db"))
    for line in (*BACKUP["ExecStart"], *BACKUP["ExecStartPost"]):
        line = line.replace("%%", "%").replace("/var/backups/consent-service", str(folder))
        line = line.replace(PROGRAM, str(program))
        done = subprocess.run(
            shlex.split(line), env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    [made] = folder.iterdir()
    assert re.fullmatch(r"\d{8}T\d{6}Z", made.name)


@pytest.mark.soak
def test_systemd_s_own_tools_accept_the_units_and_find_little_exposed(
    tmp_path: Path, tool: Callable[[str], str]
) -> None:
    analyze = tool("systemd-analyze")
    for file in UNITS.iterdir():
        text = file.read_text().replace(PROGRAM, "/bin/true")  # it asks whether programs are there
        (tmp_path / file.name).write_text(text)
    units = sorted(str(file) for file in tmp_path.iterdir() if file.suffix in {".service", ".timer"})
    done = subprocess.run([analyze, "verify", *units], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    security = [
        analyze,
        "security",
        "--offline=true",
        "--threshold=20",
        str(tmp_path / "consent-service.service"),
    ]
    done = subprocess.run(security, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-300:]


_DENYING_WRITE_EXECUTE = """\
import ctypes, os, sys
assert ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) == 0, "this kernel has no PR_SET_MDWE (6.3)"
os.execvp(sys.argv[1], sys.argv[1:])
"""


def allowed_calls(analyze: str) -> set[str]:
    """The system calls that the unit's filter lets through."""
    allowed: set[str] = set()
    for given in SERVICE["SystemCallFilter"]:
        expanded = calls_of(analyze, given.removeprefix("~"))
        allowed = allowed - expanded if given.startswith("~") else allowed | expanded
    return allowed


def calls_of(analyze: str, group: str) -> set[str]:
    """A group's system calls, those of groups within it too."""
    command = [analyze, "--no-pager", "syscall-filter", group]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: set[str] = set()
    for word in (line.strip() for line in said.splitlines()[1:]):
        if word.startswith("@"):
            found |= calls_of(analyze, word)
        elif word and not word.startswith("#"):
            found.add(word)
    return found


@pytest.mark.soak
def test_the_service_makes_no_system_call_and_no_memory_that_the_unit_forbids(
    tmp_path: Path, free_port: int, tool: Callable[[str], str]
) -> None:
    environment = os.environ | write_config(tmp_path, consent_toml(tmp_path, free_port))
    trace = tmp_path / "trace"
    service = [*CLI, "serve", "--config", str(tmp_path / "consent.toml")]
    traced = [
        tool("strace"),
        "--follow-forks",
        "--quiet=all",
        "--seccomp-bpf",
        "--output",
        str(trace),
        *service,
    ]
    command = [sys.executable, "-c", _DENYING_WRITE_EXECUTE, *traced]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stderr=log)
    try:
        eventually(lambda: process.poll() is not None or fetch(free_port, "/readyz").status == 200)
        assert process.poll() is None, (tmp_path / "log").read_text()
        choose(free_port)
        [supervisor] = family(process.pid)[1:2]
        os.kill(supervisor, signal.SIGTERM)
        assert process.wait(DEADLINE) == 0
    finally:
        if process.poll() is None:
            os.kill(family(process.pid)[1], signal.SIGKILL)
            process.wait(DEADLINE)
    made = set(re.findall(r"^\d+ +([a-z_0-9]+)\(", trace.read_text(errors="replace"), re.MULTILINE))
    assert {"bind", "fdatasync", "prctl"} <= made
    # SQLite gives its files to their owner, as root alone.
    as_root = {"fchown"} if os.geteuid() == 0 else set()
    assert made - as_root <= allowed_calls(tool("systemd-analyze"))
