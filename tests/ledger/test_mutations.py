"""Every mutation of a genuine archive is a finding: a stranger's of any file, a key holder's of any member."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent_service.ledger import segments
from consent_service.ledger.object_names import anchor_name, checkpoint_name
from tests.ledger.genuine import ROTATED, checked, lines_of, with_line
from tests.ledger.mutations import Objects, of_bytes, of_files, of_json, reanchored, resealed, text_of


def unfound(name: str, objects: Objects, genuine: Objects) -> Iterator[str]:
    """The mutation's name if nothing is found, though the archive says something else."""
    if not checked(objects).findings and not _same(objects, genuine):
        yield name


def _same(objects: Objects, genuine: Objects) -> bool:
    """Return True if only the compression differs, not the lines: another zlib writes them otherwise."""
    return objects.keys() == genuine.keys() and all(
        data == genuine[name]
        or (name.endswith(".gz") and segments.unpack(data) == segments.unpack(genuine[name]))
        for name, data in objects.items()
    )


def test_the_archive_that_is_mutated_here_holds_with_the_key_and_without(genuine: Objects) -> None:
    report = checked(genuine)
    assert (report.findings, report.hints) == ([], [])
    assert (report.entries, report.segments, report.dropped) == (8, 2, 1)
    kinds = {json.loads(line)["entry"]["kind"] for number in (2, 3) for line in lines_of(genuine, number)}
    assert kinds == {"carried", "choice", "signal", "erased"}
    assert len({json.loads(genuine[checkpoint_name("acme", number)])["key"] for number in (1, 2, 3)}) == 2
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


def test_whatever_a_holder_of_the_key_does_to_the_form_of_a_checkpoint_is_found(genuine: Objects) -> None:
    assert [
        missed
        for number in (1, 2, 3)
        for what, text in of_json(text_of(genuine[checkpoint_name("acme", number)]))
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
        for missed in unfound(f"{text}: {what}", with_line(genuine, number, at, text.encode()), genuine)
    ]
    left = [one for one in missed if not _another_history(one)]
    assert left == []


def _another_history(missed: str) -> bool:
    """Return True if a canonical entry came of it: an optional member is gone, or free text is other text."""
    text, _, what = missed.rpartition(": ")
    kind = what.rpartition(" ")[0]
    return kind == "taken out" and not all(f'"{name}"' in text for name in OPTIONAL)


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
    if not checked(with_line(genuine, number, at, changed)).findings:
        said = json.loads(changed)
        again = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        assert again == changed
        assert said.keys() == {"entry", "place"}


_SETTINGS = settings(deadline=None)


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
@settings(_SETTINGS, max_examples=10_000)
@given(draw=st.data())
def test_any_of_many_edits_is_found(genuine: Objects, draw: st.DataObject) -> None:
    _edit(genuine, draw)
    _insider_s_edit(genuine, draw)
