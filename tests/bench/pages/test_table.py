"""The table of pages, without a browser."""

from __future__ import annotations

from tests.bench.pages.compressing import Bytes, sizes
from tests.bench.pages.measuring import Visit
from tests.bench.pages.table import Row, table
from tests.bench.pages.tasks import of_page

FAST = [Visit(0.0, (10.0, 80.0), 300.0, 100.0, True), Visit(0.0, (60.0, 20.0, 30.0), 340.0, 120.0, True)]
SLOW = [Visit(0.25, (1270.0, 130.0), 1600.0, 400.0, True)]


def test_a_line_has_the_medians_of_both_processors_and_the_bytes() -> None:
    assert table([Row("ours", Bytes(9000, 800, 700), FAST, SLOW)]).splitlines()[2] == (
        "| ours | 0.000 / 0.250 | 1 / 2 | 70 / 1,270 | 100 / 1,400 | 320 / 1,600 | 110 / 400 | 9,000 | 800 | 700 |"
    )


def test_a_page_without_a_banner_has_none_seen() -> None:
    bare = [Visit(0.0, (9.0,), None, None, False)]
    assert "| - / - | - / - | 0 | 0 | 0 |" in table([Row("bare", sizes([]), bare, bare)])


def test_only_the_tasks_of_the_thread_that_parsed_the_page_count() -> None:
    parsing = {"name": "ParseHTML", "pid": 1, "tid": 2, "args": {"beginData": {"url": "http://shop/"}}}
    other = {"name": "ParseHTML", "pid": 3, "tid": 2, "args": {"beginData": {"url": "http://other/"}}}
    tasks: list[dict[str, object]] = [
        {"name": "RunTask", "pid": pid, "tid": 2, "tdur": 4000, "args": {}} for pid in (1, 3, 1)
    ]
    assert of_page([parsing, other, *tasks], "http://shop/") == (4, 4)


def test_each_file_is_compressed_on_its_own() -> None:
    one, two = sizes([b"a" * 500]), sizes([b"a" * 500, b"a" * 500])
    assert two == Bytes(*(2 * count for count in one))
    assert one.brotli < one.gzip < one.raw
