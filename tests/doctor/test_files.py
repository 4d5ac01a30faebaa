"""What is said of a SQLite store, from facts that no test machine has."""

from __future__ import annotations

import pytest

from consent_service.doctor.files import judge_file
from consent_service.doctor.findings import Grade
from consent_service.store.examining import FileFacts, Laid

SOUND = FileFacts(
    "/srv/consent.db", "SQLite 3.45.1", (), Laid(2, 64), 8 << 30, 4 << 20, 100 << 30, "wal", 3, True
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
    ],
)
def test_what_endangers_a_store_is_said(change: dict[str, object], about: str, grade: Grade) -> None:
    assert grades(SOUND._replace(**change))[about] is grade  # type: ignore[arg-type]  # the table's own affair


def test_whatever_is_not_well_says_what_to_do() -> None:
    bad = SOUND._replace(free=0, journal="delete", log_size=1 << 40, private=False)
    findings = [finding for finding in judge_file(bad) if finding.grade is not Grade.OK]
    assert len(findings) == 4
    assert all(finding.remedy for finding in findings)
