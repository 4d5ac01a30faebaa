"""The bench's arithmetic and its reading of other programs' words, without running a bench."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.bench import answers, machine, report, wrk
from tests.bench.report import Measurement
from tests.bench.user_agents import user_agents

ROUNDS = [
    {"slow": Measurement(100.0, 9.0), "fast": Measurement(200.0, 5.0), "ours": Measurement(120.0, 8.0)},
    {"slow": Measurement(50.0, 9.5), "fast": Measurement(100.0, 5.5), "ours": Measurement(70.0, 8.5)},
    {"slow": Measurement(90.0, 9.1), "fast": Measurement(210.0, 5.1), "ours": Measurement(105.0, 8.1)},
]


def test_the_fastest_is_chosen_by_its_median() -> None:
    assert report.fastest(ROUNDS, ("slow", "fast")) == "fast"


def test_a_share_is_the_median_of_same_round_ratios_not_a_ratio_of_medians() -> None:
    row = report.row(ROUNDS, "ours", "fast", 0.5)
    assert (row.share, row.lowest, row.highest) == (0.6, 0.5, 0.7)
    assert (row.rate, row.cpu) == (105.0, 8.1)


def test_another_version_is_compared_round_by_round() -> None:
    assert (
        report.against(ROUNDS, "ours", "slow") == "ours / slow: rate 1.20 (1.17-1.40), CPU 0.89 (0.89-0.89)."
    )


def test_the_noise_is_how_far_one_variant_strayed() -> None:
    assert report.spread(ROUNDS, "fast") == pytest.approx(0.55)


def test_the_table_has_a_line_for_each_variant() -> None:
    lines = report.table(
        [report.row(ROUNDS, "ours", "fast", 0.5), report.row(ROUNDS, "fast", "fast")]
    ).splitlines()
    assert lines[2] == "| ours | 105 | 8.1 | 0.60 (0.50-0.70) | 0.50 |"
    assert lines[3] == "| fast | 200 | 5.1 | 1.00 (1.00-1.00) |  |"


def test_choices_are_told_in_a_sentence_with_their_goal_if_there_is_one() -> None:
    told = report.choices(ROUNDS, "ours", 3000)
    assert told == "1,000 different User-Agents, ours: 105/s (70-120), 8 µs CPU each; goal 3,000/s."
    assert report.choices(ROUNDS, "ours", None).endswith(" each.")


def test_what_wrk_prints_around_the_figures_is_passed_over() -> None:
    printed = 'Running 1s test\n{"requests": 30, "microseconds": 2000000, "status": 1, "broken": 2}\n'
    load = wrk.parse(printed)
    assert load == wrk.Load(30, 2.0, 1, 2)
    assert load.rate == 15.0


def test_the_services_own_counts_are_read_by_basis() -> None:
    counts = ('consent_flags_total{basis="gpc"} 1.2e+06', 'consent_flags_total{basis="choice"} 7.0')
    metrics = "\n".join(("# TYPE consent_flags counter", *counts, "consent_http_requests_total 3.0"))
    assert answers.parse(metrics) == {"gpc": 1_200_000, "choice": 7}


def test_the_thousand_user_agents_are_all_different() -> None:
    assert len(set(user_agents(1000))) == 1000


def test_a_process_family_is_counted_with_all_its_cpu() -> None:
    burn = (
        "import time; end = time.process_time() + 0.3\n"
        "while time.process_time() < end: pass\n"
        "print(flush=True)\ninput()"
    )
    command = [sys.executable, "-c", burn]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        child.stdout.readline()
        assert machine.cpu_seconds(child.pid) >= 0.25
        assert child.pid in machine.family(os.getpid())
        child.stdin.write(b"\n")
