"""Faults: errors of servers and of the network as this project's errors, the engine's one boundary.

The message names the server and says what to do; it never holds a key, a value or a password.
"""

from __future__ import annotations

import re
import ssl
from typing import Final

from hiredis import ReplyError

from consent_service.errors import (
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreTimeout,
    StoreUnavailable,
)
from consent_service.store.causes import cause_of

_UNKNOWN: Final = "unknown command"
"""Stands for the code that servers do not give to an error of this kind: they say `ERR unknown command 'CONFIG'`."""

_BY_CODE: Final[dict[str, tuple[type[StoreError], str]]] = {
    "NOAUTH": (StoreUnavailable, "{where} requires a user and a password: set CONSENT_STORE_PASSWORD"),
    "WRONGPASS": (
        StoreUnavailable,
        "{where} refuses this user or password: correct `store` or CONSENT_STORE_PASSWORD",
    ),
    "NOPERM": (
        StoreUnavailable,
        "{where} does not permit this user what the service needs ({said}): extend the user's ACL",
    ),
    "OOM": (StoreFull, "{where} has reached maxmemory: raise it, then try again"),
    "MISCONF": (StoreFull, "{where} can't write to its disk: {said}"),
    "NOREPLICAS": (StoreUnavailable, "{where} has too few replicas in sync: wait, or repair them"),
    "READONLY": (StoreUnavailable, "{where} is a replica now: wait for the new master, or correct the URL"),
    "LOADING": (StoreUnavailable, "{where} is still loading its data: wait"),
    "MASTERDOWN": (StoreUnavailable, "{where} has lost its master: wait"),
    "CLUSTERDOWN": (StoreUnavailable, "{where} reports that the cluster is down: repair it, or wait"),
    "TRYAGAIN": (StoreUnavailable, "{where} is moving this shard to another node: try again"),
    "MOVED": (
        StoreUnavailable,
        "the nodes of {where} redirect keys to each other: wait until the cluster is stable",
    ),
    "ASK": (
        StoreUnavailable,
        "the nodes of {where} redirect keys to each other: wait until the cluster is stable",
    ),
    "BUSY": (StoreUnavailable, "{where} is busy with a script: wait"),
    "NOSCRIPT": (StoreUnavailable, "{where} keeps forgetting the service's scripts: try again"),
    "WRONGTYPE": (
        StoreCorrupt,
        "{where} holds a value of another program under one of this store's keys: give the store a database of "
        "its own",
    ),
    "WRONGORDER": (StoreCorrupt, "{where} has lost part of a shard: restore a backup"),
    _UNKNOWN: (
        StoreUnavailable,
        "{where} does not know the command {said}: it was renamed or taken away there. Give it back its name, or use "
        "another server",
    ),
}
ASTRAY: Final = frozenset({"CLUSTERDOWN", "MASTERDOWN", "NOREPLICAS"})
"""Error codes of a node that was cut off from the others: they may have elected another in its place."""

_NOT_KNOWN: Final = "{where} refuses a command of the service: {said}"
_COMMAND: Final = re.compile(r"ERR unknown command ['`]([^'`, ]{1,32})['`]", re.IGNORECASE)
_NO_PASSWORD: Final = "without any password configured"


def code_of(error: ReplyError) -> str:
    """Return the first word of a server's error, by which it is known."""
    return str(error).partition(" ")[0]


def unknown_command(error: ReplyError) -> str:
    """Return the command that the server does not know, as CONFIG where it was renamed; "" for any other error."""
    match = _COMMAND.match(str(error))
    return match[1].upper() if match else ""


def refused_error(error: ReplyError, where: object) -> StoreError:
    """Return the store's error for a server's error reply."""
    code, words = code_of(error), cause_of(error)
    reason = words.removeprefix(code).strip() or code
    if _NO_PASSWORD in reason:
        return StoreUnavailable(f"{where} has no passwords: leave the store's user and password out")
    if command := unknown_command(error):
        code, reason = _UNKNOWN, command
    kind, message = _BY_CODE.get(code, (StoreError, _NOT_KNOWN))
    translated = kind(message.format(where=where, said=words if message is _NOT_KNOWN else reason))
    translated.__cause__ = error
    return translated


def unstorable_error(error: Exception) -> StoreError:
    """Return the store's error for a change or a query that can't be put into a command."""
    translated = StoreError(f"the store can't hold this value: {cause_of(error)}")
    translated.__cause__ = error
    return translated


def unreachable_error(error: BaseException, where: object) -> StoreError:
    """Return the store's error for a connection that could not be made, or whose first answers refused it."""
    match error:
        case StoreError():
            return error
        case ReplyError():
            return refused_error(error, where)
        case ssl.SSLCertVerificationError():
            reason = f"its certificate is not trusted ({error.verify_message})"
        case TimeoutError():
            reason = "no answer"
        case _:
            reason = cause_of(error)
    translated = StoreUnavailable(f"{where} can't be reached: {reason}")
    translated.__cause__ = error
    return translated


def cut_error(where: object, *, written: bool) -> StoreError:
    """Return the error for a connection that ended before the reply came."""
    if written:
        return StoreUnavailable(
            f"{where} closed the connection before it answered: the change may have been done; send it again"
        )
    return StoreUnavailable(f"{where} closed the connection before it answered")


def late_error(where: object, *, written: bool) -> StoreError:
    """Return the error for a server that did not reply in time."""
    doubt = ": the change may have been done; send it again" if written else ""
    return StoreTimeout(f"{where} did not answer in time{doubt}")
