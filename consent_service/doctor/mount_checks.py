"""Checks of the file systems that files lie on, and of a store that was moved away. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from consent_service.doctor.diagnosis import Diagnosis, fault, hint
from consent_service.store.mounts import Mount, MountKind
from consent_service.store.move_mark import MoveMark

_REMEDIES: Final = {
    MountKind.MEMORY: "Put it on a disk: whatever was acknowledged is gone with it.",
    MountKind.UNSYNCED: "Mount it without that option: whatever was acknowledged may be gone after a crash.",
    MountKind.LAYER: "Put it on a volume, or on a folder of the machine.",
    MountKind.BETWEEN: "Put it on a disk of this machine, or make sure that fsync and locks reach the disk there.",
}


def judge_mount(about: str, name: str, mount: Mount | None, *, accepted: bool = False) -> Iterator[Diagnosis]:
    """Yield findings on the file system that `name` lies on. `accepted`: the operator accepted its loss."""
    if mount is None or mount.kind not in _REMEDIES:
        return
    grade = fault if mount.forgets and not accepted else hint
    yield grade(about, f"{name} {mount.description}", _REMEDIES[mount.kind])


def judge_keys_place(name: str, mount: Mount | None) -> Iterator[Diagnosis]:
    """Yield a hint if the key ring lies in memory. Read-only mounts are fine: orchestrators mount secrets so."""
    if mount is not None and mount.kind in {MountKind.MEMORY, MountKind.LAYER} and "ro" not in mount.options:
        yield hint(
            "keys",
            f"the key ring {name} {mount.description}",
            "Keep it where it lasts, and a copy elsewhere: without it every visitor's choice is lost to them.",
        )


def judge_moved(name: str, moved: MoveMark) -> Diagnosis:
    """Return the fault of a store that was moved away."""
    sentence = (
        f"{name} was moved to {moved.to} on {moved.day_text}: it takes no choice, and no service opens it"
    )
    return fault("store", sentence, f"Set `store` to {moved.to}. {moved.way_back(name)}.")
