"""The health check's command, beside a real service and without one."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.support.configuration import consent_toml, write_config
from tests.support.service import CLI, serving
from tests.support.waiting import DEADLINE


def asked(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [*CLI, "ready", "--config", str(folder / "consent.toml"), *options]
    proxied = {"http_proxy": "http://127.0.0.1:9", "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, env=proxied, capture_output=True, text=True, check=False)


def test_a_service_on_every_address_is_asked_on_this_machine_and_past_any_proxy(
    tmp_path: Path, free_port: int
) -> None:
    with serving(tmp_path, consent_toml(tmp_path, free_port, more='host = "0.0.0.0"'), free_port) as service:
        ended = asked(tmp_path)
        assert (ended.returncode, '"status":"ready"' in ended.stdout) == (0, True), ended.stderr
        [folder] = tmp_path.glob("consent-service-*")
        (folder / "draining").touch()
        ended = asked(tmp_path)
        assert (ended.returncode, '"status":"draining"' in ended.stderr) == (1, True)
        assert service.process.poll() is None


def test_with_wait_the_command_asks_until_the_service_has_started(tmp_path: Path, free_port: int) -> None:
    write_config(tmp_path, consent_toml(tmp_path, free_port))
    with ThreadPoolExecutor() as pool:
        asking = pool.submit(asked, tmp_path, "--wait", str(DEADLINE))
        assert not asking.done(), "nothing listens yet"
        with serving(tmp_path, consent_toml(tmp_path, free_port), free_port):
            assert asking.result(DEADLINE).returncode == 0


def test_where_nothing_listens_the_command_fails_and_says_so(tmp_path: Path, free_port: int) -> None:
    write_config(tmp_path, consent_toml(tmp_path, free_port))
    ended = asked(tmp_path)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"no answer at http://127.0.0.1:{free_port}: ")
