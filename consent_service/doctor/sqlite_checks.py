"""Checks of a SQLite store, from its facts. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from consent_service.doctor.diagnosis import Diagnosis, fault, hint, ok
from consent_service.doctor.mount_checks import judge_mount, judge_moved
from consent_service.doctor.units import size_text
from consent_service.store.mounts import MountKind
from consent_service.store.status import FileFacts

_SCARCE: Final = 64 << 20
"""Free bytes that one log, grown to its limit, would eat up."""
_LOG_GROWN: Final = 256 << 20
"""Four times what the service lets the log keep: something hinders it from being copied into the file."""


def judge_file(facts: FileFacts, *, relaxed: bool = False) -> Iterator[Diagnosis]:
    """Yield all diagnoses of the file. `relaxed`: the operator accepted that choices can be lost."""
    yield ok("engine", facts.engine)
    if facts.troubles:
        yield from (fault("store", trouble, "Nothing is served until then.") for trouble in facts.troubles)
        return
    yield _judge_existence(facts)
    yield from judge_mount("place", facts.name, facts.mount, accepted=relaxed)
    yield _judge_space(facts)
    if facts.laid is not None:
        yield _judge_durability(facts)
        yield _judge_holders(facts)
        yield from _judge_log_and_mode(facts)


def _judge_existence(facts: FileFacts) -> Diagnosis:
    if facts.laid is None:
        return hint("store", f"{facts.name} is not there yet", "The first `serve` makes it.")
    if facts.moved is not None:
        return judge_moved(facts.name, facts.moved)
    where = MountKind.DISK if facts.mount is None else facts.mount.kind
    return ok(
        "store",
        f"{facts.name}: schema {facts.laid.version}, {facts.laid.shards} shards a site, {size_text(facts.size)} and "
        f"{size_text(facts.log_size)} of log, {where.value}",
    )


def _judge_space(facts: FileFacts) -> Diagnosis:
    free = f"{size_text(facts.free)} free on its disk"
    if facts.free < _SCARCE:
        return fault("disk", free, "Free some: with a full disk no choice can be recorded.")
    if facts.free < facts.size:
        return hint("disk", free, "Free some: a backup beside the store needs as much as the store.")
    return ok("disk", free)


def _judge_durability(facts: FileFacts) -> Diagnosis:
    if facts.journal not in (None, "wal"):
        sentence = f"a service has the file open in journal mode {facts.journal}"
        return fault(
            "durability", sentence, "Another program changed it: stop that one, then restart the service."
        )
    how = "before its answer (WAL, synchronous FULL, set at every start)"
    if facts.mount is not None and facts.mount.forgets:
        return hint("durability", f"each choice is synced {how}, to what keeps nothing", "See `place`.")
    return ok("durability", f"each choice is on the disk {how}")


def _judge_holders(facts: FileFacts) -> Diagnosis:
    match facts.holders:
        case None:
            sentence = "this system does not say who has the store open"
        case 0:
            sentence = "no service that can be seen from here has the store open"
        case count:
            sentence = f"a service has the store open; holders: {count}"
    return ok("in use", sentence)


def _judge_log_and_mode(facts: FileFacts) -> Iterator[Diagnosis]:
    if facts.log_size > _LOG_GROWN:
        yield hint(
            "log",
            f"the log beside the store has grown to {size_text(facts.log_size)}",
            "Look for a program that keeps a read of the file open: it hinders the log from being emptied.",
        )
    if not facts.private:
        yield hint("privacy", f"others on this machine can read {facts.name}", f"chmod 600 {facts.name}")
