"""Values that the service can't have written are found, also where a holder of the key has signed them."""

from __future__ import annotations

import json

import pytest

from consent_service.identity.key_ring import DAY
from consent_service.ledger import checkpoints, segments
from consent_service.ledger.object_names import anchor_name, checkpoint_name, marks_name, segment_name
from consent_service.ledger.tampering import Tampering
from consent_service.ledger.verification import verify
from tests.ledger.genuine import NOW, ROTATED, checked, lines_of, with_line
from tests.ledger.mutations import Objects, archive_of, reanchored, resealed, resegmented, text_of
from tests.support.clock import START


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"at": 4_000_000_000}, Tampering.TIME_WRONG),
        ({"at": 5}, Tampering.ANCHOR_EARLY),
        ({"site": "other"}, Tampering.ANCHOR_FORGED),
        ({"number": 2}, Tampering.ANCHOR_FORGED),
        ({"head": "0" * 64}, Tampering.ANCHOR_FORGED),
        ({"v": 2}, Tampering.FORMAT_NEWER),
        ({"v": 0}, Tampering.ANCHOR_FORGED),
    ],
)
def test_an_anchor_that_says_what_can_t_be_is_found(
    genuine: Objects, change: dict[str, object], what: Tampering
) -> None:
    text = _with(text_of(genuine[anchor_name("acme", 1)]), change)
    findings = checked(reanchored(genuine, ROTATED, "acme", 1, text)).findings
    assert (what, anchor_name("acme", 1)) in [finding[:2] for finding in findings]


@pytest.mark.parametrize(
    ("number", "change", "what"),
    [
        (2, {"newest": {"carried": START + 800 * DAY}}, Tampering.NEWEST_WRONG),
        (3, {"newest": {"choice": START, "erased": START + 1}}, Tampering.NEWEST_WRONG),
        (1, {"newest": {"choice": 4_000_000_000}}, Tampering.TIME_WRONG),
        (1, {"newest": {"choice": 9}}, Tampering.TIME_WRONG),
        (3, {"newest": {}}, Tampering.CHECKPOINT_FORGED),
        (1, {"newest": {"whim": START}}, Tampering.FORMAT_NEWER),
        (2, {"at": 4_000_000_000}, Tampering.TIME_WRONG),
        (2, {"at": START}, Tampering.TIME_WRONG),
        (3, {"at": 9}, Tampering.TIME_WRONG),
        (2, {"entries": 1}, Tampering.ROOT_WRONG),
        (2, {"entries": 2**40}, Tampering.CHECKPOINT_FORGED),
        (2, {"marks": "0" * 64}, Tampering.MARKS_DAMAGED),
        (2, {"root": "A" * 64}, Tampering.CHECKPOINT_FORGED),
        (2, {"site": "other"}, Tampering.CHECKPOINT_FORGED),
        (2, {"number": 3}, Tampering.CHECKPOINT_SWAPPED),
        (1, {"previous": "0" * 64}, Tampering.CHECKPOINT_FORGED),
        (3, {"spans": {}}, Tampering.PLACE_WRONG),
        (3, {"v": 2}, Tampering.FORMAT_NEWER),
    ],
)
def test_a_checkpoint_that_says_what_can_t_be_is_found(
    genuine: Objects, number: int, change: dict[str, object], what: Tampering
) -> None:
    text = _with(text_of(genuine[checkpoint_name("acme", number)]), change)
    assert what in [
        finding.what for finding in checked(resealed(genuine, ROTATED, "acme", number, text)).findings
    ]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"site": "other"}, Tampering.ENTRY_UNFIT),
        ({"id": "7"}, Tampering.ENTRY_UNFIT),
        ({"id": "12345678-1234-4234-8234-123456789ABC"}, Tampering.ENTRY_UNFIT),
        ({"subject": "A" * 32}, Tampering.ENTRY_UNFIT),
        ({"subject": "a" * 31}, Tampering.ENTRY_UNFIT),
        ({"v": 3}, Tampering.FORMAT_NEWER),
        ({"v": 1}, Tampering.ENTRY_UNFIT),
        ({"at": 4_000_000_000}, Tampering.TIME_WRONG),
        ({"at": 5}, Tampering.TIME_WRONG),
        ({"at": 10**18}, Tampering.TIME_WRONG),
        ({"method": "whim"}, Tampering.ENTRY_UNFIT),
        ({"step": "only"}, Tampering.NOT_CANONICAL),
        ({"sale": "opt_sideways"}, Tampering.ENTRY_UNFIT),
        ({"device": {"browser": "x", "kind": "toaster"}}, Tampering.ENTRY_UNFIT),
        ({"incentive": {"do": "sell", "number": 3}}, Tampering.ENTRY_UNFIT),
        ({"kind": "unheard"}, Tampering.ENTRY_UNFIT),
    ],
)
def test_an_entry_that_says_what_can_t_be_is_found(
    genuine: Objects, change: dict[str, object], what: Tampering
) -> None:
    lines = lines_of(genuine, 2)
    at = next(at for at, line in enumerate(lines) if b'"confirmed"' in line)
    said = json.loads(lines[at])
    line = json.dumps(
        {**said, "entry": said["entry"] | change}, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    findings = checked(with_line(genuine, 2, at, line.encode())).findings
    assert what in [finding.what for finding in findings]


@pytest.mark.parametrize("of", ["sources", "standing", "sale"])
def test_an_entry_whose_parts_contradict_each_other_is_found(genuine: Objects, of: str) -> None:
    lines = lines_of(genuine, 2)
    kind = b'"signal"' if of == "sources" else b'"carried"'
    at = next(at for at, line in enumerate(lines) if kind in line)
    change = {
        "sources": (b'["header"]', b'["script","header"]'),
        "standing": (b'"standing":"', b'"standing":"00'),
        "sale": (b'"sale":"opt_out"', b'"sale":"opt_in"'),
    }[of]
    findings = checked(with_line(genuine, 2, at, lines[at].replace(*change))).findings
    assert Tampering.ENTRY_UNFIT in [finding.what for finding in findings]


@pytest.mark.parametrize("end", [b"", b"\n\n", b"\r\n"], ids=["none", "two", "two bytes"])
def test_lines_that_end_otherwise_are_found(genuine: Objects, end: bytes) -> None:
    raw = segments.unpack(genuine[segment_name("acme", 3)])[:-1] + end
    assert checked(resegmented(genuine, ROTATED, "acme", 3, raw)).findings


def test_two_sites_whose_files_were_mixed_are_found(genuine: Objects) -> None:
    other = {name.replace("acme/", "other/"): data for name, data in genuine.items()}
    report = checked({**genuine, **other})
    swapped = [finding for finding in report.findings if finding.what is Tampering.CHECKPOINT_SWAPPED]
    assert [finding.where for finding in swapped] == [
        checkpoint_name("other", number) for number in (1, 2, 3)
    ]


def test_an_anchor_before_a_segment_that_still_stands_is_found(genuine: Objects) -> None:
    checkpoint = checkpoints.open_checkpoint(genuine[checkpoint_name("acme", 3)], ROTATED.public_keys())
    anchor = checkpoints.Anchor(
        "acme", 3, checkpoints.digest_of(checkpoint), max(checkpoint.newest.values()) + 730 * DAY
    )
    objects = {**genuine, anchor_name("acme", 3): checkpoints.sign(ROTATED, anchor)}
    objects = {
        name: data
        for name, data in objects.items()
        if name not in (segment_name("acme", 3), marks_name("acme", 3))
    }
    report = verify(archive_of(objects), ROTATED.public_keys(), now=NOW + 2_000 * DAY)
    assert [finding[:2] for finding in report.findings] == [(Tampering.ANCHOR_FORGED, anchor_name("acme", 3))]


def test_a_drop_that_was_interrupted_is_a_hint(genuine: Objects) -> None:
    checkpoint = checkpoints.open_checkpoint(genuine[checkpoint_name("acme", 2)], ROTATED.public_keys())
    anchor = checkpoints.Anchor(
        "acme", 2, checkpoints.digest_of(checkpoint), max(checkpoint.newest.values()) + 730 * DAY
    )
    objects = {**genuine, anchor_name("acme", 2): checkpoints.sign(ROTATED, anchor)}
    report = verify(archive_of(objects), ROTATED.public_keys(), now=NOW + 2_000 * DAY)
    assert report.findings == []
    assert [hint.what for hint in report.hints] == [Tampering.DROP_UNFINISHED]


def test_a_file_that_a_killed_process_left_half_written_is_a_hint_and_any_other_a_finding(
    genuine: Objects,
) -> None:
    left = "acme/heads/.00000003.json.0a1b2c3d"
    report = checked({**genuine, left: b"{"})
    assert ([hint[:2] for hint in report.hints], report.findings) == ([(Tampering.OBJECT_UNKNOWN, left)], [])
    for name in ("acme/heads/.00000003.json.xyz", "acme/.00000003.json.0a1b2c3d", "readme.txt"):
        assert [finding[:2] for finding in checked({**genuine, name: b""}).findings] == [
            (Tampering.OBJECT_UNKNOWN, name)
        ]


def test_a_folder_s_empty_object_is_a_hint_and_one_that_holds_something_a_finding(genuine: Objects) -> None:
    report = checked({**genuine, "acme/heads": b"", "acme": b""})
    assert ([hint.where for hint in report.hints], report.findings) == (["acme", "acme/heads"], [])
    assert [finding.where for finding in checked({**genuine, "acme/heads": b"x"}).findings] == ["acme/heads"]


@pytest.mark.parametrize("signature", ["", "AA", "A" * 85 + "B", "é" * 86])
def test_without_a_key_at_least_a_signature_s_form_is_checked(genuine: Objects, signature: str) -> None:
    name = checkpoint_name("acme", 3)
    data = json.dumps(
        json.loads(genuine[name]) | {"signature": signature}, separators=(",", ":"), ensure_ascii=False
    )
    findings = checked({**genuine, name: data.encode()}, keyed=False).findings
    assert [finding[:2] for finding in findings] == [(Tampering.CHECKPOINT_FORGED, name)]


def _with(text: str, change: dict[str, object]) -> str:
    return json.dumps(json.loads(text) | change, sort_keys=True, separators=(",", ":"))
