"""The demo's service process: the supervisor of `consent-service serve`, with its log in the demo's folder.

Run by the demo as `python -m consent_service.demo.service CONFIGURATION LOG PARENT`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from consent_service.errors import ConsentError
from consent_service.process import logs
from consent_service.process.parent_death import die_with
from consent_service.process.supervisor import supervise


def main(arguments: Sequence[str]) -> int:
    """Serve until SIGTERM, or until the demo is gone."""
    configuration, log, parent = arguments
    die_with(int(parent))
    _write_to(Path(log))
    logs.configure_logs("supervisor")
    try:
        return supervise(Path(configuration), os.environ)
    except ConsentError as error:
        print(error, file=sys.stderr)
        return 1


def _write_to(log: Path) -> None:
    """Send what this process and its children print to the log's end."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(descriptor, stream.fileno())
    os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
