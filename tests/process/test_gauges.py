"""`/metrics` of a running service, beside the flags it counts."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.process.test_ledger_work import choose
from tests.support.configuration import consent_toml
from tests.support.processes import fetch
from tests.support.service import serving
from tests.support.waiting import eventually

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scraped(port: int) -> Samples:
    """Every sample, by its name and labels."""
    families = text_string_to_metric_families(fetch(port, "/metrics").body)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def test_metrics_tell_the_build_durations_and_what_waits_to_be_sealed(
    tmp_path: Path, free_ports: Callable[[int], list[int]]
) -> None:
    port, metrics_port = free_ports(2)
    archive = tmp_path / "archive"
    text = consent_toml(tmp_path, port, metrics_port) + f'[ledger]\narchive = "{archive}"\nseal_every = 1\n'
    acme = frozenset({("site", "acme")})
    choices = frozenset({("route", "/v1/{site}/choices")})

    def says(name: str, labels: frozenset[tuple[str, str]], value: float) -> Callable[[], bool]:
        return lambda: scraped(metrics_port).get((name, labels)) == value

    with serving(tmp_path, text, port):
        choose(port)
        assert fetch(port, "/v1/acme/flag").status == 200
        assert eventually(says("consent_unsealed_entries", acme, 1.0))
        assert eventually(says("consent_http_request_duration_seconds_count", choices, 1.0))
        assert eventually(says("consent_flag_duration_seconds_count", frozenset(), 1.0))
        archive.mkdir()
        assert eventually(says("consent_unsealed_entries", acme, 0.0))
        assert scraped(metrics_port)["consent_unsealed_seconds", acme] == 0.0
        builds = [dict(labels) for name, labels in scraped(metrics_port) if name == "consent_build_info"]
    assert [build["version"] for build in builds] == [version("consent-service")]
