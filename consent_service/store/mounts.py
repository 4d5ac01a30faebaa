"""Mounts: the file system that a path lies on, from `/proc/self/mountinfo`, and the durability that it gives.

A file system in memory accepts every fsync and forgets everything at the next start. Locks on a network's
reach nobody. Only `mount_of` looks at this machine; all else is pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

MOUNTINFO: Final = Path("/proc/self/mountinfo")

_NETWORK: Final = frozenset(
    {
        *(
            "9p",
            "afpfs",
            "afs",
            "beegfs",
            "ceph",
            "cifs",
            "coda",
            "fhgfs",
            "gfs2",
            "glusterfs",
            "gpfs",
            "lustre",
        ),
        *("ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "panfs", "pvfs2", "smb2", "smb3", "smbfs", "wekafs"),
        *("drvfs", "fakeowner", "osxfs", "prl_fs", "vboxsf", "vmhgfs"),  # folders of a virtual machine's host
    }
)
"""File systems whose locks and fsync reach another machine, or stop half-way to it."""

_NETWORK_FUSE: Final = frozenset(
    {
        *("ceph", "curlftpfs", "davfs", "davfs2", "gcsfuse", "glusterfs", "goofys", "grpcfuse", "juicefs"),
        *("mount.davfs", "mountpoint-s3", "rclone", "s3fs", "seaweedfs", "smbnetfs", "sshfs", "vmhgfs-fuse"),
    }
)
_MEMORY: Final = frozenset({"devtmpfs", "hugetlbfs", "ramfs", "rootfs", "tmpfs"})
_MEMORY_DEVICE: Final = re.compile(r"/dev/z?ram\d+")
_LAYER: Final = frozenset({"aufs", "overlay", "overlayfs", "unionfs"})
_LAYER_FUSE: Final = frozenset({"fuse-overlayfs", "unionfs", "unionfs-fuse"})
_BETWEEN: Final = frozenset({"ecryptfs", "virtiofs"})
_FUSE: Final = frozenset({"fuse", "fuseblk"})
_UNSYNCED: Final = frozenset({"barrier=0", "barrier=none", "fsync_mode=nobarrier", "nobarrier", "volatile"})
"""Options under which fsync returns before anything is on the disk."""
_OCTAL: Final = re.compile(r"\\([0-7]{3})")


class MountKind(Enum):
    """Kinds of file systems, by what they are worth to files that must not be lost."""

    DISK = "on a disk of this machine"
    NETWORK = "on a network file system"
    MEMORY = "in memory: it is gone when this machine starts again"
    UNSYNCED = "where fsync does not wait for the disk: a crash of this machine loses what was acknowledged"
    LAYER = "in the layer of a container, unless this is a live system: it is gone with the container"
    BETWEEN = "where another program stands before the disk: locks and fsync are worth what they are there"


class Mount(NamedTuple):
    """A file system as it is mounted: its type, what was mounted, and the options of both."""

    type: str
    source: str = ""
    options: frozenset[str] = frozenset()

    @property
    def kind(self) -> MountKind:
        """Return the kind of this file system, by its type, source and options."""
        family, _, program = self.type.partition(".")
        fuse = family in _FUSE
        if family in _NETWORK or (fuse and program in _NETWORK_FUSE):
            return MountKind.NETWORK
        if self.type in _MEMORY or _MEMORY_DEVICE.fullmatch(self.source):
            return MountKind.MEMORY
        if self.options & _UNSYNCED:
            return MountKind.UNSYNCED
        if self.type in _LAYER or (fuse and program in _LAYER_FUSE):
            return MountKind.LAYER
        if self.type in _BETWEEN or (fuse and program) or self.type == "fuse":
            return MountKind.BETWEEN
        return MountKind.DISK

    @property
    def description(self) -> str:
        """Return where files on this mount lie, as in `lies in memory: … (tmpfs)`."""
        return f"lies {self.kind.value} ({self.type})"

    @property
    def forgets(self) -> bool:
        """Return True if synced files can be gone after the machine stopped for a moment."""
        return self.kind in {MountKind.MEMORY, MountKind.UNSYNCED}


class _MountLine(NamedTuple):
    """One line of mountinfo, proc(5). `above`: the id of the mount that this one is mounted on."""

    id: str
    above: str
    point: PurePosixPath
    mount: Mount


def mount_of(path: Path, mountinfo: Path = MOUNTINFO) -> Mount | None:
    """Return the mount that the path lies on, behind all its links; None where the system doesn't say."""
    try:
        return mount_holding(mountinfo.read_text(errors="surrogateescape"), PurePosixPath(path.resolve()))
    except OSError:
        return None


def mount_holding(mountinfo: str, path: PurePosixPath) -> Mount | None:
    """Return the mount that an absolute path without links in it lies on; None when the table doesn't say.

    The kernel's own walk: from the root, each part of the path may be covered by a mount upon the present one. What
    was mounted elsewhere beneath a folder that is covered now is not met.
    """
    lines = list(_parse_table(mountinfo))
    upon: Mapping[tuple[str, PurePosixPath], _MountLine] = {(line.above, line.point): line for line in lines}
    above = {line.id for line in lines}
    roots = [line for line in lines if line.point == PurePosixPath("/")]
    present = next((line for line in roots if line.above == line.id or line.above not in above), None)
    if present is None:  # seen from a changed root that is no mount itself
        within = [line for line in lines if path.is_relative_to(line.point)]
        return max(within, key=lambda line: len(line.point.parts)).mount if within else None
    for point in [*reversed(path.parents), path]:
        met = {present.id}
        while (covering := upon.get((present.id, point))) is not None and covering.id not in met:
            met.add(covering.id)
            present = covering
    return present.mount


def _parse_table(mountinfo: str) -> Iterator[_MountLine]:
    """Yield the table's lines. Id first, mount point fifth, its options sixth; type, source and further options
    stand behind a lone `-`.
    """
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        words, ends = before.split(" "), after.split(" ")
        if len(words) < 5 or not ends[0]:
            continue
        options = [*words[5:6], *ends[2:3]]
        source = _unescape_octal(ends[1]) if len(ends) > 1 else ""
        mount = Mount(ends[0], source, frozenset(option for text in options for option in text.split(",")))
        yield _MountLine(words[0], words[1], PurePosixPath(_unescape_octal(words[4])), mount)


def _unescape_octal(text: str) -> str:
    """Return the text with its octal escapes resolved: `\040` is a space."""
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), text)
