"""Findings about keys, about the ledger's backlog and about how sites are embedded."""

from __future__ import annotations

from pathlib import Path

import pytest

from consent_service.config import LedgerSettings, parse_config
from consent_service.doctor.diagnosis import Grade
from consent_service.doctor.key_checks import judge_keys
from consent_service.doctor.ledger_checks import judge_ledger
from consent_service.doctor.mount_checks import judge_keys_place, judge_mount
from consent_service.doctor.site_checks import judge_sites
from consent_service.doctor.units import duration_text, size_text
from consent_service.identity.key_ring import DAY, new_ring, rotate_ring
from consent_service.ledger.backlog import Backlog
from consent_service.store.mounts import Mount
from tests.support.clock import START
from tests.support.configuration import consent_toml

RING = new_ring(START, b"a" * 32, b"h" * 32)
SEALED = LedgerSettings(archive="/srv/archive", seal_every=3600)


@pytest.mark.parametrize(
    ("later", "grade"), [(-2, Grade.FAULT), (0, Grade.OK), (365, Grade.OK), (366, Grade.HINT)]
)
def test_a_key_that_signs_is_rotated_once_a_year(later: int, grade: Grade) -> None:
    (finding,) = judge_keys(RING, START + later * DAY)
    assert finding.grade is grade


@pytest.mark.parametrize(
    ("mount", "said"),
    [
        (Mount("tmpfs", "tmpfs", frozenset({"rw"})), True),
        (Mount("tmpfs", "tmpfs", frozenset({"ro"})), False),  # so orchestrators hand over secrets
        (Mount("overlay", "overlay", frozenset({"rw"})), True),
        (Mount("ext4"), False),
        (Mount("nfs4"), False),
        (None, False),
    ],
)
def test_keys_that_a_restart_takes_along_are_a_hint(mount: Mount | None, said: bool) -> None:
    assert [one.grade for one in judge_keys_place("/run/keys.json", mount)] == [Grade.HINT] * said


@pytest.mark.parametrize(("kind", "grades"), [("tmpfs", [Grade.FAULT]), ("nfs4", []), ("xfs", [])])
def test_an_archive_may_lie_on_a_network_and_not_in_memory(kind: str, grades: list[Grade]) -> None:
    assert [one.grade for one in judge_mount("archive", "/srv/archive", Mount(kind))] == grades


def test_a_retired_key_says_until_when_it_verifies() -> None:
    ring = rotate_ring(RING, START, b"b" * 32)
    retired, signing = judge_keys(ring, START)
    assert retired.sentence == "key 1 verifies until 2027-12-27"
    assert signing.sentence.startswith("key 2 signs since 2026-11-22")
    retired, _ = judge_keys(ring, START + 401 * DAY)
    assert "no visitor token" in retired.sentence


def test_without_a_key_ring_the_doctor_says_where_to_name_it() -> None:
    (finding,) = judge_keys(None, START)
    assert (finding.grade, "CONSENT_KEYS_FILE" in finding.remedy) == (Grade.HINT, True)


@pytest.mark.parametrize(
    ("age", "grade"),
    [(0, Grade.OK), (3 * 3600, Grade.OK), (3 * 3600 + 1, Grade.HINT), (24 * 3600 + 1, Grade.FAULT)],
)
def test_entries_that_wait_too_long_to_be_sealed_are_said(age: int, grade: Grade) -> None:
    waiting = {"acme.00": START, "acme.07": START - age}
    (finding,) = judge_ledger(SEALED, [Backlog("acme", 3, waiting)], START)
    assert finding.grade is grade
    assert ("acme.07" in finding.sentence) is (age > 0)


def test_a_ledger_that_is_sealed_through_is_all_well_and_one_without_archive_a_hint() -> None:
    (sealed,) = judge_ledger(SEALED, [Backlog("acme", 3, {})], START)
    (unsealed,) = judge_ledger(LedgerSettings(), [], START)
    assert (sealed.grade, unsealed.grade) == (Grade.OK, Grade.HINT)


def test_a_site_that_only_scripts_serve_is_told_what_safari_does(tmp_path: Path) -> None:
    text = consent_toml(tmp_path)
    (scripted,) = judge_sites(parse_config(text, {}))
    assert scripted.grade is Grade.HINT
    assert "7 days" in scripted.sentence
    first = text.replace(
        'regime = "us-ca"', 'regime = "us-ca"\nfirst_party = "https://shop.example.com/privacy"'
    )
    (own,) = judge_sites(parse_config(first, {}))
    assert own.grade is Grade.OK


def test_a_site_whose_hosts_share_the_cookie_is_told_whom_it_trusts(tmp_path: Path) -> None:
    shared = consent_toml(tmp_path).replace("regime =", 'cookie_domain = "example.com"\nregime =')
    _, trusting = judge_sites(parse_config(shared, {}))
    assert "trusts every host below example.com" in trusting.sentence


def test_amounts_and_times_are_said_in_the_unit_that_fits() -> None:
    assert [size_text(0), size_text(1536), size_text(5 << 40)] == ["0 bytes", "1.5 KiB", "5.0 TiB"]
    assert [duration_text(2.5), duration_text(150), duration_text(7_200), duration_text(200_000)] == [
        "2.5 s",
        "2 minutes",
        "2 hours",
        "2 days",
    ]
