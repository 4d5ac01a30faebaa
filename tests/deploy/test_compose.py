"""compose.yaml: parsed, its Redis started by its own lines, the service's configuration read and served over it."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from consent_service.config import parse_config
from consent_service.store.redis.durability import data_loss_risk, on_disk
from tests.deploy.dockerfile import DOCKERFILE, ROOT, stages
from tests.process.test_ledger_work import choose
from tests.support.configuration import write_config
from tests.support.service import CLI, serving
from tests.support.waiting import DEADLINE, eventually

DEPLOY = ROOT / "deploy"
ETC = DEPLOY / "compose" / "etc" / "consent.toml"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
CONSENT = COMPOSE["services"]["consent"]
REDIS = COMPOSE["services"]["redis"]


def test_every_file_that_it_names_is_there_but_the_secrets() -> None:
    mounted = [
        one.split(":") for service in COMPOSE["services"].values() for one in service.get("volumes", [])
    ]
    files = [place for place, *_ in mounted if place.startswith(".")]
    assert files
    assert all((DEPLOY / place).exists() for place in files)
    named = {place for place, *_ in mounted if not place.startswith(".")}
    assert named == set(COMPOSE["volumes"])
    build = CONSENT["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).resolve() == DOCKERFILE
    ignored = subprocess.run(
        ["git", "check-ignore", "--quiet", "deploy/compose/secrets/keys.json"], cwd=ROOT, check=False
    )
    assert ignored.returncode == 0, "a key ring that lies here must never be committed"


def test_every_service_runs_without_root_s_powers_over_a_read_only_root() -> None:
    for name, service in COMPOSE["services"].items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name


def test_what_the_image_may_write_to_is_a_volume() -> None:
    made = next(
        one.rest for one in stages(DOCKERFILE.read_text())[-1].instructions if "install --dir" in one.rest
    )
    targets = {one.split(":")[1] for one in CONSENT["volumes"]}
    assert {"/var/lib/consent-archive", "/var/backups/consent-service"} <= targets & set(made.split())


def test_the_service_s_configuration_fits_the_other_containers() -> None:
    config = parse_config(ETC.read_text(), {"CONSENT_STORE_PASSWORD": "secret"})
    assert config.service.store == "redis://consent:secret@redis:6379/0"
    assert "user consent on" in REDIS["command"][-1]
    caddy = COMPOSE["services"]["caddy"]["networks"]["front"]["ipv4_address"]
    assert config.service.trusted_proxies == (caddy,)
    assert config.ledger.archive in {one.split(":")[1] for one in CONSENT["volumes"]}
    assert config.service.host == config.service.metrics_host == "0.0.0.0"
    caddyfile = (DEPLOY / "compose" / "Caddyfile").read_text()
    assert f"reverse_proxy consent:{config.service.port}" in caddyfile
    assert f"\n{config.service.public_url.removeprefix('https://')} {{" in caddyfile


class Started:
    """The compose file's Redis, its command's lines run by this machine's shell and server."""

    def __init__(self, folder: Path, port: int, password: str) -> None:
        (folder / "store_password").write_text(password)
        lines = REDIS["command"][-1].replace("$$", "$")
        for inside, outside in (
            ("/tmp/", f"{folder}/"),
            ("/run/secrets/", f"{folder}/"),
            ("/data", str(folder)),
        ):
            assert inside in lines
            lines = lines.replace(inside, outside)
        command = [*REDIS["command"][:-1], f"{lines.rstrip()} --port {port} --bind 127.0.0.1\n"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.url = f"redis://consent@127.0.0.1:{port}/0"
        self._port = port

    def healthy(self) -> bool:
        """The answer of the compose file's own health check."""
        kind, line = REDIS["healthcheck"]["test"]
        assert kind == "CMD-SHELL"
        line = line.replace("redis-cli", f"redis-cli -p {self._port}")
        return subprocess.run(["sh", "-c", line], check=False).returncode == 0


@pytest.fixture
def redis(tmp_path: Path, free_ports: Callable[[int], list[int]]) -> Iterator[Started]:
    started = Started(tmp_path, free_ports(1)[0], f"{secrets.token_hex(16)}\n")
    try:
        assert eventually(started.healthy)
        yield started
    finally:
        started.process.terminate()
        started.process.wait(DEADLINE)


def test_without_a_password_the_redis_does_not_start(tmp_path: Path, free_port: int) -> None:
    assert Started(tmp_path, free_port, "\n").process.wait(DEADLINE) != 0


def test_over_the_compose_file_s_redis_choices_are_durable_and_the_doctor_finds_no_fault(
    tmp_path: Path, free_port: int, redis: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "service"
    (folder / "archive").mkdir(parents=True)
    text = ETC.read_text().replace("redis://consent@redis:6379/0", redis.url)
    text = text.replace("/var/lib/consent-archive", f"{folder}/archive").replace('"0.0.0.0"', '"127.0.0.1"')
    text = re.sub(r'public_url = ".*"', f'public_url = "http://127.0.0.1:{free_port}"', text)
    text = text.replace('https://www.acme.example"]', 'https://shop.example.com"]')
    text = text.replace('cookie_domain = "acme.example"\n', "")
    text = text.replace("[business]", f"port = {free_port}\nmetrics_port = 0\n[business]", 1)
    monkeypatch.setenv("CONSENT_STORE_PASSWORD_FILE", str(tmp_path / "store_password"))
    with serving(folder, text, free_port):
        choose(free_port)
        environment = os.environ | write_config(folder, text)
        command = [*CLI, "doctor", "--config", str(folder / "consent.toml")]
        said = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert "has each choice on its disk before it is acknowledged" in said.stdout
    assert said.returncode == 0, said.stdout + said.stderr


def test_the_redis_promises_what_the_service_asks_for() -> None:
    words = REDIS["command"][-1].split("exec redis-server ")[1].split()
    settings = {name.removeprefix("--"): value for name, value in zip(words[::2], words[1::2], strict=True)}
    assert on_disk(settings)
    assert not data_loss_risk(settings | {"maxmemory": "1"})


@pytest.mark.soak
def test_compose_s_schema_and_the_dockerfile_s_linter_find_no_fault(tool: Callable[[str], str]) -> None:
    schema = [
        tool("check-jsonschema"),
        "--builtin-schema",
        "vendor.compose-spec",
        str(DEPLOY / "compose.yaml"),
    ]
    # DL3008: Debian's versions change with each security update; the base image's digest pins the rest.
    linter = [tool("hadolint"), "--failure-threshold", "warning", "--ignore", "DL3008", str(DOCKERFILE)]
    for command in (schema, linter):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.soak
def test_caddy_accepts_its_file(tool: Callable[[str], str], tmp_path: Path) -> None:
    shutil.copy(DEPLOY / "compose" / "Caddyfile", tmp_path)
    command = [tool("caddy"), "validate", "--adapter", "caddyfile", "--config", "Caddyfile"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
