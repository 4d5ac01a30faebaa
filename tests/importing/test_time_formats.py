"""Times: every form that can be read in one way alone is read; no other is guessed."""

from __future__ import annotations

import pytest

from consent_service.importing.time_formats import TimeUnread, read_time
from tests.support.clock import START

TEN = "2025-01-31T10:00:00+00:00"


@pytest.mark.parametrize(
    "text",
    [
        "2025-01-31T10:00:00Z",
        "2025-01-31 10:00:00 UTC",
        "2025-01-31 12:00:00 +0200",
        "2025/01/31 10:00",
        "1738317600",
        "1738317600000",
        "31.01.2025 10:00",
        "1/31/2025 10:00 AM",
        "1/31/2025, 10:00:00 AM",
        "31/01/2025 10:00",
        "31-01-2025 10:00",
        "Fri, 31 Jan 2025 10:00:00 GMT",
        "Jan 31, 2025 10:00 AM",
        "January 31, 2025, 10:00:00 AM",
        "31-Jan-2025 10:00",
        "Fri Jan 31 2025 11:00:00 GMT+0100 (Central European Standard Time)",
    ],
)
def test_the_forms_of_other_tools_are_read(text: str) -> None:
    assert read_time(text, START) == TEN


@pytest.mark.parametrize("text", ["03/04/2025", "3/4/2025 10:00 AM", "03-04-2025"])
def test_day_or_month_first_is_not_guessed(text: str) -> None:
    with pytest.raises(TimeUnread, match="day or month first"):
        read_time(text, START)


def test_a_time_is_read_in_the_form_that_the_caller_names() -> None:
    assert read_time("03/04/2025 10", START, "%d/%m/%Y %H") == "2025-04-03T10:00:00+00:00"
    with pytest.raises(TimeUnread, match="--time-format"):
        read_time("2025-01-31", START, "%d/%m/%Y")


@pytest.mark.parametrize("text", ["31-01-2025", "4.4.2025", "4/4/2025", "2025-1-5", "20250131"])
def test_a_day_alone_is_its_midnight(text: str) -> None:
    assert read_time(text, START).endswith("T00:00:00+00:00")


@pytest.mark.parametrize("text", ["yesterday", "2025-08-01 10:00 PST", "32/01/2025", "99999999999999", "²"])
def test_what_can_t_be_read_is_refused(text: str) -> None:
    with pytest.raises(TimeUnread, match="not written like"):
        read_time(text, START)
