"""docs/operate/deploying.md as a new operator follows it: its lines, as they stand, on a clean Debian with systemd.

The machine shares this one's network, so the ports of the documents must be free: 80, 443, 8000, 9090, 9100.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner

from consent_service.cli.main import app as command_line
from tests.deploy import building
from tests.deploy.dockerfile import ROOT
from tests.support.nginx import self_signed
from tests.support.processes import family
from tests.support.waiting import DEADLINE, eventually

DOCUMENT: Final = (ROOT / "docs" / "operate" / "deploying.md").read_text(encoding="utf-8")
HOST: Final = "privacy.acme.example"
_CHECKOUT: Final = "root/checkout"


def lines(section: str) -> list[str]:
    """The lines of a section's `sh` blocks."""
    text = DOCUMENT.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    assert text, section
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def commands() -> list[str]:
    """Every command of the service in the document, by its program, by the wrapper, or in the container."""
    found = re.findall(r"(?:^|`|bin/)consent(?:-service)? ((?:[a-z]+ ?)[^`|\n]*)", DOCUMENT, re.MULTILINE)
    return sorted({one.strip() for one in found if not one.startswith(("consent.timer", "COMMAND"))})


def test_the_document_has_the_commands_that_these_tests_read() -> None:
    assert {"doctor", "ready --wait 30", "keys new /etc/consent-service/keys.json"} <= set(commands())


@pytest.mark.parametrize("command", commands())
def test_every_command_in_the_document_is_there_with_its_options(command: str) -> None:
    ended = CliRunner().invoke(command_line, [*shlex.split(command), "--help"])
    assert ended.exit_code == 0, ended.output


def test_every_file_in_the_document_is_there() -> None:
    named = set(re.findall(r"\bdeploy/[\w./-]+[\w]", DOCUMENT)) | set(
        re.findall(r"\]\(\.\./\.\./([^)]+)\)", DOCUMENT)
    )
    made = {name for name in named if name.startswith("deploy/compose/secrets")}
    assert named - made
    assert not [name for name in named - made if not (ROOT / name).exists()]


class Machine:
    """A clean Debian whose systemd runs, with the checkout in /root."""

    def __init__(self, root: Path, log: Path) -> None:
        self.root = root
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        self._env = building.way_to_packages(root) | {"PATH": path}
        command = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--resolv-conf=off", "--boot"]
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                [*command, f"--directory={root}"], stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )

    def booted(self) -> None:
        """Return as soon as systemd has started everything."""
        eventually(lambda: family(self._process.pid)[1:])
        states = {"running", "degraded"}
        eventually(lambda: self.asked("systemctl is-system-running").stdout.strip() in states)

    def asked(self, script: str) -> subprocess.CompletedProcess[str]:
        """The end of a shell's lines in it, as root in the checkout."""
        assert self._process.poll() is None, "the machine has ended"
        leader = family(self._process.pid)[1]
        inside = [
            *(
                "nsenter",
                "--target",
                str(leader),
                "--mount",
                "--uts",
                "--ipc",
                "--pid",
                "--cgroup",
                "--root",
                "--",
            ),
            *("env", "-i", *(f"{name}={value}" for name, value in self._env.items()), "HOME=/root"),
            *("sh", "-c", f"cd /{_CHECKOUT} && {{ {script}\n}}"),
        ]
        return subprocess.run(inside, capture_output=True, text=True, check=False)

    def run(self, script: str) -> str:
        """The output of lines that must succeed."""
        done = self.asked(f"set -e\n{script}")
        assert done.returncode == 0, f"{script}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        return done.stdout

    def end(self) -> None:
        """Turn it off without ceremony."""
        if self._process.poll() is None:
            os.kill(family(self._process.pid)[1], signal.SIGKILL)
        self._process.wait(DEADLINE)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    lacks = building.missing("systemd-nspawn", "git")
    assert not lacks, lacks
    folder = tmp_path_factory.mktemp("machine")
    root = building.clean_root(folder, "systemd", "systemd-sysv", "curl")
    files = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(files, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        (root / _CHECKOUT / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / _CHECKOUT / name)
    machine = Machine(root, folder / "log")
    try:
        machine.booted()
        yield machine
    finally:
        machine.end()


@pytest.mark.soak
def test_from_nothing_to_a_service_that_is_proxied_monitored_and_backed_up(machine: Machine) -> None:
    machine.run("apt-get update")
    said = machine.run("\n".join(lines("With systemd")))
    assert '"status":"ready"' in said
    assert "faults: 0" in said

    certificate = machine.root / "etc/letsencrypt/live" / HOST
    certificate.mkdir(parents=True)
    made = self_signed(certificate, 443, HOST)
    assert made.certificate is not None
    shutil.copy(made.certificate, certificate / "fullchain.pem")
    shutil.copy(made.key, certificate / "privkey.pem")
    with (machine.root / "etc/hosts").open("a") as hosts:
        hosts.write(f"127.0.0.1 {HOST}\n")
    install, asks = lines("Behind a web server")[:4], lines("Behind a web server")[4:]
    machine.run("\n".join(install))
    trusted = f"export CURL_CA_BUNDLE=/etc/letsencrypt/live/{HOST}/fullchain.pem\n"
    ready, flag, headers = (machine.run(trusted + line) for line in asks)
    assert json.loads(ready)["status"] == "ready"
    assert json.loads(flag)["basis"] == "gpc"
    assert "cache-control: private, no-cache" in headers

    choice = """curl --fail --silent https://privacy.acme.example/v1/acme/choices -H 'Content-Type: text/plain' \\
        -H 'Origin: https://www.acme.example' -d '{"sale_share": "opt_out", "method": "page"}'"""
    token = json.loads(machine.run(trusted + choice))["visitor"]
    assert machine.run("consent ledger seal") == "acme: 1 segment sealed\n"
    machine.run("sed -i s/Incorporated/Corporation/ /etc/consent-service/consent.toml\nconsent check")
    machine.run("systemctl reload consent-service && systemctl is-active consent-service")

    backup, restoration = lines("Backups")[:2], lines("Backups")[2:]
    machine.run("\n".join(backup))
    [name] = [file.name for file in (machine.root / "var/backups/consent-service").iterdir()]
    said = machine.run("\n".join(restoration).replace("NAME", name) + "\nconsent ready --wait 60")
    assert f"restored /var/backups/consent-service/{name}" in said
    asked = f"curl --fail --silent 'https://{HOST}/v1/acme/flag?visitor={token}'"
    assert json.loads(machine.run(trusted + asked))["basis"] == "choice"

    said = machine.run("\n".join(lines("The key ring")) + "\nconsent ready --wait 60")
    assert "key 2 signs" in said
    machine.run("\n".join(lines("Watching it")))
    query = "curl --fail --silent 'http://127.0.0.1:9090/api/v1/query?query=consent_build_info'"
    assert eventually(lambda: '"version"' in machine.asked(query).stdout)
    exposed = machine.run("systemd-analyze security --no-pager consent-service")
    assert re.search(r"exposure level for consent-service.service: [01]\.\d OK", exposed)
