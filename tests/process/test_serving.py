"""`serve`, as operators run it: real processes, real signals, a real store."""

from __future__ import annotations

import os
import signal
import socket
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from consent_service.config import config_digest, parse_config
from tests.support.configuration import consent_toml, write_config
from tests.support.processes import family, fetch, survivors
from tests.support.service import Service, serving
from tests.support.waiting import eventually

Ports = Callable[[int], list[int]]


def folders(service: Service) -> list[Path]:
    return list(service.folder.glob("consent-service-*"))


def test_a_service_answers_counts_its_answers_and_ends_cleanly_on_sigterm(
    tmp_path: Path, free_ports: Ports
) -> None:
    port, metrics_port = free_ports(2)
    text = consent_toml(tmp_path, port, metrics_port)
    with serving(tmp_path, text, port, "--workers", "2") as service:
        assert service.readyz() == {"status": "ready", "config": config_digest(parse_config(text, {}))}
        assert fetch(port, "/v1/acme/flag").status == 200
        eventually(lambda: "consent_flags_total" in fetch(metrics_port, "/metrics").body)
        service.signal(signal.SIGTERM)
        assert service.ended() == 0
        assert folders(service) == []
        assert service.events()[-1]["event"] == "stopped"


def test_a_faulty_configuration_is_refused_by_a_reload_and_the_old_one_keeps_serving(
    tmp_path: Path, free_port: int
) -> None:
    text = consent_toml(tmp_path, free_port)
    with serving(tmp_path, text, free_port) as service:
        write_config(tmp_path, text.replace("[business]", "prt = 1\n[business]").replace("us-ca", "us-zz"))
        service.signal(signal.SIGHUP)
        refused = eventually(lambda: service.logged("configuration refused"))
        faults = [line["fault"].split(": ")[1] for line in refused]
        assert faults == ["service.prt", "sites.acme.regime"]
        write_config(tmp_path, consent_toml(tmp_path, free_port + 1))
        service.signal(signal.SIGHUP)
        eventually(lambda: len(service.logged("configuration refused")) == 3)
        assert service.readyz() == {"status": "ready", "config": config_digest(parse_config(text, {}))}


def refused_until_swapped(service: Service) -> int:
    """Ask without a pause until the old worker has stopped; return how many of the questions nobody answered."""
    outcomes: Counter[int | type[OSError]] = Counter()

    def swapped() -> bool:
        try:
            outcomes[fetch(service.port, "/healthz").status] += 1
        except OSError as error:
            outcomes[type(error)] += 1
        return bool(service.logged("Stopped old worker-1"))

    eventually(swapped)
    assert outcomes.pop(200) > 0
    return outcomes.total()


def test_a_good_configuration_is_taken_on_while_requests_are_answered(tmp_path: Path, free_port: int) -> None:
    with serving(tmp_path, consent_toml(tmp_path, free_port), free_port) as service:
        fresh = consent_toml(tmp_path, free_port, name="Another shop")
        write_config(tmp_path, fresh)
        service.signal(signal.SIGHUP)
        # One may be reset: the kernel had queued it for the old worker (unless net.ipv4.tcp_migrate_req is on).
        assert refused_until_swapped(service) <= 1
        assert service.readyz()["config"] == config_digest(parse_config(fresh, {}))


SLOW_WORKERS = """
import os, sys, time
if "--multiprocessing-fork" in sys.orig_argv and os.path.exists(os.environ["SLOW_FROM_NOW_ON"]):
    time.sleep(6)
"""


def test_a_reload_on_a_slow_machine_leaves_no_moment_without_a_worker(tmp_path: Path, free_port: int) -> None:
    hooks, slow = tmp_path / "hooks", tmp_path / "slow"
    hooks.mkdir()
    (hooks / "sitecustomize.py").write_text(SLOW_WORKERS)
    env = {"PYTHONPATH": str(hooks), "SLOW_FROM_NOW_ON": str(slow)}
    with serving(tmp_path, consent_toml(tmp_path, free_port), free_port, env=env) as service:
        slow.touch()
        service.signal(signal.SIGHUP)
        assert refused_until_swapped(service) <= 1


def test_a_draining_service_is_not_ready_but_still_answers(tmp_path: Path, free_port: int) -> None:
    text = consent_toml(tmp_path, free_port, more="drain_seconds = 300")
    with serving(tmp_path, text, free_port) as service:
        service.signal(signal.SIGTERM)
        eventually(lambda: fetch(free_port, "/readyz").status == 503)
        assert service.readyz()["status"] == "draining"
        assert fetch(free_port, "/v1/acme/flag").status == 200
        service.signal(signal.SIGTERM)  # once more: don't wait
        assert service.ended() == 0


def test_a_request_in_flight_is_answered_before_the_service_ends(tmp_path: Path, free_port: int) -> None:
    body = b'{"gpc": true}'
    head = (
        b"POST /v1/acme/signals HTTP/1.1\r\nHost: x\r\nOrigin: https://shop.example.com\r\n"
        b"Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(body)
    )
    with serving(tmp_path, consent_toml(tmp_path, free_port), free_port) as service:
        with socket.create_connection(("127.0.0.1", free_port), timeout=20) as connection:
            connection.sendall(head + body[:5])
            service.signal(signal.SIGTERM)
            eventually(lambda: service.logged("Stopping worker-1"))
            connection.sendall(body[5:])
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        assert service.ended() == 0


def test_a_worker_that_was_killed_is_replaced(tmp_path: Path, free_port: int) -> None:
    with serving(tmp_path, consent_toml(tmp_path, free_port), free_port) as service:
        worker = service.logged("Started worker-1")[0]["pid"]
        os.kill(worker, signal.SIGKILL)
        assert survivors([worker]) == []
        assert eventually(lambda: fetch(free_port, "/readyz").status == 200)


def test_a_killed_supervisor_leaves_no_process_behind_and_can_be_started_again(
    tmp_path: Path, free_ports: Ports
) -> None:
    port, metrics_port = free_ports(2)
    text = consent_toml(tmp_path, port, metrics_port)
    with serving(tmp_path, text, port, "--workers", "2") as service:
        everybody = family(service.process.pid)
        assert len(everybody) >= 5  # supervisor, web, two workers, work
        service.signal(signal.SIGKILL)
        service.ended()
        assert survivors(everybody) == []
    with serving(tmp_path, text, port) as again:
        assert again.readyz()["status"] == "ready"
        assert len(folders(again)) == 1  # the killed one's is swept


def refusal(folder: Path, *options: str) -> str:
    """Return the message of a `serve` that refuses to start."""
    service = Service(folder, 0, *options)
    service.launch()
    assert service.ended() == 1
    text = service.log.read_text()
    assert "Traceback" not in text
    return text


def test_serve_refuses_to_start_without_keys_and_says_how_to_make_them(
    tmp_path: Path, free_port: int
) -> None:
    write_config(tmp_path, consent_toml(tmp_path, free_port))
    (tmp_path / "keys.json").unlink()
    assert "CONSENT_KEYS_FILE: can't read" in refusal(tmp_path)


def test_serve_refuses_an_address_that_is_taken(tmp_path: Path, free_port: int) -> None:
    write_config(tmp_path, consent_toml(tmp_path, free_port))
    with socket.create_server(("127.0.0.1", free_port)):
        said = refusal(tmp_path)
    assert said == f"service.port: can't listen on 127.0.0.1:{free_port}: Address already in use\n"


def test_serve_refuses_a_store_that_cannot_be_opened(tmp_path: Path, free_port: int) -> None:
    write_config(tmp_path, consent_toml(tmp_path, free_port))
    (tmp_path / "consent.db").write_text("this is no database, and longer than a header of one would be" * 20)
    assert "consent.db" in refusal(tmp_path)
