"""An archive that somebody made to hurt whoever checks it: each trick is a finding, and costs little."""

from __future__ import annotations

import json
import os
import resource
import tempfile
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from consent_service.errors import ArchiveUnavailable
from consent_service.ledger.archive import FolderArchive
from consent_service.ledger.object_names import anchor_name, checkpoint_name, marks_name, segment_name
from consent_service.ledger.segments import digest_of
from consent_service.ledger.tampering import ArchiveFault, Tampering
from consent_service.ledger.verification import verify
from tests.ledger.sealed import SIGNER, Site, a_site


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with a_site(tmp_path, [4, 3]) as found:
        yield found


def findings(site: Site) -> list[ArchiveFault]:
    return verify(site.archive, SIGNER.public_keys()).findings


def large(file: Path) -> None:
    with file.open("wb") as out:
        out.truncate(1 << 40)


TRAPS: dict[str, Callable[[Path], None]] = {
    "a pipe": os.mkfifo,
    "a device": lambda file: file.symlink_to("/dev/zero"),
    "a file elsewhere": lambda file: file.symlink_to(__file__),
    "a folder": Path.mkdir,
    "a terabyte": large,
}


@pytest.mark.parametrize("trap", TRAPS.values(), ids=TRAPS)
@pytest.mark.parametrize("name", [checkpoint_name("acme", 2), segment_name("acme", 2)])
async def test_what_is_no_regular_file_is_a_finding_and_not_read(
    site: Site, name: str, trap: Callable[[Path], None]
) -> None:
    site.archive.delete(name)
    trap(site.folder / name)
    assert (Tampering.OBJECT_UNFIT, name) in [found[:2] for found in findings(site)]


@pytest.mark.parametrize("trap", TRAPS.values(), ids=TRAPS)
async def test_neither_marks_nor_anchors_are_a_way_in(site: Site, trap: Callable[[Path], None]) -> None:
    for name in (marks_name("acme", 1), segment_name("acme", 2)):
        site.archive.delete(name)
    (site.folder / "acme/anchors").mkdir()
    for name in (marks_name("acme", 1), anchor_name("acme", 2)):
        trap(site.folder / name)
    assert [found[:2] for found in findings(site)] == [
        (Tampering.MARKS_DAMAGED, marks_name("acme", 1)),
        (Tampering.OBJECT_UNFIT, anchor_name("acme", 2)),
    ]


async def test_a_site_s_folder_elsewhere_is_not_followed(site: Site) -> None:
    (site.folder / "acme").rename(site.folder.parent / "elsewhere")
    (site.folder / "acme").symlink_to("../elsewhere")
    assert findings(site) == [ArchiveFault(Tampering.OBJECT_UNKNOWN, "acme")]


async def test_a_gap_of_any_length_is_one_finding(site: Site) -> None:
    site.archive.put(checkpoint_name("acme", 99_999_999), b"{}")
    assert [found[:2] for found in findings(site)] == [
        (Tampering.CHECKPOINT_MISSING, checkpoint_name("acme", 3)),
        (Tampering.CHECKPOINT_FORGED, checkpoint_name("acme", 99_999_999)),
    ]


async def test_names_that_no_object_has_make_no_chain_longer(site: Site) -> None:
    site.archive.put("acme/heads/more/99999999.json", b"{}")
    assert [found.what for found in findings(site)] == [Tampering.OBJECT_UNKNOWN]


async def test_a_checkpoint_nested_without_end_is_forged(site: Site) -> None:
    site.archive.put(checkpoint_name("acme", 2), b'{"x":' + b"[" * 200_000)
    assert [found[:2] for found in findings(site)] == [
        (Tampering.CHECKPOINT_FORGED, checkpoint_name("acme", 2))
    ]


async def test_a_signed_text_nested_without_end_is_forged_also_where_no_signature_is_checked(
    site: Site,
) -> None:
    checkpoint = json.loads(site.objects()[checkpoint_name("acme", 2)])
    checkpoint["text"] = '{"x":' + "[" * 200_000 + "]" * 200_000 + "," + checkpoint["text"][1:]
    site.archive.put(checkpoint_name("acme", 2), json.dumps(checkpoint, separators=(",", ":")).encode())
    report = verify(site.archive, None)
    assert [found[:2] for found in report.findings] == [
        (Tampering.CHECKPOINT_FORGED, checkpoint_name("acme", 2))
    ]


async def test_a_checkpoint_that_claims_lines_without_end_reserves_no_room_for_them(site: Site) -> None:
    deflate = zlib.compressobj(6, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    raw = b"\n" * 200_000_000
    (site.folder / segment_name("acme", 2)).write_bytes(deflate.compress(raw) + deflate.flush())
    checkpoint = json.loads(site.objects()[checkpoint_name("acme", 2)])
    said = json.loads(checkpoint["text"]) | {"entries": 200_000_000, "digest": digest_of(raw)}
    checkpoint["text"] = json.dumps(said, sort_keys=True, separators=(",", ":"))
    site.archive.put(checkpoint_name("acme", 2), json.dumps(checkpoint, separators=(",", ":")).encode())
    del raw
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert (Tampering.CHECKPOINT_FORGED, checkpoint_name("acme", 2)) in [
        found[:2] for found in verify(site.archive, None).findings
    ]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


async def test_links_in_a_circle_and_folders_without_end_are_not_walked(site: Site) -> None:
    (site.folder / "acme/heads/round").symlink_to("..")
    deep = site.folder / "acme/deep"
    for _ in range(120):
        deep = deep / ("d" * 20)
    deep.mkdir(parents=True)
    (deep / "file").write_text("x")
    assert [found.what for found in findings(site)] == [Tampering.OBJECT_UNKNOWN] * 2


def test_a_folder_that_may_not_be_read_is_no_archive_that_holds() -> None:
    with tempfile.TemporaryDirectory() as open_to_all:
        folder = Path(open_to_all)
        folder.chmod(0o755)
        (folder / "acme").mkdir()
        (folder / "acme").chmod(0)
        (folder / "other").write_text("what can be read")
        with as_nobody(), pytest.raises(ArchiveUnavailable, match="acme"):
            FolderArchive(folder).names()


@contextmanager
def as_nobody() -> Iterator[None]:
    """Act as a user to whom permissions apply."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(before)


FORGERY = "x\x1b[2K\n12 entries in 1 segments: no findings\u202e"


async def test_no_name_forges_a_line_of_what_is_printed(site: Site) -> None:
    site.archive.put(f"acme/{FORGERY}", b"")
    (site.folder / os.fsdecode(b"acme/bad\xff.json")).write_text("")
    assert sorted(map(str, findings(site))) == [
        r"object-unknown: acme/bad\udcff.json",
        r"object-unknown: acme/x\x1b[2K\n12 entries in 1 segments: no findings\u202e",
    ]


async def test_no_changed_line_forges_a_line_of_what_is_printed(site: Site) -> None:
    name = segment_name("acme", 2)
    site.relined(name, lambda lines: [lines[0], FORGERY.encode().replace(b"\n", b"\r"), *lines[2:]])
    (found,) = map(str, findings(site))
    assert found.startswith("entry-changed: ")
    assert found.isprintable()


@pytest.mark.parametrize("size", [400_000, 1 << 30], ids=["a few", "a bomb"])
async def test_a_segment_blown_up_with_line_ends_is_not_split(site: Site, size: int) -> None:
    deflate = zlib.compressobj(6, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    parts = [deflate.compress(b"\n" * 100_000) for _ in range(size // 100_000)]
    (site.folder / segment_name("acme", 2)).write_bytes(b"".join(parts) + deflate.flush())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (found,) = findings(site)
    assert found[:2] in [
        (Tampering.SEGMENT_DAMAGED, segment_name("acme", 2)),
        (Tampering.OBJECT_UNFIT, segment_name("acme", 2)),
    ]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000
