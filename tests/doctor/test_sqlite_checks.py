"""Findings about a SQLite store, from facts that no test machine has."""

from __future__ import annotations

import pytest

from consent_service.doctor.diagnosis import Grade
from consent_service.doctor.sqlite_checks import judge_file
from consent_service.store.mounts import Mount
from consent_service.store.move_mark import MoveMark
from consent_service.store.status import DataLayout, FileFacts

SOUND = FileFacts(
    "/srv/consent.db", "SQLite 3.45.1", (), DataLayout(2, 64), 8 << 30, 4 << 20, 100 << 30, "wal", 3, True
)


def grades(facts: FileFacts) -> dict[str, Grade]:
    return {finding.about: finding.grade for finding in judge_file(facts)}


def test_a_sound_store_is_all_well() -> None:
    assert set(grades(SOUND).values()) == {Grade.OK}


@pytest.mark.parametrize(
    ("change", "about", "grade"),
    [
        ({"free": 1 << 20}, "disk", Grade.FAULT),
        ({"free": 1 << 30}, "disk", Grade.HINT),
        ({"journal": "delete"}, "durability", Grade.FAULT),
        ({"journal": None}, "durability", Grade.OK),
        ({"log_size": 1 << 30}, "log", Grade.HINT),
        ({"private": False}, "privacy", Grade.HINT),
        ({"laid": None}, "store", Grade.HINT),
        ({"troubles": ("/srv lies on nfs",)}, "store", Grade.FAULT),
        ({"holders": None}, "in use", Grade.OK),
        ({"mount": Mount("ext4", "/dev/sda1")}, "durability", Grade.OK),
        ({"mount": Mount("tmpfs")}, "place", Grade.FAULT),
        ({"mount": Mount("tmpfs")}, "durability", Grade.HINT),
        ({"mount": Mount("tmpfs"), "laid": None}, "place", Grade.FAULT),
        ({"mount": Mount("ramfs")}, "place", Grade.FAULT),
        ({"mount": Mount("ext4", "/dev/zram0")}, "place", Grade.FAULT),
        ({"mount": Mount("ext4", "/dev/sda1", frozenset({"nobarrier"}))}, "place", Grade.FAULT),
        ({"mount": Mount("overlay")}, "place", Grade.HINT),
        ({"mount": Mount("overlay")}, "durability", Grade.OK),
        ({"mount": Mount("fuse.gocryptfs")}, "place", Grade.HINT),
        ({"moved": MoveMark("redis://h:6379", 0)}, "store", Grade.FAULT),
    ],
)
def test_each_danger_to_a_store_is_reported(change: dict[str, object], about: str, grade: Grade) -> None:
    assert grades(SOUND._replace(**change))[about] is grade  # type: ignore[arg-type]  # the table's own affair


def test_a_loss_that_was_accepted_is_a_hint() -> None:
    found = {one.about: one.grade for one in judge_file(SOUND._replace(mount=Mount("tmpfs")), relaxed=True)}
    assert found["place"] is Grade.HINT


def test_nothing_that_lies_in_memory_is_said_to_be_on_a_disk() -> None:
    said = [finding.sentence for finding in judge_file(SOUND._replace(mount=Mount("tmpfs")))]
    assert not [one for one in said if "on the disk" in one or "on a disk" in one]


def test_where_a_moved_store_went_is_said_with_what_to_do() -> None:
    (store,) = (
        one for one in judge_file(SOUND._replace(moved=MoveMark("redis://h:6379", 0))) if one.about == "store"
    )
    assert "was moved to redis://h:6379 on 1970-01-01 00:00 UTC" in store.sentence
    assert store.remedy.startswith("Set `store` to redis://h:6379.")


def test_whatever_is_not_well_says_what_to_do() -> None:
    bad = SOUND._replace(free=0, journal="delete", log_size=1 << 40, private=False)
    findings = [finding for finding in judge_file(bad) if finding.grade is not Grade.OK]
    assert len(findings) == 4
    assert all(finding.remedy for finding in findings)
