"""Every mutation of a genuine archive is a finding: a stranger's of any file, a key holder's of any member."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consent_service.domain.facts import ChoiceMade, Erased, Fact, Incentive
from consent_service.domain.words import AgeBand, Method, Stance, Step
from consent_service.identity.keys import DAY, rotate
from consent_service.identity.signatures import Signer
from consent_service.ledger import heads, segments
from consent_service.ledger.archive import anchor_name, head_name, segment_name
from consent_service.ledger.entries import Device, Evidence
from consent_service.ledger.findings import Tampering
from consent_service.ledger.retention import drop
from consent_service.ledger.trimming import trim
from consent_service.ledger.verification import Report, verify
from tests.ledger.mutations import (
    Objects,
    archive_of,
    of_bytes,
    of_files,
    of_json,
    reanchored,
    relined,
    resealed,
    resegmented,
    text_of,
)
from tests.ledger.sealed import GPC, OPT_OUT, RING, Site, a_site, record
from tests.running import START

ROTATED = Signer(rotate(RING, START, b"c" * 32))
NOW = START + 900 * DAY
KEPT = dict.fromkeys(("choice", "signal", "doubt", "carried"), 744 * DAY)
IN_FULL = ChoiceMade(
    START + 800 * DAY,
    Method.SETTINGS,
    sale=Stance.OPTED_IN,
    sensitive=Stance.OPTED_OUT,
    age=AgeBand.ADULT,
    incentive=Incentive(3, True),
    step=Step.CONFIRMED,
)
EVIDENCE = Evidence(Device("mobile", "Firefox"), "2026-01 ü", "en", "2026-11-22T10:00:00+00:00")


async def _fill(site: Site) -> dict[str, bytes]:
    """One segment dropped in time; carried standings, signals, choices, an erasure; a key that was rotated."""
    await site.sealed(3)
    site.clock.now += 800 * DAY
    sealer, now = site.sealer(), int(site.clock())
    assert await sealer.take_lease()
    assert await trim(sealer, now) == 1
    assert await drop(sealer, KEPT, now) == 1
    await sealer.release()
    site.signer = ROTATED
    facts: tuple[Fact, ...] = (OPT_OUT, GPC, IN_FULL)
    for number, fact in enumerate(facts, 5):
        await record(site.store, number, fact, evidence=EVIDENCE)
    assert await site.seal() == 1
    await record(site.store, 5, Erased(int(site.clock())))
    await record(site.store, 9)
    assert await site.seal() == 1
    return site.objects()


@pytest.fixture(scope="module")
def genuine(tmp_path_factory: pytest.TempPathFactory) -> Objects:
    """The objects of an archive that nobody touched."""
    import asyncio

    async def made() -> dict[str, bytes]:
        async with a_site(tmp_path_factory.mktemp("genuine")) as site:
            return await _fill(site)

    return asyncio.run(made())


def checked(objects: Objects, *, keyed: bool = True) -> Report:
    return verify(archive_of(objects), ROTATED.public() if keyed else None, now=NOW)


def unfound(name: str, objects: Objects, genuine: Objects) -> Iterator[str]:
    """The mutation's name if nothing is found, though the archive says something else."""
    if not checked(objects).findings and not _same(objects, genuine):
        yield name


def _same(objects: Objects, genuine: Objects) -> bool:
    """Whether only the compression differs, not the lines: another zlib writes them otherwise."""
    return objects.keys() == genuine.keys() and all(
        data == genuine[name]
        or (name.endswith(".gz") and segments.unpack(data) == segments.unpack(genuine[name]))
        for name, data in objects.items()
    )


def lines_of(genuine: Objects, number: int) -> list[bytes]:
    return segments.split(segments.unpack(genuine[segment_name("acme", number)]))


def test_the_archive_that_is_mutated_here_holds_with_the_key_and_without(genuine: Objects) -> None:
    report = checked(genuine)
    assert (report.findings, report.hints) == ([], [])
    assert (report.entries, report.segments, report.dropped) == (8, 2, 1)
    kinds = {json.loads(line)["entry"]["kind"] for number in (2, 3) for line in lines_of(genuine, number)}
    assert kinds == {"carried", "choice", "signal", "erased"}
    assert len({json.loads(genuine[head_name("acme", number)])["key"] for number in (1, 2, 3)}) == 2
    assert checked(genuine, keyed=False).findings == []


def test_whatever_a_stranger_does_to_the_bytes_of_a_file_is_found(genuine: Objects) -> None:
    assert [
        missed
        for name, data in genuine.items()
        for what, changed in of_bytes(data, every=13)
        for missed in unfound(f"{name}: {what}", {**genuine, name: changed}, genuine)
    ] == []


def test_whatever_is_done_to_the_files_is_found(genuine: Objects) -> None:
    assert [
        missed
        for mutation in of_files(genuine)
        for missed in unfound(mutation.name, mutation.objects, genuine)
    ] == []


def test_whatever_a_stranger_does_to_a_member_around_a_signed_text_is_found(genuine: Objects) -> None:
    assert [
        missed
        for name, data in genuine.items()
        if name.endswith(".json")
        for what, changed in of_json(data.decode())
        for missed in unfound(f"{name}: {what}", {**genuine, name: changed.encode()}, genuine)
    ] == []


def test_whatever_a_holder_of_the_key_does_to_the_form_of_a_head_is_found(genuine: Objects) -> None:
    assert [
        missed
        for number in (1, 2, 3)
        for what, text in of_json(text_of(genuine[head_name("acme", number)]))
        for missed in unfound(f"{number}: {what}", resealed(genuine, ROTATED, "acme", number, text), genuine)
    ] == []


def test_whatever_a_holder_of_the_key_does_to_the_form_of_an_anchor_is_found(genuine: Objects) -> None:
    assert [
        missed
        for what, text in of_json(text_of(genuine[anchor_name("acme", 1)]))
        for missed in unfound(what, reanchored(genuine, ROTATED, "acme", 1, text), genuine)
    ] == []


OPTIONAL = ("device", "notice", "lang", "made_at", "age", "incentive", "sale", "sensitive", "share", "step")
"""Members of which an entry without them is an entry too: another history, which only a checkpoint can refute."""


def test_whatever_a_holder_of_the_key_does_to_the_form_of_an_entry_is_found(genuine: Objects) -> None:
    missed = [
        missed
        for number in (2, 3)
        for at, line in enumerate(lines_of(genuine, number))
        for what, text in of_json(line.decode())
        for missed in unfound(f"{text}: {what}", _relined(genuine, number, at, text.encode()), genuine)
    ]
    left = [one for one in missed if not _another_history(one)]
    assert left == []


def _another_history(missed: str) -> bool:
    """Whether a canonical entry came of it: an optional member was taken out, or free text is other free text."""
    text, _, what = missed.rpartition(": ")
    kind = what.rpartition(" ")[0]
    return kind == "taken out" and not all(f'"{name}"' in text for name in OPTIONAL)


def _relined(objects: Objects, number: int, at: int, line: bytes) -> dict[str, bytes]:
    return relined(objects, ROTATED, "acme", number, lambda lines: [*lines[:at], line, *lines[at + 1 :]])


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
        (3, {"newest": {}}, Tampering.HEAD_FORGED),
        (1, {"newest": {"whim": START}}, Tampering.FORMAT_NEWER),
        (2, {"at": 4_000_000_000}, Tampering.TIME_WRONG),
        (2, {"at": START}, Tampering.TIME_WRONG),
        (3, {"at": 9}, Tampering.TIME_WRONG),
        (2, {"entries": 1}, Tampering.ROOT_WRONG),
        (2, {"entries": 2**40}, Tampering.HEAD_FORGED),
        (2, {"marks": "0" * 64}, Tampering.MARKS_DAMAGED),
        (2, {"root": "A" * 64}, Tampering.HEAD_FORGED),
        (2, {"site": "other"}, Tampering.HEAD_FORGED),
        (2, {"number": 3}, Tampering.HEAD_SWAPPED),
        (1, {"previous": "0" * 64}, Tampering.HEAD_FORGED),
        (3, {"spans": {}}, Tampering.PLACE_WRONG),
        (3, {"v": 2}, Tampering.FORMAT_NEWER),
    ],
)
def test_a_head_that_says_what_can_t_be_is_found(
    genuine: Objects, number: int, change: dict[str, object], what: Tampering
) -> None:
    text = _with(text_of(genuine[head_name("acme", number)]), change)
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
    findings = checked(_relined(genuine, 2, at, line.encode())).findings
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
    findings = checked(_relined(genuine, 2, at, lines[at].replace(*change))).findings
    assert Tampering.ENTRY_UNFIT in [finding.what for finding in findings]


@pytest.mark.parametrize("end", [b"", b"\n\n", b"\r\n"], ids=["none", "two", "two bytes"])
def test_lines_that_end_otherwise_are_found(genuine: Objects, end: bytes) -> None:
    raw = segments.unpack(genuine[segment_name("acme", 3)])[:-1] + end
    assert checked(resegmented(genuine, ROTATED, "acme", 3, raw)).findings


def test_two_sites_whose_files_were_mixed_are_found(genuine: Objects) -> None:
    other = {name.replace("acme/", "other/"): data for name, data in genuine.items()}
    report = checked({**genuine, **other})
    swapped = [finding for finding in report.findings if finding.what is Tampering.HEAD_SWAPPED]
    assert [finding.where for finding in swapped] == [head_name("other", number) for number in (1, 2, 3)]


def test_an_anchor_before_a_segment_that_still_stands_is_found(genuine: Objects) -> None:
    head = heads.open_head(genuine[head_name("acme", 3)], ROTATED.public())
    anchor = heads.Anchor("acme", 3, heads.digest_of(head), max(head.newest.values()) + 730 * DAY)
    objects = {**genuine, anchor_name("acme", 3): heads.sign(ROTATED, anchor)}
    objects = {name: data for name, data in objects.items() if name not in _segment(3)}
    report = verify(archive_of(objects), ROTATED.public(), now=NOW + 2_000 * DAY)
    assert [finding[:2] for finding in report.findings] == [(Tampering.ANCHOR_FORGED, anchor_name("acme", 3))]


def test_a_drop_that_was_interrupted_is_a_hint(genuine: Objects, tmp_path: Path) -> None:
    head = heads.open_head(genuine[head_name("acme", 2)], ROTATED.public())
    anchor = heads.Anchor("acme", 2, heads.digest_of(head), max(head.newest.values()) + 730 * DAY)
    objects = {**genuine, anchor_name("acme", 2): heads.sign(ROTATED, anchor)}
    report = verify(archive_of(objects), ROTATED.public(), now=NOW + 2_000 * DAY)
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


def _segment(number: int) -> tuple[str, str]:
    return segment_name("acme", number), f"acme/marks/{number:08d}.bin"


def _with(text: str, change: dict[str, object]) -> str:
    return json.dumps(json.loads(text) | change, sort_keys=True, separators=(",", ":"))


def _edited(data: bytes, draw: st.DataObject) -> bytes:
    """The bytes with a run of them replaced by others."""
    start = draw.draw(st.integers(0, len(data)))
    end = min(len(data), start + draw.draw(st.integers(0, 4)))
    return data[:start] + draw.draw(st.binary(max_size=4)) + data[end:]


def _edit(genuine: Objects, draw: st.DataObject) -> None:
    name = draw.draw(st.sampled_from(sorted(genuine)))
    changed = _edited(genuine[name], draw)
    assert list(unfound(name, {**genuine, name: changed}, genuine)) == []


def _insider_s_edit(genuine: Objects, draw: st.DataObject) -> None:
    """Any edit of any line, sealed in: found, or an entry that sealing would write, as a full reading tells."""
    number = draw.draw(st.sampled_from((2, 3)))
    lines = lines_of(genuine, number)
    at = draw.draw(st.integers(0, len(lines) - 1))
    changed = _edited(lines[at], draw)
    if not checked(_relined(genuine, number, at, changed)).findings:
        said = json.loads(changed)
        again = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        assert again == changed
        assert said.keys() == {"entry", "place"}


_SETTINGS = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@settings(_SETTINGS, max_examples=60)
@given(draw=st.data())
def test_any_edit_of_any_file_is_found(genuine: Objects, draw: st.DataObject) -> None:
    _edit(genuine, draw)


@settings(_SETTINGS, max_examples=60)
@given(draw=st.data())
def test_any_edit_of_a_line_by_a_holder_of_the_key_is_found_or_canonical(
    genuine: Objects, draw: st.DataObject
) -> None:
    _insider_s_edit(genuine, draw)


@pytest.mark.soak
@settings(_SETTINGS, max_examples=20_000)
@given(draw=st.data())
def test_any_of_many_edits_is_found(genuine: Objects, draw: st.DataObject) -> None:
    _edit(genuine, draw)
    _insider_s_edit(genuine, draw)
