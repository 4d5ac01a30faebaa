"""Secrets from the environment: `NAME`, or `NAME_FILE` with a file that holds it.

An empty variable is as good as none: Compose and systemd set one where nothing was given.

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


def read_secret(env: Mapping[str, str], name: str) -> str | None:
    """Return the secret of this name without surrounding white space, or None if it is not given or empty.

    Raises ConfigError when both variables are set, or when the file can't be read or is empty.
    """
    value, file = variable_value(env, name), variable_value(env, f"{name}_FILE")
    if file is None:
        return value
    if value is not None:
        raise _config_error(name, f"{name} and {name}_FILE are both set; set one")
    text = _read_file(f"{name}_FILE", file).strip()
    if not text:
        raise _config_error(
            f"{name}_FILE", f"{file!r} is empty; write the secret into it, or unset {name}_FILE"
        )
    return text


def variable_value(env: Mapping[str, str], variable: str) -> str | None:
    """Return the variable's value without surrounding white space, or None if it is not set or empty."""
    return env.get(variable, "").strip() or None


def exposed_secrets(env: Mapping[str, str], names: Iterable[str]) -> Iterator[tuple[str, str, int]]:
    """Yield the variable, file and mode of each secret whose file others on this machine can read or change."""
    for file in (f"{name}_FILE" for name in names):
        if file in env:
            with suppress(OSError, ValueError):
                status = Path(env[file]).stat()
                if stat.S_ISREG(status.st_mode) and status.st_mode & _OTHERS:
                    yield file, env[file], stat.S_IMODE(status.st_mode)


def closing_command(file: str) -> str:
    """Return the command that closes a secret's file to others. Its group may still read it: that may be the
    service's.
    """
    return f"chmod g-w,o-rwx {file}"


def _read_file(variable: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise _config_error(variable, f"can't read {path!r}: {error.strerror}") from None
    except ValueError:  # not UTF-8, or a path that no file can have
        raise _config_error(variable, f"{path!r} is not a text file") from None


def _config_error(variable: str, message: str) -> ConfigError:
    return ConfigError((Fault(variable, 0, message),))
