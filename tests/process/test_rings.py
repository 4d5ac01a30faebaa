"""Another key ring than the store's: noticed by whatever writes with one, over each engine, through every copy."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from consent_service.identity.key_ring import KeyRing, encode_ring, new_ring, rotate_ring
from consent_service.identity.ring_memory import memory_of
from consent_service.services.key_rings import take_up
from consent_service.store.engines import open_store
from tests.cli.test_main import Command, command
from tests.support.configuration import RING, consent_toml, write_config
from tests.support.redis.fleets import Standalone, empty
from tests.support.service import Service, serving
from tests.support.waiting import eventually

__all__ = ["command"]

START = RING.current_key.created_at
ROTATED = rotate_ring(RING, START + 86_400, b"b" * 32)
FORKED = rotate_ring(RING, START + 86_400, b"x" * 32)
STRANGER = new_ring(START, b"a" * 32, b"i" * 32)
SECRETS = [key.secret for ring in (ROTATED, FORKED) for key in ring.keys] + [b"h" * 32, b"i" * 32]


@pytest.fixture(autouse=True)
def _environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command) -> None:
    monkeypatch.setenv("CONSENT_KEYS_FILE", str(tmp_path / "keys.json"))


@pytest.fixture(scope="module")
def redis() -> Iterator[Standalone]:
    """A Redis server of this module's own."""
    fleet = Standalone()
    yield fleet
    for server in fleet.servers:
        server.kill()


@pytest.fixture(params=["sqlite", "redis"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/consent.db"
    fleet: Standalone = request.getfixturevalue("redis")
    empty(fleet)
    return fleet.url


def give(folder: Path, ring: KeyRing) -> None:
    """Put this ring where the commands find theirs, readable by its owner alone."""
    (folder / "keys.json").write_text(encode_ring(ring))
    (folder / "keys.json").chmod(0o600)


def written_under(url: str, ring: KeyRing, now: int = START) -> list[str]:
    """Let the store be served under this ring once."""

    async def serve() -> list[str]:
        opened = open_store(url)
        try:
            return await take_up(opened, ring, now)
        finally:
            await opened.close()

    return asyncio.run(serve())


def no_secret_in(*texts: str) -> None:
    for text in texts:
        for secret in SECRETS:
            assert secret.decode() not in text
            assert secret.hex() not in text


@pytest.mark.parametrize("part", ["serve", "work"])
def test_rule_5_nothing_serves_under_another_ring(
    command: Command, tmp_path: Path, store: str, part: str, free_port: int
) -> None:
    write_config(tmp_path, consent_toml(tmp_path, free_port, store=store))
    written_under(store, RING)
    give(tmp_path, STRANGER)
    ended = command(part)
    assert ended.status == 1
    assert "not the one that the store was written under" in ended.err
    assert "every visitor token is refused (denied, `unavailable`)" in ended.err
    assert "in CONSENT_KEYS_FILE" in ended.err
    assert "keys adopt FILE" in ended.err
    no_secret_in(ended.err)


def test_the_doctor_reports_a_foreign_ring_and_writes_nothing(
    command: Command, tmp_path: Path, store: str
) -> None:
    write_config(tmp_path, consent_toml(tmp_path, store=store))
    written_under(store, RING)
    give(tmp_path, RING)
    assert "ok     key ring: the store was written under this one" in command("doctor").out
    give(tmp_path, STRANGER)
    ended = command("doctor")
    assert ended.status == 1
    assert "fault  key ring: this key ring is not the one that the store was written under" in ended.out
    give(tmp_path, ROTATED)
    assert "ok     key ring: " in command("doctor").out
    give(tmp_path, RING)
    assert "ok     key ring: " in command("doctor").out, "the rotated ring was not noted"
    no_secret_in(ended.out)


def test_a_rotated_ring_is_accepted_and_an_older_copy_of_it_is_reported(
    command: Command, tmp_path: Path, store: str
) -> None:
    write_config(tmp_path, consent_toml(tmp_path, store=store))
    assert written_under(store, RING) == written_under(store, ROTATED) == []
    give(tmp_path, RING)
    ended = command("doctor")
    assert "fault  key ring: the key ring lacks key 2, which signs since 2026-11-23" in ended.out
    assert "Use the newest copy of the ring" in ended.out
    give(tmp_path, FORKED)
    assert "key 2 of the key ring differs from the one that the store knows" in command("doctor").out
    give(tmp_path, ROTATED)
    assert "ok     key ring: " in command("doctor").out, "the others changed nothing"


def test_a_store_that_remembers_no_ring_takes_the_first_that_serves(command: Command, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/consent.db"
    asyncio.run(open_store(url).close())
    give(tmp_path, RING)
    assert "ok     key ring: the store remembers none yet" in command("doctor").out
    assert written_under(url, RING) == []
    give(tmp_path, STRANGER)
    assert "fault  key ring: " in command("doctor").out


def test_many_processes_that_start_at_once_note_one_ring(store: str) -> None:
    async def start() -> Sequence[object]:
        opened = [open_store(store) for _ in range(4)]
        rings = (RING, ROTATED, RING, ROTATED)
        try:
            both = (take_up(one, ring, START) for one, ring in zip(opened, rings, strict=True))
            return await asyncio.gather(*both, return_exceptions=True)
        finally:
            for one in opened:
                await one.close()

    asyncio.run(start())
    assert written_under(store, ROTATED) == []
    assert ["lacks key 2" in said for said in written_under(store, RING)] == [True]


def test_a_ring_that_is_lost_gives_way_to_a_new_one_when_an_operator_says_so(
    command: Command, tmp_path: Path, store: str
) -> None:
    write_config(tmp_path, consent_toml(tmp_path, store=store))
    written_under(store, RING)
    give(tmp_path, STRANGER)
    assert command("keys", "adopt", str(tmp_path / "keys.json"), "--yes").status == 0
    assert "ok     key ring: " in command("doctor").out
    give(tmp_path, RING)
    assert "fault  key ring: " in command("doctor").out


def test_every_copy_of_the_store_keeps_the_memory_of_its_ring(
    command: Command, tmp_path: Path, store: str, free_port: int
) -> None:
    write_config(tmp_path, consent_toml(tmp_path, store=store))
    written_under(store, RING)
    give(tmp_path, STRANGER)
    there = f"sqlite:///{tmp_path}/moved.db"
    assert command("move", "--from", store, "--to", there).status == 0
    write_config(tmp_path, consent_toml(tmp_path, free_port, store=there))
    give(tmp_path, STRANGER)
    assert "fault  key ring: " in command("doctor").out
    assert command("backup", "saved.db").status == 0
    (tmp_path / "moved.db").unlink()
    restored = command("restore", "saved.db")
    assert restored.status == 0
    assert "`serve` will refuse the restored store: this key ring is not the one" in restored.err
    assert "not the one that the store was written under" in command("serve").err
    give(tmp_path, RING)
    assert "serve" not in command("restore", "saved.db").err.replace("erase --again", "")


def test_an_import_under_another_ring_writes_nothing(command: Command, tmp_path: Path, store: str) -> None:
    write_config(tmp_path, consent_toml(tmp_path, store=store) + 'prior_ids = ["onetrust"]\n')
    (tmp_path / "export.csv").write_text("id,sale_share\nabc,opt_out\n")
    written_under(store, RING)
    give(tmp_path, STRANGER)
    arguments = ("import", "export.csv", "--site", "acme", "--tool", "onetrust")
    for more in ((), ("--dry-run",)):
        ended = command(*arguments, *more)
        assert (ended.status, "not the one that the store was written under" in ended.err) == (1, True)
    give(tmp_path, RING)
    assert command(*arguments).status == 0


def test_erasing_under_another_ring_is_refused(command: Command, tmp_path: Path, store: str) -> None:
    write_config(tmp_path, consent_toml(tmp_path, store=store))
    written_under(store, RING)
    give(tmp_path, STRANGER)
    ended = command("ledger", "erase", "--site", "acme", "--visitor", "0" * 32, "--yes")
    assert (ended.status, "not the one that the store was written under" in ended.err) == (1, True)


def reasons(service: Service, event: str) -> list[str]:
    return [str(line["reason"]) for line in service.logged(event)]


def test_serve_says_what_an_older_copy_lacks_and_follows_a_rotation_while_it_serves(
    tmp_path: Path, free_port: int, command: Command
) -> None:
    url = f"sqlite:///{tmp_path}/consent.db"
    with serving(tmp_path, consent_toml(tmp_path, free_port), free_port) as service:
        assert reasons(service, "key ring lacks keys") == []
        assert command("keys", "rotate", str(tmp_path / "keys.json")).status == 0
        service.signal(signal.SIGHUP)
        eventually(lambda: len(memory_in(url)) > 1)
    with serving(
        tmp_path, consent_toml(tmp_path, free_port), free_port
    ) as service:  # writes the first ring again
        [said] = reasons(service, "key ring lacks keys")
        assert "lacks key 2" in said


def memory_in(url: str) -> Sequence[object]:
    """The keys that the store remembers."""
    from consent_service.identity.ring_memory import decode_memory
    from consent_service.store.names import RING_MEMORY

    async def read() -> Sequence[object]:
        opened = open_store(url)
        try:
            (found,) = await opened.get([RING_MEMORY])
            return () if found is None else decode_memory(found.value).keys
        finally:
            await opened.close()

    return asyncio.run(read())


@pytest.mark.parametrize(
    ("mode", "said"), [(0o600, False), (0o640, False), (0o644, True), (0o602, True), (0o660, True)]
)
def test_the_doctor_reports_a_ring_that_others_can_read(
    command: Command, tmp_path: Path, mode: int, said: bool
) -> None:
    (tmp_path / "keys.json").chmod(mode)
    out = command("doctor").out
    assert (f"others on this machine can read or change {tmp_path}/keys.json" in out) == said
    assert (f"-> chmod g-w,o-rwx {tmp_path}/keys.json" in out) == said


def test_serve_says_which_secrets_others_can_read(tmp_path: Path, free_port: int) -> None:
    with serving(tmp_path, consent_toml(tmp_path, free_port), free_port) as service:
        (tmp_path / "keys.json").chmod(0o604)
        service.signal(signal.SIGHUP)
        eventually(lambda: "mode 0604" in "".join(reasons(service, "secret is exposed")))
        (tmp_path / "keys.json").chmod(0o600)
        said = reasons(service, "secret is exposed")
        service.signal(signal.SIGHUP)
        eventually(lambda: len(service.logged("configuration reloaded")) > 1)
        assert reasons(service, "secret is exposed") == said
    assert all(f"chmod g-w,o-rwx {tmp_path}/keys.json" in one for one in said)


def test_the_store_remembers_the_ring_that_served_it(store: str) -> None:
    written_under(store, ROTATED)
    assert list(memory_in(store)) == list(memory_of(ROTATED).keys)
