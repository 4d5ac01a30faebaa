"""The image's steps, run as they stand in a clean Debian root, and what runs in it as a container engine runs it.

A mount and a process namespace stand in for the engine; the network is this machine's. Needs root.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.deploy.dockerfile import ROOT, Stage

SUITE: Final = "bookworm"
NEEDED: Final = ("mmdebstrap", "unshare", "nsenter", "setpriv", "chroot")
_CERTIFICATES: Final = "/etc/ssl/certs/ca-certificates.crt"
_MOUNTS: Final = """\
mount --make-rprivate /
mount --bind "$ROOT" "$ROOT"
mount -t proc proc "$ROOT/proc"
mount --rbind /dev "$ROOT/dev"
mount -t tmpfs -o mode=1777 tmpfs "$ROOT/dev/shm"
"""
_READ_ONLY: Final = """\
mount -t tmpfs -o mode=1777 tmpfs "$ROOT/tmp"
mount -o remount,bind,ro "$ROOT"
"""
_AS_USER: Final = [
    *("setpriv", "--reuid", "{user}", "--regid", "{group}", "--clear-groups"),
    *("--bounding-set", "-all", "--inh-caps", "-all", "--no-new-privs"),
]


def missing(*more: str) -> str:
    """Say what this machine lacks to build a root, and for `more` commands; "" where nothing does."""
    lacks = [command for command in (*NEEDED, *more) if shutil.which(command) is None]
    if os.geteuid() != 0:
        lacks.append("root's rights")
    if lacks:
        return f"missing: {', '.join(lacks)}. As root: `make soak`, which installs them"
    return ""


def clean_root(folder: Path, *packages: str) -> Path:
    """The smallest Debian, in place of the base image, with this machine's way to Debian's packages."""
    root = folder / "base"
    more = [f"--include={','.join(packages)}"] if packages else []
    subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", *more, SUITE, str(root)], check=True)
    for settings in Path("/etc/apt/apt.conf.d").glob("99*"):
        shutil.copy(settings, root / "etc/apt/apt.conf.d")
    return root


def build(stage: Stage, base: Path, root: Path, others: Mapping[str, Path]) -> None:
    """Carry out a stage's instructions in a copy of the base."""
    subprocess.run(["cp", "--archive", str(base), str(root)], check=True)
    folder, environment = "/", way_to_packages(root)
    for word, rest in stage.instructions:
        if word == "WORKDIR":
            folder = rest
            _inside(root, rest).mkdir(parents=True, exist_ok=True)
        elif word == "RUN":
            _run(root, folder, rest, environment | stage.arguments)
        elif word == "COPY":
            _copy(shlex.split(rest), root, folder, others)
    for leftover in ("etc/resolv.conf", "host-ca.crt"):
        (root / leftover).unlink(missing_ok=True)


def container(
    stage: Stage, root: Path, command: Sequence[str], env: Mapping[str, str], volumes: Mapping[str, Path]
) -> list[str]:
    """The command line that runs a command in the built root as its user, the root read-only.

    `volumes`: place inside -> folder outside.
    """
    binds = "".join(
        f'mount --bind {shlex.quote(str(outside))} "$ROOT{inside}"\n' for inside, outside in volumes.items()
    )
    start = f'exec chroot "$ROOT" {shlex.join(_inner(stage, command, env))}'
    script = f"set -e\nROOT={shlex.quote(str(root))}\n{_MOUNTS}{_READ_ONLY}{binds}{start}"
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--", "sh", "-c", script]


def beside(stage: Stage, pid: int, command: Sequence[str], env: Mapping[str, str]) -> list[str]:
    """The command line that runs a command in the namespaces of a container, as its user."""
    return [
        *("nsenter", "--target", str(pid), "--mount", "--pid", "--root", "--"),
        *_inner(stage, command, env),
    ]


def _inner(stage: Stage, command: Sequence[str], env: Mapping[str, str]) -> list[str]:
    user, _, group = stage.last("USER").partition(":")
    clean = ["env", "-i", *(f"{name}={value}" for name, value in {**stage.environment, **env}.items())]
    in_folder = ["sh", "-c", f'cd {stage.last("WORKDIR")} && exec "$@"', "sh"]
    return [*clean, *in_folder, *(word.format(user=user, group=group) for word in _AS_USER), *command]


def _run(root: Path, folder: str, line: str, environment: Mapping[str, str]) -> None:
    script = f'set -e\nROOT={shlex.quote(str(root))}\n{_MOUNTS}exec chroot "$ROOT" /bin/sh -c {{}}'
    inner = shlex.quote(f"cd {folder} && {line}")
    command = [
        "unshare",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        "--",
        "sh",
        "-c",
        script.format(inner),
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"RUN {line}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"


def _copy(words: Sequence[str], root: Path, folder: str, others: Mapping[str, Path]) -> None:
    origin = ROOT
    if words[0].startswith("--from="):
        origin, words = others[words[0].removeprefix("--from=")], words[1:]
    *sources, destination = words
    target = _inside(root, str(Path(folder, destination)))
    for name in sources:
        source = origin / name.removeprefix("/")
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__") if origin == ROOT else None
            shutil.copytree(source, target, symlinks=True, ignore=ignored)
        else:
            place = target / source.name if destination.endswith("/") else target
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, place)


def _inside(root: Path, path: str) -> Path:
    return root / path.removeprefix("/")


def way_to_packages(root: Path) -> dict[str, str]:
    """This machine's way to packages, told to the steps from outside as `docker build` does with a proxy's."""
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    told = {
        name: value
        for name, value in os.environ.items()
        if name.startswith("PIP_") or name.lower().endswith("_proxy")
    }
    if Path(_CERTIFICATES).exists():
        shutil.copy(_CERTIFICATES, root / "host-ca.crt")
        told["PIP_CERT"] = "/host-ca.crt"
    return told | {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"}
