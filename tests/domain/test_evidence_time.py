"""Times that others wrote."""

from __future__ import annotations

import pytest

from consent_service.domain.evidence_time import read_time


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-11-22T10:00:00Z", "2026-11-22T10:00:00+00:00"),
        ("2026-11-22 10:00:00", "2026-11-22T10:00:00+00:00"),
        ("2026-11-22t10:00:00.5z", "2026-11-22T10:00:00.500000+00:00"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59+00:00"),
        ("2016-12-31T15:59:60-08:00", "2016-12-31T15:59:59-08:00"),
        ("2016-12-31 23:59:60", "2016-12-31T23:59:59+00:00"),
    ],
)
def test_a_time_is_read_with_its_offset_and_without_one_as_utc(text: str, read: str) -> None:
    assert read_time(text).isoformat() == read


@pytest.mark.parametrize(
    "text", ["", "60", "2016-12-31T23:59:61Z", "2016-12-31T60:00:00Z", "2016-12-31T23:60:60Z"]
)
def test_what_names_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"isoformat|must be in"):
        read_time(text)
