"""Mount below a path, found in a table as the kernel has it, and its worth."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from consent_service.store.mounts import Mount, MountKind, mount_holding, mount_of

TABLE = r"""22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
30 27 0:40 / /mnt/nas rw,relatime shared:9 master:2 - nfs4 10.0.0.2:/x rw,vers=4.2
31 30 0:41 / /mnt/nas/local rw - xfs /dev/vdb rw
32 27 0:42 / /mnt/with\040space rw - cifs //host/share rw
33 27 0:43 / /home/me/remote rw,nosuid - fuse.sshfs me@host: rw,user_id=0
34 27 0:44 / /mnt/c rw - 9p drvfs rw
35 27 0:45 / /over rw - nfs host:/ rw
36 35 0:46 / /over rw - tmpfs tmpfs rw
37 27 0:47 / /under rw - tmpfs tmpfs rw
38 37 0:48 / /under rw - smb3 //host/x rw
39 27 0:49 / /disk rw - fuseblk /dev/vdc rw
40 27 0:50 / /afs rw - afs AFS rw
not a line of this table
41 27 0:51 / /broken rw -
"""


LAYERED = r"""1 1 0:2 / / rw - rootfs rootfs rw
20 1 0:30 / / rw,relatime - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w
21 20 8:1 /volumes/consent /var/lib/consent rw,relatime - ext4 /dev/sda1 rw
22 20 0:41 / /run/secrets ro,relatime - tmpfs tmpfs rw,size=64k
23 20 0:42 / /mnt/deep rw - nfs host:/ rw
24 20 0:43 / /mnt rw - ext4 /dev/sdb rw
25 20 254:1 / /var/zram rw - ext4 /dev/zram0 rw
26 20 7:1 / /var/hasty rw - ext4 /dev/sdc rw,barrier=0
27 20 0:44 / /var/tab\011and\134slash rw - ramfs none rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/consent/store.db", "ext4"),
        ("/mnt/nas/store.db", "nfs4"),
        ("/mnt/nasty/store.db", "ext4"),
        ("/mnt/nas/local/store.db", "xfs"),
        ("/mnt/with space/store.db", "cifs"),
        ("/home/me/remote/deep/down/store.db", "fuse.sshfs"),
        ("/mnt/c/Users/me/store.db", "9p"),
        ("/over/store.db", "tmpfs"),
        ("/under/store.db", "smb3"),
        ("/disk/store.db", "fuseblk"),
        ("/afs/cell/store.db", "afs"),
        ("/", "ext4"),
    ],
)
def test_the_longest_and_last_mount_above_a_path_decides(path: str, kind: str) -> None:
    found = mount_holding(TABLE, PurePosixPath(path))
    assert found is not None
    assert found.type == kind


@pytest.mark.parametrize(
    ("path", "kind", "lying"),
    [
        ("/etc/consent.toml", "overlay", MountKind.LAYER),
        ("/var/lib/consent/store.db", "ext4", MountKind.DISK),
        ("/run/secrets/keys.json", "tmpfs", MountKind.MEMORY),
        # What covers /mnt hides what was mounted beneath before.
        ("/mnt/deep/store.db", "ext4", MountKind.DISK),
        ("/var/zram/store.db", "ext4", MountKind.MEMORY),
        ("/var/hasty/store.db", "ext4", MountKind.UNSYNCED),
        ("/var/tab\tand\\slash/store.db", "ramfs", MountKind.MEMORY),
    ],
)
def test_what_a_path_lies_on_is_what_the_kernel_would_find(path: str, kind: str, lying: MountKind) -> None:
    found = mount_holding(LAYERED, PurePosixPath(path))
    assert found is not None
    assert (found.type, found.kind) == (kind, lying)


@pytest.mark.parametrize(
    ("mount", "lying"),
    [
        (Mount("tmpfs"), MountKind.MEMORY),
        (Mount("ramfs"), MountKind.MEMORY),
        (Mount("btrfs", "/dev/ram1"), MountKind.MEMORY),
        (Mount("overlay", "overlay", frozenset({"volatile"})), MountKind.UNSYNCED),
        (Mount("xfs", "/dev/sda", frozenset({"nobarrier"})), MountKind.UNSYNCED),
        (Mount("aufs"), MountKind.LAYER),
        (Mount("fuse.fuse-overlayfs"), MountKind.LAYER),
        (Mount("ecryptfs"), MountKind.BETWEEN),
        (Mount("fuse.gocryptfs"), MountKind.BETWEEN),
        (Mount("virtiofs"), MountKind.BETWEEN),
        (Mount("fuseblk", "/dev/sdb1"), MountKind.DISK),
        (Mount("fuse.sshfs"), MountKind.NETWORK),
        (Mount("vboxsf"), MountKind.NETWORK),
        (Mount("nfs4"), MountKind.NETWORK),
        (Mount("zfs"), MountKind.DISK),
    ],
)
def test_each_kind_of_file_system_keeps_or_forgets_what_it_holds(mount: Mount, lying: MountKind) -> None:
    assert mount.kind is lying
    assert mount.forgets is (lying in {MountKind.MEMORY, MountKind.UNSYNCED})


def test_an_empty_mount_table_gives_no_mount() -> None:
    assert mount_holding("", PurePosixPath("/x")) is None


def test_where_the_root_is_no_mount_the_longest_mount_point_decides() -> None:
    table = "31 7 0:41 / /srv rw - xfs /dev/vdb rw\n32 31 0:42 / /srv/nas rw - nfs host:/x rw\n"
    assert mount_holding(table, PurePosixPath("/home")) is None
    assert mount_holding(table, PurePosixPath("/srv/nas/store.db")) == Mount(
        "nfs", "host:/x", frozenset({"rw"})
    )


def test_a_mount_point_that_is_not_utf_8_does_not_hinder_the_look_up(tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_bytes(b"1 0 0:1 / / rw - ext4 /dev/sda rw\n2 1 0:2 / /\xff\xfe rw - tmpfs tmpfs rw\n")
    found = mount_of(tmp_path, table)
    assert found is not None
    assert found.type == "ext4"


def test_a_link_into_memory_lies_in_memory(tmp_path: Path) -> None:
    memory = mount_of(Path("/dev/shm/store.db"))
    if memory is None or memory.kind is not MountKind.MEMORY:
        pytest.skip("this machine has no /dev/shm in memory")
    (tmp_path / "link").symlink_to("/dev/shm")
    assert mount_of(tmp_path / "link" / "store.db") == memory
