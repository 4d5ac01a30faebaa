"""The demo as a program: what it prints, and that nothing of it is left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.demo import answers, get_json, running, start
from tests.support.ports import free_ports, two_free_ports
from tests.support.waiting import DEADLINE


def descendants(pid: int) -> set[int]:
    """The process and all that it started, and what those started."""
    found = {pid}
    parents = {int(path.name): parent_of(path) for path in Path("/proc").iterdir() if path.name.isdigit()}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def parent_of(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:  # it has ended meanwhile
        return 0


def is_running(pid: int) -> bool:
    """Zombies have ended; nobody has asked how, yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until_gone(pids: set[int]) -> None:
    deadline = time.monotonic() + DEADLINE
    while left := {pid for pid in pids if is_running(pid)}:
        assert time.monotonic() < deadline, f"still running: {left}"
        time.sleep(0.05)  # between two looks


def refused(process: subprocess.Popen[str]) -> str:
    """Return the output of a demo that refuses to start."""
    printed, _ = process.communicate(timeout=DEADLINE)
    assert process.returncode == 1
    return printed


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_the_demo_prints_its_addresses_and_what_to_try(data: Path) -> None:
    with running(*two_free_ports(), data) as demo:
        addresses = demo.addresses
        assert get_json(addresses.port, "/v1/acme/flag")["basis"] == "default"
        printed = demo.read_until("Ctrl-C")
    assert {addresses.shop, addresses.service, f"{addresses.adnet}/log", str(data)} <= set(printed.split())
    assert f"curl -H 'Sec-GPC: 1' http://127.0.0.1:{addresses.port}/v1/acme/flag" in printed


def test_the_shop_opens_no_earlier_than_the_service_answers(data: Path) -> None:
    port, shop_port = free_ports(2)
    process = start(port, shop_port, data)
    try:
        while not answers(shop_port, "/"):
            assert process.poll() is None
        assert answers(port, "/readyz"), "a page of this moment would stay without its banner"
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=DEADLINE)


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_demo_leaves_nothing_running_however_it_ends(data: Path, by: signal.Signals) -> None:
    with running(*two_free_ports(), data, end=by) as demo:
        everything = descendants(demo.process.pid)
        assert len(everything) > 3  # the demo, its service, and what that is made of
    wait_until_gone(everything)
    assert demo.process.returncode == (-by if by is signal.SIGKILL else 0)


def test_a_second_start_knows_the_keys_and_the_store(data: Path) -> None:
    ports = two_free_ports()
    with running(*ports, data) as demo:
        keys = demo.folder.keys.read_text()
    with running(*ports, data) as demo:
        assert demo.folder.keys.read_text() == keys


def test_a_taken_port_is_refused_in_one_sentence_before_anything_is_made(data: Path) -> None:
    free, other = free_ports(2)
    with socket.create_server(("127.0.0.1", free)):
        assert refused(start(free, other, data)) == f"port {free} is taken; use --port\n"
        assert refused(start(other, free, data)) == f"port {free} is taken; use --shop-port\n"
    assert not data.exists()


def test_a_service_that_gives_up_ends_the_demo_and_the_log_says_why(data: Path) -> None:
    data.mkdir()
    (data / "consent.db").write_bytes(b"not a database" * 100)
    printed = refused(start(*two_free_ports(), data))
    assert f"gave up; {data}/service.log says why" in printed
    assert "consent.db" in (data / "service.log").read_text()


def test_the_environments_own_keys_and_store_are_not_touched(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONSENT_STORE", f"sqlite:///{tmp_path}/other.db")
    monkeypatch.setenv("CONSENT_KEYS_FILE", os.devnull)
    with running(*two_free_ports(), data) as demo:
        assert demo.folder.store.exists()
    assert not (tmp_path / "other.db").exists()
