"""Logs: every line of every process is one JSON object on stderr. Configured here and nowhere else.

A line never names a visitor: no query, no address, no User-Agent, no token (design rule 7).
"""

from __future__ import annotations

import logging
import logging.config
import os
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, BinaryIO, Final, cast

import msgspec
import structlog
from structlog.typing import Processor

PERSONAL: Final = frozenset(
    {
        "address",
        "client",
        "cookie",
        "headers",
        "ip",
        "query",
        "query_string",
        "token",
        "url",
        "user_agent",
        "visitor",
    }
)
"""Keys that are dropped from a line, whoever put them there."""

_LogLine = MutableMapping[str, Any]


def configure_logs(process: str) -> None:
    """Set up structlog, and Python's own logging for libraries, for this process."""
    structlog.configure(
        processors=[_process_adder(process), *_COMMON, structlog.processors.JSONRenderer(_encode_line)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.BytesLoggerFactory(cast(BinaryIO, _Unfailing(sys.stderr.buffer))),
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(library_logging(process))


class _Unfailing:
    """File that ignores failed writes: a full disk costs log lines, never the call that logs."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, data: bytes) -> None:
        """Write the data, if that is possible."""
        with suppress(OSError):
            self._file.write(data)

    def flush(self) -> None:
        """Flush the file, if that is possible."""
        with suppress(OSError):
            self._file.flush()


def library_logging(process: str) -> dict[str, Any]:
    """Return Python's logging as a `dictConfig` for another process; granian's logger by name."""
    formatter = {"()": "consent_service.process.logs.json_formatter", "process": process}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": formatter},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "loggers": {"_granian": {"handlers": ["stderr"], "propagate": False}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
    }


def json_formatter(process: str) -> logging.Formatter:
    """Return a formatter that writes a library's record as one of our lines."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[_process_adder(process), *_COMMON],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(lambda line, **_: _encode_line(line).decode()),
        ],
    )


def _process_adder(process: str) -> Processor:
    """Return a processor that adds the process's name and id to a line."""

    def add_process(_logger: object, _method: str, line: _LogLine) -> _LogLine:
        """Return the line with the process's name and id."""
        return {"process": process, "pid": os.getpid(), **line}

    return add_process


def _without_personal_data(_logger: object, _method: str, line: _LogLine) -> _LogLine:
    return {key: value for key, value in line.items() if key not in PERSONAL}


def _encode_line(line: _LogLine, **_options: object) -> bytes:
    return msgspec.json.encode(line, enc_hook=repr)


_COMMON: Final[list[Processor]] = [
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    _without_personal_data,
    structlog.processors.format_exc_info,
]
