"""Brings what a make target needs, once: Debian's packages, npm's packages, the Python environment.

Safe to interrupt and to repeat: a component's stamp is written last and names the content of its lock files,
so a changed lock brings the component again. Nothing begins before all that needs rights is there.
Standard library only. Usage: python3 scripts/setup.py demo | test | soak | docs | bench-peers
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import debian

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = str(VENV / "bin" / "python")
WIDGET = ROOT / "widget"
OLDEST_PYTHON = (3, 11)
OLDEST_NODE = 18

WHERE = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"])  # a user's own path lacks the last

# command -> Debian packages. npm's recommends bring the certificates that it needs, so they are named here.
DEBIAN = {
    "redis-server": ["redis-server"],
    "chromium": ["chromium"],
    "firefox-esr": ["firefox-esr"],
    "WebKitWebDriver": ["webkit2gtk-driver"],
    "Xvfb": ["xvfb"],
    "nginx": ["nginx-light"],
    "wrk": ["wrk"],
    "strace": ["strace"],
    "node": ["nodejs", "ca-certificates"],
    "npm": ["npm", "ca-certificates"],
}

# The same for the long runs alone: tools that read what is in deploy/, and what makes a clean Debian.
DEBIAN_SOAK = {
    "caddy": ["caddy"],
    "mmdebstrap": ["mmdebstrap"],
    "promtool": ["prometheus"],
    "systemd-analyze": ["systemd"],
    "systemd-nspawn": ["systemd-container"],
}

# The same for the bench beside a peer over PostgreSQL.
DEBIAN_PEERS = {"pg_ctlcluster": ["postgresql"]}


def main(target: str) -> None:
    """Bring what `target` needs, rights first; `soak` and `bench-peers` add to what `test` has brought."""
    python_is_complete()
    if target == "test":
        debian_packages(DEBIAN, target)
        node_is_recent()
        npm_packages()
    elif target == "soak":
        debian_packages(DEBIAN_SOAK, target)
    elif target == "bench-peers":
        debian_packages(DEBIAN_PEERS, target)
        return
    python_packages(target)


def python_is_complete() -> None:
    """Stop with a clear word where Debian's split Python lacks the part that makes environments."""
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        raise SystemExit(
            "python3 can't make environments yet. Run this line, then make again:\n    "
            + debian.line_to_run(["python3-venv"])
        ) from None


def debian_packages(wanted: dict[str, list[str]], target: str) -> None:
    """Install what is missing, or print the one line to run and stop."""
    if debian.left_behind() and (root := debian.way_to_root()) is not None:
        run(*root, sys.executable, str(ROOT / "scripts" / "debian.py"))
    missing = [command for command in wanted if shutil.which(command, path=WHERE) is None]
    packages = list(dict.fromkeys(package for command in missing for package in wanted[command]))
    if not packages:
        return
    if shutil.which("apt-get") is None:
        raise SystemExit(f"make {target} needs these commands, please install them: {', '.join(missing)}")
    root = debian.way_to_root()
    if root is None:
        raise SystemExit(
            f"make {target} needs packages that only root may install. Run this line, then make again:\n    "
            + debian.line_to_run(packages)
        )
    run(*root, sys.executable, str(ROOT / "scripts" / "debian.py"), *packages)


def node_is_recent() -> None:
    """Stop when an old node stands first on the path."""
    answer = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout.strip()
    found = re.match(r"v(\d+)\.", answer)
    if not found or int(found.group(1)) < OLDEST_NODE:
        at = shutil.which("node")
        raise SystemExit(f"make test needs node {OLDEST_NODE} or newer; {at} says {answer or 'nothing'}")


def npm_packages() -> None:
    """The widget's build and test tools, exactly as locked."""
    stamp = WIDGET / "node_modules" / ".stamp"
    wanted = digest(WIDGET / "package.json", WIDGET / "package-lock.json")
    if read(stamp) != wanted:
        run("npm", "--prefix", str(WIDGET), "ci", "--no-audit", "--no-fund")
        write(stamp, wanted)


def python_packages(target: str) -> None:
    """The environment with the locked packages of `target` and the project itself, editable."""
    lock = ROOT / "requirements" / f"{target}.txt"
    stamp = VENV / f".stamp-{target}"
    wanted = digest(lock, ROOT / "pyproject.toml", Path(__file__)) + sys.version
    if read(stamp) == wanted:
        return
    if not environment_works():
        import venv  # not there in Debian's smallest Python, which python_is_complete has ruled out

        venv.create(VENV, clear=True, with_pip=True, symlinks=True)
    # The lock is whole, so pip has nothing to resolve: with dependencies it may take a release newer than the lock.
    pip("--require-hashes", "--no-deps", "--only-binary=:all:", "--requirement", str(lock))
    # hatchling itself comes from the lock, so nothing is fetched unlocked to build the project.
    pip("--no-deps", "--no-build-isolation", "--no-index", "--editable", str(ROOT))
    write(stamp, wanted)


def environment_works() -> bool:
    """False for an environment that was cut short, or whose Python was upgraded away."""
    probe = f"import pip, sys; sys.exit(sys.version_info[:2] != {tuple(sys.version_info[:2])})"
    try:
        return subprocess.run([PYTHON, "-c", probe], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def pip(*arguments: str) -> None:
    """Install into the environment."""
    run(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments)


def run(*command: str) -> None:
    """Run a command in view of the user; its failure ends the set-up without a traceback."""
    print("+", *command, flush=True)
    child = subprocess.Popen(command)
    while child.returncode is None:
        # Ctrl-C reaches the child too: it ends in its own time, which apt needs.
        with contextlib.suppress(KeyboardInterrupt):
            child.wait()
    if child.returncode:
        raise SystemExit(
            f"set-up stopped: {command[0]} failed with {child.returncode}; run make again to go on"
        )


def digest(*files: Path) -> str:
    """One hash over the files' contents."""
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def read(stamp: Path) -> str:
    """The stamp's content, empty where there is none."""
    return stamp.read_text() if stamp.exists() else ""


def write(stamp: Path, content: str) -> None:
    """Written whole or not at all."""
    draft = stamp.with_name(f"{stamp.name}.{os.getpid()}")
    draft.write_text(content)
    draft.replace(stamp)


if __name__ == "__main__":
    if sys.version_info < OLDEST_PYTHON:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        raise SystemExit(f"Python {oldest} or newer is needed; this is {sys.version.split()[0]}")
    main(sys.argv[1])
