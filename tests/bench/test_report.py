"""The bench's arithmetic and its reading of other programs' words, without running a bench."""

from __future__ import annotations

import os
import subprocess
import sys
from array import array

import pytest

from tests.bench import answers, machine, report, tables, waits, wrk
from tests.bench.report import Figure, Line, Measurement
from tests.bench.user_agents import user_agents

OURS = Line("ours", 1000, 0.5)
ROUNDS = [
    {
        "slow": Measurement(100.0, 9.0),
        "fast": Measurement(200.0, 5.0),
        OURS.key: Measurement(120.0, 8.0, 0.9),
    },
    {"slow": Measurement(50.0, 9.5), "fast": Measurement(100.0, 5.5), OURS.key: Measurement(70.0, 8.5, 0.8)},
    {"slow": Measurement(90.0, 9.1), "fast": Measurement(210.0, 5.1), OURS.key: Measurement(105.0, 8.1, 0.7)},
]


def test_a_share_is_the_median_of_same_round_ratios_not_a_ratio_of_medians() -> None:
    assert report.share(ROUNDS, OURS.key, "fast") == Figure(0.6, 0.5, 0.7)
    assert report.rate(ROUNDS, OURS.key) == Figure(105.0, 70.0, 120.0)


def test_a_line_of_flags_has_its_visitors_every_figures_range_and_a_share_of_each_empty_app() -> None:
    lines = report.flags(ROUNDS, [OURS, Line("fast")], ["fast", "slow"]).splitlines()
    assert lines[0] == "| variant | visitors | answers/s | CPU µs | share of fast | share of slow | goal |"
    assert lines[2].startswith(
        "| ours | 1,000 | 105 (70-120) | 8.1 (8.0-8.5) | 0.60 (0.50-0.70) | 1.20 (1.17-1.40)"
    )
    assert lines[2].endswith("| ≥ 0.50 |")
    assert lines[3].endswith("| 2.00 (2.00-2.33) |  |")


def test_another_version_is_compared_by_medians_and_round_by_round() -> None:
    line = report.against(ROUNDS, [(OURS.key, "slow")]).splitlines()[2]
    assert line == "| ours (1,000 visitors) | 1.17 | 1.20 (1.17-1.40) | 0.89 | 0.89 (0.89-0.89) |"


def test_choices_are_told_in_processor_times_of_the_empty_app() -> None:
    line = report.choices(ROUNDS, [Line("slow", goal=9)], "fast").splitlines()[2]
    assert line == "| slow | 90 (50-100) | 9 (9-10) | 1.8 (1.7-1.8) | ≤ 9 |"


def test_the_curve_compares_numbers_of_visitors_from_ten_thousand_on() -> None:
    sizes = (1_000, 10_000, 100_000)
    lines = [Line(name, size) for name in ("cookie", "query") for size in sizes]
    steps = tables.curve_lines([*lines, Line("empty")])
    assert [(step.name, step.visitors, step.goal) for step in steps] == [
        ("cookie", 10_000, None),
        ("cookie", 100_000, 0.85),
    ]
    rounds = [{steps[0].key: Measurement(100.0, 1.0), steps[1].key: Measurement(80.0, 1.0)}]
    row = report.curve(rounds, steps[1:], steps[0]).splitlines()[2]
    assert row == "| 100,000 | 0.80 (0.80-0.80) | ≥ 0.85 |"


def test_the_noise_is_how_far_one_variant_strayed() -> None:
    assert report.spread(ROUNDS, "fast") == pytest.approx(0.55)


def test_a_generator_at_its_limit_is_named() -> None:
    assert report.hurried(ROUNDS, 0.75) == [OURS.key]
    assert report.hurried(ROUNDS, 0.85) == []


def test_a_percentile_is_a_wait_that_was_met() -> None:
    ordered = [float(number) for number in range(1, 201)]
    assert [waits.percentile(ordered, part) for part in (0.5, 0.99, 1.0)] == [100.0, 198.0, 200.0]
    assert waits.percentile([7.0], 0.5) == 7.0


def test_waits_are_counted_in_milliseconds_and_those_over_fifty_by_number() -> None:
    found = waits.waits(array("d", [0.001, 0.002, 0.06]), array("d", [0.0001]))
    assert (found.requests, found.half, found.worst, found.too_long) == (3, 2.0, 60.0, 1)
    line = waits.table({"flags": (1500.0, [found, found])}).splitlines()[2]
    assert line.startswith("| flags | 1,500 | 6 | 2.0 (2.0-2.0) | 60.0 (60.0-60.0) | 60.0 (60.0-60.0) | 2 |")
    with pytest.raises(ValueError, match="not one request fell due"):
        waits.waits([], [])


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


def test_the_machine_is_named_with_its_cores_interpreter_and_kernel() -> None:
    line = machine.description()
    assert line.startswith(f"{os.cpu_count()} cores, ")
    assert sys.version.split()[0] in line
    assert os.uname().release in line
