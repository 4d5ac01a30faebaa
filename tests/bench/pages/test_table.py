"""The table of pages, without a browser."""

from __future__ import annotations

from tests.bench.pages.compressing import Bytes, sizes
from tests.bench.pages.measuring import Visit
from tests.bench.pages.table import Row, longest, table

FAST = [Visit(0.0, (), 90.0, 300.0, 100.0, True), Visit(0.0, (60.0,), 110.0, 340.0, 120.0, True)]
SLOW = [Visit(0.25, (80.0, 130.0), 1400.0, 1600.0, 400.0, True)]


def test_a_line_has_the_medians_of_both_processors_and_the_bytes() -> None:
    assert table([Row("ours", Bytes(24_000, 9000, 8000), FAST, SLOW)]).splitlines()[2] == (
        "| ours | 0.000 / 0.250 | 0 / 2 | 30 / 130 | 100 / 1,400 | 320 / 1,600 | 110 / 400 | 24,000 | 9,000 | 8,000 |"
    )


def test_a_page_without_a_banner_has_none_seen() -> None:
    bare = [Visit(0.0, (), 90.0, None, None, False)]
    assert "| - / - | - / - | 0 | 0 | 0 |" in table([Row("bare", sizes([]), bare, bare)])


def test_the_longest_of_no_long_tasks_is_nothing() -> None:
    assert [longest(noted) for noted in FAST] == [0, 60]


def test_each_file_is_compressed_on_its_own() -> None:
    one, two = sizes([b"a" * 500]), sizes([b"a" * 500, b"a" * 500])
    assert two == Bytes(*(2 * count for count in one))
    assert one.brotli < one.gzip < one.raw
