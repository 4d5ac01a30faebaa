"""The doctor's command, over a store that is stopped, in use, absent or broken."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from consent_service.cli.main import app
from consent_service.store.contract import Append, Change
from consent_service.store.mounts import mount_of
from consent_service.store.names import LEDGER
from consent_service.store.sqlite import SqliteStore
from tests.ledger.sealed import record
from tests.support.configuration import consent_toml, write_config

Doctor = Callable[[], tuple[int, str]]


def run(folder: Path, env: Mapping[str, str]) -> tuple[int, str]:
    result = CliRunner(env=env).invoke(app, ["doctor", "--config", str(folder / "consent.toml")])
    return result.exit_code, result.stdout


@pytest.fixture
def doctor(tmp_path: Path) -> Doctor:
    """Runs the command over a good configuration; exit status and what was printed."""
    env = write_config(tmp_path, consent_toml(tmp_path))
    return lambda: run(tmp_path, env)


def test_a_store_that_is_not_made_yet_is_no_fault(doctor: Doctor, tmp_path: Path) -> None:
    status, said = doctor()
    assert status == in_memory(tmp_path)
    assert "hint   store: " in said
    assert not (tmp_path / "consent.db").exists()


def in_memory(folder: Path) -> bool:
    """Return True if this machine's temporary files are gone at its next start: a fault, and rightly so."""
    mount = mount_of(folder)
    return mount is not None and mount.forgets


def test_a_store_in_use_is_examined_beside_the_service(doctor: Doctor, tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "consent.db")
    status, said = doctor()
    assert status == in_memory(tmp_path)
    assert "ok     in use: a service has the store open; holders: 1" in said
    if not in_memory(tmp_path):
        assert "ok     durability: each choice is on the disk before its answer" in said
    assert "ok     keys: key 1 signs since 2026-11-22" in said
    assert "       -> Put the service on the site's domain" in said
    asyncio.run(store.close())
    assert "ok     in use: no service that can be seen from here has the store open" in doctor()[1]


def test_rule_5_a_trigger_in_the_store_is_a_fault(doctor: Doctor, tmp_path: Path) -> None:
    """Each choice would be answered 201, and nothing kept."""
    asyncio.run(SqliteStore.open(tmp_path / "consent.db").close())
    with closing(sqlite3.connect(tmp_path / "consent.db", isolation_level=None)) as other:
        other.execute("CREATE TRIGGER t AFTER INSERT ON document BEGIN DELETE FROM document; END")
    status, said = doctor()
    assert status == 1
    assert "fault  store: " in said
    assert "trigger t is not this service's" in said


def test_a_fault_is_status_1_and_says_what_to_do(doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "consent.db").write_bytes(b"no database" * 1000)
    status, said = doctor()
    assert status == 1
    assert "fault  store: " in said
    assert said.splitlines()[-1].endswith("faults: 1")


async def test_the_doctor_reports_entries_that_wait_to_be_sealed(tmp_path: Path) -> None:
    settings = f"""[ledger]\narchive = "{tmp_path}/archive"\n"""
    env = write_config(tmp_path, consent_toml(tmp_path, more=settings))
    store = SqliteStore.open(tmp_path / "consent.db")
    await record(store, 1)
    await store.close()
    said = await asyncio.to_thread(run, tmp_path, env)
    assert "ledger: acme: 0 segments are sealed, 1 shards wait, acme." in said[1]


def test_the_doctor_reports_an_archive_that_can_t_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "archive").mkdir()
    for place, said in (
        (f"{tmp_path}/nope", f"hint   archive: {tmp_path}/nope: the archive's folder is not there"),
        ("archive", "hint   archive: archive is another folder wherever the service is started"),
        ("gopher://somewhere", "hint   archive: gopher://somewhere: the archive failed"),
        (f"{tmp_path}/archive", f"ok     archive: what is sealed goes to {tmp_path}/archive"),
    ):
        env = write_config(tmp_path, consent_toml(tmp_path, more=f'[ledger]\narchive = "{place}"\n'))
        assert said in run(tmp_path, env)[1]


async def test_what_can_t_be_read_of_the_ledger_is_a_fault_and_no_crash(tmp_path: Path) -> None:
    settings = f"""[ledger]\narchive = "{tmp_path}/archive"\n"""
    env = write_config(tmp_path, consent_toml(tmp_path, more=settings))
    store = SqliteStore.open(tmp_path / "consent.db")
    await store.commit(Change("acme.07", append=[Append(LEDGER, b"no entry")]))
    await store.close()
    status, said = await asyncio.to_thread(run, tmp_path, env)
    assert status == 1
    assert "fault  ledger: unreadable ledger entry" in said


def test_without_a_configuration_nothing_is_examined(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["doctor", "--config", str(tmp_path / "none.toml")])
    assert result.exit_code == 1
