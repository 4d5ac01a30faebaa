"""Secrets from the environment: `NAME`, or `NAME_FILE` with a file that holds it.

The environment comes in as a mapping; nothing here reads the process's own. A fault names the variable
and never quotes the secret.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from consent_service.errors import ConfigError, Fault

_OTHERS: Final = stat.S_IROTH | stat.S_IWOTH | stat.S_IWGRP


def secret(env: Mapping[str, str], name: str) -> str | None:
    """The secret of this name, without the white space around it; None = not given.

    Raises ConfigError when both variables are set, when one is empty, or when the file can't be read.
    """
    file = f"{name}_FILE"
    if name in env and file in env:
        raise _fault(name, f"{name} and {file} are both set; set one")
    value = _read(file, env[file]) if file in env else env.get(name)
    if value is not None and not value.strip():
        raise _fault(file if file in env else name, "is set, but empty")
    return value if value is None else value.strip()


def exposures(env: Mapping[str, str], names: Iterable[str]) -> Iterator[tuple[str, str, int]]:
    """Yield the variable, file and mode of each secret whose file others on this machine can read or change."""
    for file in (f"{name}_FILE" for name in names):
        if file in env:
            with suppress(OSError, ValueError):
                found = Path(env[file]).stat()
                if stat.S_ISREG(found.st_mode) and found.st_mode & _OTHERS:
                    yield file, env[file], stat.S_IMODE(found.st_mode)


def _read(variable: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise _fault(variable, f"can't read {path!r}: {error.strerror}") from None
    except ValueError:  # not UTF-8, or a path that no file can have
        raise _fault(variable, f"{path!r} is not a text file") from None


def _fault(variable: str, message: str) -> ConfigError:
    return ConfigError((Fault(variable, 0, message),))
