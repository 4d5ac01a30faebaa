"""Mounts: whether a path lies on a network file system, from the text of `/proc/self/mountinfo`. Pure."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

_NETWORK: Final = frozenset(
    {
        *("9p", "afs", "beegfs", "ceph", "cifs", "coda", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs"),
        *("nfs", "nfs4", "ocfs2", "smb2", "smb3", "smbfs"),
    }
)
"""File systems whose locks and fsync reach another machine, or stop half-way to it."""

_NETWORK_FUSE: Final = frozenset(
    {
        *("ceph", "curlftpfs", "davfs", "davfs2", "gcsfuse", "glusterfs", "goofys", "juicefs", "mount.davfs"),
        *("rclone", "s3fs", "seaweedfs", "smbnetfs", "sshfs"),
    }
)
_OCTAL: Final = re.compile(r"\\([0-7]{3})")


def network_type(mountinfo: str, path: PurePosixPath) -> str | None:
    """The network file system that an absolute, resolved path lies on; None for a local one.

    `mountinfo` as in proc(5): the mount point is the fifth word, the type the first after a lone `-`. The
    longest mount point above the path counts, and of equal ones the last, which covers the others.
    """
    best, kind = -1, ""
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        words = before.split(" ")
        if len(words) < 5 or not after:
            continue
        point = PurePosixPath(_OCTAL.sub(lambda match: chr(int(match[1], 8)), words[4]))
        depth = len(point.parts)
        if path.is_relative_to(point) and depth >= best:
            best, kind = depth, after.split(" ")[0]
    return kind if _is_network(kind) else None


def _is_network(kind: str) -> bool:
    family, _, program = kind.partition(".")
    return family in _NETWORK or (family in {"fuse", "fuseblk"} and program in _NETWORK_FUSE)
