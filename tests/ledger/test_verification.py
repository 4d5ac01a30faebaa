"""Verification: an archive that nobody touched holds; each kind of tampering is named and located."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from consent_service.identity.key_ring import new_ring
from consent_service.identity.signatures import StatementSigner
from consent_service.ledger import checkpoints, segments, tree
from consent_service.ledger.checkpoints import Checkpoint, Span
from consent_service.ledger.object_names import anchor_name, checkpoint_name, marks_name, segment_name
from consent_service.ledger.tampering import ArchiveFault, LineChange, Tampering, compare_lines
from consent_service.ledger.verification import LEAST_KEPT, VerificationReport, verify
from tests.ledger.sealed import SIGNER, Site, a_site

STRANGER = StatementSigner(new_ring(1, b"s" * 32, b"h" * 32))
SECOND = segment_name("acme", 2)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """Three sealed segments of some entries."""
    async with a_site(tmp_path, [6, 8, 5]) as found:
        yield found


def checked(site: Site, *known: Checkpoint) -> VerificationReport:
    return verify(site.archive, SIGNER.public_keys(), known)


def checkpoint(site: Site, number: int) -> Checkpoint:
    return checkpoints.open_checkpoint(site.objects()[checkpoint_name("acme", number)], SIGNER.public_keys())


def relined(site: Site, change: Callable[[list[bytes]], list[bytes]]) -> list[ArchiveFault]:
    """Rewrite the second segment's lines; what is found then."""
    site.relined(SECOND, change)
    return checked(site).findings


def resigned(
    site: Site, number: int, signer: StatementSigner = SIGNER, **change: object
) -> list[ArchiveFault]:
    """Sign another checkpoint in this one's place; what is found then."""
    site.archive.put(
        checkpoint_name("acme", number), checkpoints.sign(signer, replace(checkpoint(site, number), **change))
    )
    return checked(site).findings


async def test_an_archive_that_nobody_touched_has_no_findings(site: Site) -> None:
    report = checked(site, checkpoint(site, 3))
    assert report.findings == []
    assert (report.entries, report.segments, report.dropped) == (19, 3, 0)
    assert report.last == {"acme": (3, checkpoints.digest_of(checkpoint(site, 3)))}


async def test_a_changed_entry_is_found_and_named(site: Site) -> None:
    (found,) = relined(site, lambda lines: [*lines[:3], lines[3].replace(b"opt_out", b"opt_in"), *lines[4:]])
    assert (found.what, found.where) == (Tampering.ENTRY_CHANGED, f"{SECOND} line 4")


async def test_a_missing_entry_is_found_and_named(site: Site) -> None:
    (found,) = relined(site, lambda lines: lines[:5] + lines[6:])
    assert (found.what, found.where) == (Tampering.ENTRY_MISSING, f"{SECOND} line 6")


async def test_an_added_entry_is_found_and_named(site: Site) -> None:
    (found,) = relined(site, lambda lines: [*lines[:2], lines[0].replace(b"opt_out", b"opt_in"), *lines[2:]])
    assert (found.what, found.where) == (Tampering.ENTRY_ADDED, f"{SECOND} line 3")


async def test_an_entry_that_was_doubled_is_an_added_one(site: Site) -> None:
    (found,) = relined(site, lambda lines: [lines[0], *lines])
    assert found.what is Tampering.ENTRY_ADDED


async def test_reordered_entries_are_found_and_named(site: Site) -> None:
    found = relined(site, lambda lines: [lines[1], lines[0], *lines[2:]])
    assert [(one.what, one.where) for one in found] == [
        (Tampering.ENTRY_REORDERED, f"{SECOND} line 1"),
        (Tampering.ENTRY_REORDERED, f"{SECOND} line 2"),
    ]


async def test_a_missing_segment_is_found(site: Site) -> None:
    site.archive.delete(SECOND)
    assert checked(site).findings == [ArchiveFault(Tampering.SEGMENT_MISSING, SECOND)]


async def test_a_swapped_segment_is_found(site: Site) -> None:
    site.archive.put(SECOND, site.objects()[segment_name("acme", 3)])
    assert checked(site).findings == [ArchiveFault(Tampering.SEGMENT_SWAPPED, SECOND, "is segment 3")]


async def test_a_truncated_segment_is_found(site: Site) -> None:
    site.archive.put(SECOND, site.objects()[SECOND][:-9])
    assert [one[:2] for one in checked(site).findings] == [(Tampering.SEGMENT_TRUNCATED, SECOND)]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"x" + data[1:],
        lambda data: data + b"x",
        lambda data: data + gzip.compress(b"more\n", mtime=0),
        lambda data: gzip.compress(gzip.decompress(data), mtime=5),
        lambda data: data[:-8] + bytes(8),
    ],
    ids=["no gzip", "trailing byte", "second member", "a time in its checkpoint", "checksum"],
)
async def test_a_segment_that_is_no_segment_is_found(site: Site, damage: Callable[[bytes], bytes]) -> None:
    site.archive.put(SECOND, damage(site.objects()[SECOND]))
    assert [one[:2] for one in checked(site).findings] == [(Tampering.SEGMENT_DAMAGED, SECOND)]


async def test_a_change_is_found_also_where_the_marks_were_changed_with_it(site: Site) -> None:
    site.archive.put(marks_name("acme", 2), b"")
    found = relined(site, lambda lines: lines[1:])
    assert [one[:2] for one in found] == [(Tampering.SEGMENT_DAMAGED, SECOND)]


async def test_damaged_marks_alone_are_found(site: Site) -> None:
    site.archive.delete(marks_name("acme", 2))
    assert [one[:2] for one in checked(site).findings] == [(Tampering.MARKS_DAMAGED, marks_name("acme", 2))]


async def test_a_checkpoint_that_somebody_else_signed_is_forged(site: Site) -> None:
    (found,) = resigned(site, 2, STRANGER)
    assert found[:2] == (Tampering.CHECKPOINT_FORGED, checkpoint_name("acme", 2))


async def test_a_checkpoint_altered_behind_its_signature_is_forged(site: Site) -> None:
    name = checkpoint_name("acme", 2)
    site.archive.put(name, site.objects()[name].replace(b'\\"entries\\":8', b'\\"entries\\":7'))
    assert [one[:2] for one in checked(site).findings] == [(Tampering.CHECKPOINT_FORGED, name)]


async def test_a_missing_checkpoint_is_found(site: Site) -> None:
    site.archive.delete(checkpoint_name("acme", 2))
    assert checked(site).findings == [ArchiveFault(Tampering.CHECKPOINT_MISSING, checkpoint_name("acme", 2))]


async def test_a_checkpoint_in_another_s_place_is_found(site: Site) -> None:
    site.archive.put(checkpoint_name("acme", 2), site.objects()[checkpoint_name("acme", 3)])
    assert [one[:2] for one in checked(site).findings] == [
        (Tampering.CHECKPOINT_SWAPPED, checkpoint_name("acme", 2))
    ]


async def test_a_chain_that_was_joined_again_is_found(site: Site) -> None:
    found = resigned(site, 2, previous="0" * 64)
    assert [one[:2] for one in found] == [
        (Tampering.CHAIN_BROKEN, checkpoint_name("acme", 2)),
        (Tampering.CHAIN_BROKEN, checkpoint_name("acme", 3)),
    ]


async def test_positions_that_nobody_sealed_are_found(site: Site) -> None:
    shard, span = next(iter(checkpoint(site, 3).spans.items()))
    spans = checkpoint(site, 3).spans | {shard: Span(span.after + 1, span.through)}
    assert resigned(site, 3, spans=spans)[0][:2] == (Tampering.SPAN_BROKEN, checkpoint_name("acme", 3))


async def test_a_root_that_is_not_the_tree_s_is_found(site: Site) -> None:
    assert resigned(site, 3, root="0" * 64)[0][:2] == (Tampering.ROOT_WRONG, segment_name("acme", 3))


async def test_entries_sealed_in_a_false_order_are_found(site: Site) -> None:
    name = segment_name("acme", 3)
    raw = b"".join(line + b"\n" for line in reversed(segments.split(segments.unpack(site.objects()[name]))))
    leaves = tree.leaf_hashes(segments.split(raw))
    site.archive.put(name, gzip.compress(raw, mtime=0))
    site.archive.put(marks_name("acme", 3), segments.marks_of(leaves))
    found = resigned(
        site,
        3,
        digest=segments.digest_of(raw),
        root=tree.root_of(leaves).hex(),
        marks=segments.digest_of(segments.marks_of(leaves)),
    )
    assert {one[:2] for one in found} == {(Tampering.PLACE_WRONG, name)}


async def test_newest_segments_that_were_taken_away_are_found_by_a_checkpoint_kept_elsewhere(
    site: Site,
) -> None:
    kept = checkpoint(site, 3)
    for name in (checkpoint_name, segment_name, marks_name):
        site.archive.delete(name("acme", 3))
    assert checked(site).findings == []  # nothing in the archive itself can tell
    assert [one.what for one in checked(site, kept).findings] == [Tampering.TAIL_MISSING]


async def test_a_whole_archive_that_was_taken_away_is_found_by_a_checkpoint(site: Site) -> None:
    kept = checkpoint(site, 3)
    for name in site.archive.names():
        site.archive.delete(name)
    assert [one.what for one in checked(site, kept).findings] == [Tampering.TAIL_MISSING]


async def test_a_history_signed_anew_is_found_by_a_checkpoint(site: Site) -> None:
    kept = checkpoint(site, 3)
    resigned(site, 3, at=5)
    assert [one.what for one in checked(site, kept).findings] == [Tampering.CHAIN_BROKEN]


async def test_objects_that_nobody_sealed_are_found(site: Site) -> None:
    site.archive.put("acme/notes.txt", b"hello")
    assert checked(site).findings == [ArchiveFault(Tampering.OBJECT_UNKNOWN, "acme/notes.txt")]


async def test_a_dropped_segment_has_an_anchor_that_nobody_else_can_make(site: Site) -> None:
    first, name = checkpoint(site, 1), anchor_name("acme", 1)
    site.archive.delete(segment_name("acme", 1))
    late = max(first.newest.values()) + LEAST_KEPT
    anchor = checkpoints.Anchor("acme", 1, checkpoints.digest_of(first), late)
    site.archive.put(name, checkpoints.sign(SIGNER, anchor))
    assert (checked(site).findings, checked(site).dropped) == ([], 1)
    for signer, told, what in (
        (STRANGER, anchor, Tampering.ANCHOR_FORGED),
        (SIGNER, replace(anchor, checkpoint="0" * 64), Tampering.ANCHOR_FORGED),
        (SIGNER, replace(anchor, at=late - 1), Tampering.ANCHOR_EARLY),
    ):
        site.archive.put(name, checkpoints.sign(signer, told))
        assert [one[:2] for one in checked(site).findings] == [(what, name)]


marked = st.lists(st.integers(0, 300).map(lambda number: b"%08d" % number), unique=True, max_size=30)


@given(marked, st.data())
def test_one_line_taken_out_is_missing_where_it_was(lines: list[bytes], data: st.DataObject) -> None:
    if lines:
        at = data.draw(st.integers(0, len(lines) - 1))
        found = compare_lines(lines, lines[:at] + lines[at + 1 :])
        assert found == [LineChange(Tampering.ENTRY_MISSING, at + 1)]


@given(marked, marked)
def test_lines_differ_exactly_when_something_is_named(sealed: list[bytes], found: list[bytes]) -> None:
    assert bool(compare_lines(sealed, found)) == (sealed != found)
