"""Log lines, as a process writes them: one JSON object each, and nothing personal in any."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from consent_service.process.logs import PERSONAL
from tests.support.waiting import DEADLINE


def lines(source: str) -> list[dict[str, Any]]:
    """Return the lines that a process with this source writes to stderr."""
    imports = "import logging, structlog\nfrom consent_service.process.logs import configure_logs"
    code = f"{imports}\nconfigure_logs('web')\n{source}"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=DEADLINE
    )
    assert ended.stdout == ""
    return [json.loads(line) for line in ended.stderr.splitlines()]


def test_a_log_line_says_its_time_its_source_and_its_level() -> None:
    [line] = lines("structlog.get_logger().info('call', route='/v1/{site}/flag', status=200)")
    assert {line.pop("at")[-1], line.pop("pid") > 0} == {"Z", True}
    assert line == {
        "process": "web",
        "level": "info",
        "event": "call",
        "route": "/v1/{site}/flag",
        "status": 200,
    }


def test_what_could_name_a_visitor_is_dropped_whoever_logs_it() -> None:
    personal = ", ".join(f"{key}='192.0.2.7'" for key in PERSONAL)
    [line] = lines(f"structlog.get_logger().info('call', status=200, {personal})")
    assert "192.0.2.7" not in json.dumps(line)
    assert line["status"] == 200


def test_libraries_that_use_pythons_logging_write_the_same_lines() -> None:
    [line] = lines("logging.getLogger('_granian').warning('Stopped worker-%d', 1)")
    assert (line["event"], line["level"], line["process"]) == ("Stopped worker-1", "warning", "web")
    assert lines("logging.getLogger('asyncio').info('using selector')") == []


def test_a_failure_is_one_line_with_its_traceback() -> None:
    source = "try: 1 / 0\nexcept ZeroDivisionError: structlog.get_logger().exception('failed')"
    [line] = lines(source)
    assert "ZeroDivisionError" in line["exception"]
    [line] = lines(source.replace("structlog.get_logger()", "logging.getLogger('library')"))
    assert "ZeroDivisionError" in line["exception"]


def test_a_value_that_json_does_not_know_is_written_as_text() -> None:
    [line] = lines("structlog.get_logger().info('x', value=object)")
    assert line["value"] == "<class 'object'>"


def test_where_no_line_can_be_written_whoever_logs_goes_on() -> None:
    code = (
        "import structlog\nfrom consent_service.process import logs\nlogs.configure_logs('web')\n"
        "for number in range(1000): structlog.get_logger().info('call', number=number)\n"
        "print('went on')"
    )
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=full, text=True, timeout=DEADLINE
        )
    assert ended.stdout == "went on\n"
