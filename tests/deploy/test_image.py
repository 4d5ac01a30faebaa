"""The image: its steps run in a clean root, and the service in it answers as another user over a read-only root."""

from __future__ import annotations

import os
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from consent_service.identity.key_ring import encode_ring
from tests.deploy import building
from tests.deploy.dockerfile import DOCKERFILE, ROOT, Stage, stages
from tests.process.test_ledger_work import choose
from tests.support.configuration import RING, consent_toml
from tests.support.processes import family, fetch
from tests.support.waiting import DEADLINE, eventually

IGNORED = ROOT / "deploy" / "Dockerfile.dockerignore"
STORE = "/var/lib/consent-service"


def test_the_image_runs_as_nobody_special_and_asks_the_service_for_its_health() -> None:
    image = stages(DOCKERFILE.read_text())[-1]
    assert int(image.last("USER").partition(":")[0]) >= 1000
    assert image.command("ENTRYPOINT") + image.command("CMD") == ["consent-service", "serve"]
    assert image.command("HEALTHCHECK") == ["consent-service", "ready"]


def test_what_is_copied_is_sent_to_the_build_and_nothing_else_of_the_checkout() -> None:
    lines = [line for line in IGNORED.read_text().splitlines() if not line.startswith("#")]
    sent = {line.removeprefix("!") for line in lines if line.startswith("!")}
    copied = {
        word
        for stage in stages(DOCKERFILE.read_text())
        for instruction in stage.instructions
        if instruction.word == "COPY" and not instruction.rest.startswith("--from=")
        for word in instruction.rest.split()[:-1]
    }
    assert lines[0] == "*"
    assert sent == copied
    assert all((ROOT / name).exists() for name in copied)


@dataclass
class Built:
    """The last stage and its root."""

    stage: Stage
    root: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The image's root, each instruction carried out as it stands."""
    lacks = building.missing()
    assert not lacks, lacks
    folder = tmp_path_factory.mktemp("image")
    base = building.clean_root(folder)
    roots: dict[str, Path] = {}
    found = stages(DOCKERFILE.read_text())
    for number, stage in enumerate(found):
        root = folder / f"stage-{number}"
        building.build(stage, base, root, roots)
        roots[stage.name] = root
    return Built(found[-1], folder / f"stage-{len(found) - 1}")


@dataclass
class Contained:
    """A service in its container."""

    built: Built
    process: subprocess.Popen[bytes]
    port: int
    folder: Path
    env: dict[str, str]

    @property
    def pid(self) -> int:
        """The container's first process, as this machine numbers it."""
        return family(self.process.pid)[1]

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command in the container, as its user."""
        line = building.beside(self.built.stage, self.pid, command, self.env)
        return subprocess.run(line, capture_output=True, text=True, check=False)


@pytest.fixture
def contained(built: Built, tmp_path: Path, free_port: int) -> Iterator[Contained]:
    """The service as the image starts it, with volumes such as a container engine makes."""
    etc, state = tmp_path / "etc", tmp_path / "state"
    for made in (etc, state):
        made.mkdir()
    user, _, group = built.stage.last("USER").partition(":")
    os.chown(state, int(user), int(group))
    state.chmod(0o700)
    (etc / "consent.toml").write_text(consent_toml(Path(STORE), free_port))
    env = {"CONSENT_KEYS": encode_ring(RING)}
    command = built.stage.command("ENTRYPOINT") + built.stage.command("CMD")
    volumes = {"/etc/consent-service": etc, STORE: state}
    line = building.container(built.stage, built.root, command, env, volumes)
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(line, stdout=log, stderr=log)
    contained = Contained(built, process, free_port, tmp_path, env)
    try:
        eventually(lambda: process.poll() is not None or fetch(free_port, "/readyz").status == 200)
        assert process.poll() is None, (tmp_path / "log").read_text()
        yield contained
    finally:
        if process.poll() is None:
            os.kill(contained.pid, signal.SIGKILL)
        process.wait(DEADLINE)


@pytest.mark.soak
def test_the_service_in_the_image_answers_as_its_user_over_a_read_only_root(contained: Contained) -> None:
    choose(contained.port)
    with urllib.request.urlopen(f"http://127.0.0.1:{contained.port}/v1/acme/flag") as answer:
        assert answer.headers["cache-control"] == "private, no-cache"
    user = int(contained.built.stage.last("USER").partition(":")[0])
    inside = family(contained.pid)
    assert len(inside) >= 4
    for pid in inside:
        status = Path(f"/proc/{pid}/status").read_text()
        assert f"Uid:\t{user}\t{user}\t{user}\t{user}\n" in status
        assert "CapBnd:\t0000000000000000\n" in status
    for place in ("/", "/opt/consent-service", "/etc/consent-service", "/usr"):
        assert contained.run("touch", f"{place}/written").returncode != 0
    assert (contained.folder / "state" / "consent.db").stat().st_uid == user


@pytest.mark.soak
def test_the_image_s_own_health_check_and_commands_work_in_it(contained: Contained) -> None:
    health = contained.built.stage.command("HEALTHCHECK")
    asked = contained.run(*health)
    assert (asked.returncode, '"status":"ready"' in asked.stdout) == (0, True), asked.stderr
    asked = contained.run("consent-service", "doctor")
    assert "\nfault" not in f"\n{asked.stdout}", asked.stdout
    os.kill(contained.pid, signal.SIGHUP)
    log = contained.folder / "log"
    assert eventually(lambda: "configuration reloaded" in log.read_text())
    os.kill(contained.pid, signal.SIGTERM)
    assert contained.process.wait(DEADLINE) == 0, log.read_text()
