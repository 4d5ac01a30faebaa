"""Which paths lie on a network mount, told from the kernel's own kind of table."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from consent_service.store.sqlite.mounts import network_type

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


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/consent/store.db", None),
        ("/mnt/nas/store.db", "nfs4"),
        ("/mnt/nasty/store.db", None),
        ("/mnt/nas/local/store.db", None),
        ("/mnt/with space/store.db", "cifs"),
        ("/home/me/remote/deep/down/store.db", "fuse.sshfs"),
        ("/mnt/c/Users/me/store.db", "9p"),
        ("/over/store.db", None),
        ("/under/store.db", "smb3"),
        ("/disk/store.db", None),
        ("/afs/cell/store.db", "afs"),
        ("/", None),
    ],
)
def test_the_longest_and_last_mount_above_a_path_decides(path: str, kind: str | None) -> None:
    assert network_type(TABLE, PurePosixPath(path)) == kind


def test_an_empty_table_knows_of_no_network() -> None:
    assert network_type("", PurePosixPath("/x")) is None
