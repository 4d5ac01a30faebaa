"""The trial: every site that can't be built is a fault, and nothing is opened or written."""

from __future__ import annotations

from pathlib import Path

import pytest

from consent_service.config import parse_config
from consent_service.errors import ConfigError
from consent_service.process.trial_build import try_build
from tests.support.configuration import consent_toml

SECOND_SITE = """
[sites.other]
name = "Other"
origins = ["https://other.example.com"]
regime = "elsewhere"
regimes = ["us-or"]
"""
IN_2025 = 1_740_000_000  # California's rules hold, Oregon's don't yet bind
IN_2026 = 1_795_341_600


def test_what_can_be_built_passes_and_leaves_nothing_behind(tmp_path: Path) -> None:
    try_build(parse_config(consent_toml(tmp_path) + SECOND_SITE, {}), IN_2026)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("now", "sites"), [(0, ["sites.acme", "sites.other"]), (IN_2025, ["sites.other"])])
def test_each_site_that_cannot_be_built_is_a_fault_of_its_own(
    tmp_path: Path, now: int, sites: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        try_build(parse_config(consent_toml(tmp_path) + SECOND_SITE, {}), now)
    assert [fault.key for fault in caught.value.faults] == sites
    assert all("can't be served: no regime" in fault.message for fault in caught.value.faults)
