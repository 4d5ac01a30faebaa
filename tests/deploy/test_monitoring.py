"""Dashboard and alert rules, held against the metrics that the running service exposes."""

from __future__ import annotations

import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.deploy.dockerfile import ROOT
from tests.process.test_ledger_work import choose
from tests.support.configuration import consent_toml
from tests.support.processes import fetch
from tests.support.service import serving
from tests.support.waiting import eventually

MONITORING = ROOT / "deploy" / "monitoring"
METRIC = re.compile(r"\bconsent_\w+")
SELECTOR = re.compile(r"\b(consent_\w+)\{([^\[]*)\}")
MATCHER = re.compile(r'(\w+)(=~|=|!=|!~)"((?:[^"\\]|\\.)*)"')
GROUPED = re.compile(r"\bby \(([^)]*)\)")
Labels = dict[str, set[str]]
"""The values of each label of one metric."""


def dashboard() -> dict[str, Any]:
    return dict(json.loads((MONITORING / "dashboard.json").read_text()))


def rules() -> list[dict[str, Any]]:
    text = (MONITORING / "alerts.yml").read_text()
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def expressions() -> Iterator[str]:
    """Every PromQL expression of the dashboard and of the rules."""
    for panel in dashboard()["panels"]:
        yield from (target["expr"] for target in panel["targets"])
    yield from (rule["expr"] for rule in rules())


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Labels]:
    """The metrics of a service that was asked a little of everything, with their labels and the labels' values."""
    from tests.support.ports import free_ports

    folder = tmp_path_factory.mktemp("served")
    port, metrics_port = free_ports(2)
    (folder / "archive").mkdir()
    more = f'[ledger]\narchive = "{folder}/archive"\nseal_every = 1\n'
    with serving(folder, consent_toml(folder, port, metrics_port) + more, port):
        choose(port)
        assert fetch(port, "/v1/acme/flag").status == 200
        asked = 'consent_http_requests_total{route="/v1/{site}/choices",status="201"} 1.0'
        eventually(lambda: asked in fetch(metrics_port, "/metrics").body)
        eventually(lambda: "consent_unsealed_seconds" in fetch(metrics_port, "/metrics").body)
        text = fetch(metrics_port, "/metrics").body
    found: dict[str, Labels] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = found.setdefault(sample.name, defaultdict(set))
            for name, value in sample.labels.items():
                labels[name].add(value)
    return found


@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_an_expression_asks_for_what_the_service_exposes(expression: str, exposed: dict[str, Labels]) -> None:
    names = METRIC.findall(expression)
    assert set(names) <= set(exposed)
    for name, matchers in SELECTOR.findall(expression):
        for label, sign, value in MATCHER.findall(matchers):
            assert label in exposed[name]
            if sign == "=" and label != "status":
                assert value in exposed[name][label]
    grouped = {label.strip() for labels in GROUPED.findall(expression) for label in labels.split(",")}
    known = {label for name in names for label in exposed[name]}
    assert grouped <= known


def test_what_the_service_exposes_stands_on_the_dashboard(exposed: dict[str, Labels]) -> None:
    shown = {
        name
        for panel in dashboard()["panels"]
        for one in panel["targets"]
        for name in METRIC.findall(one["expr"])
    }
    counted = {name for name in exposed if not name.endswith(("_sum", "_count", "_created"))}
    assert counted == shown


def test_every_series_is_there_before_its_first_event(exposed: dict[str, Labels]) -> None:
    assert {"StoreTimeout", "StoreFull", "StoreUnavailable"} <= exposed["consent_store_errors_total"]["error"]
    assert {"gpc", "choice", "default", "unavailable"} <= exposed["consent_flags_total"]["basis"]


def test_every_panel_has_a_place_of_its_own() -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells


def test_every_alert_says_what_is_wrong_and_what_to_do() -> None:
    assert len(rules()) >= 8
    for rule in rules():
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert set(rule["annotations"]) == {"summary", "todo"}


def test_prometheus_reads_the_rules_by_the_name_of_its_job() -> None:
    config = yaml.safe_load((MONITORING / "prometheus.yml").read_text())
    assert [job["job_name"] for job in config["scrape_configs"]] == ["consent"]
    assert all((MONITORING / name).is_file() for name in config["rule_files"])
    jobs = {job for expression in expressions() for job in re.findall(r'job="(\w+)"', expression)}
    assert jobs == {"consent"}


@pytest.mark.soak
def test_prometheus_own_tools_accept_rules_tests_and_every_panel(
    tmp_path: Path, tool: Callable[[str], str]
) -> None:
    promtool = tool("promtool")
    panels = {
        "groups": [
            {
                "name": "panels",
                "rules": [
                    {"record": f"panel:{number}", "expr": expression.replace("$__rate_interval", "5m")}
                    for number, expression in enumerate(expressions())
                ],
            }
        ]
    }
    (tmp_path / "panels.yml").write_text(yaml.safe_dump(panels))
    for words in (
        ["check", "config", "prometheus.yml"],
        ["check", "rules", "alerts.yml"],
        ["check", "rules", str(tmp_path / "panels.yml")],
        ["test", "rules", "alerts_test.yml"],
    ):
        done = subprocess.run([promtool, *words], cwd=MONITORING, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
