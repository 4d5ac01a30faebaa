"""Times of choices, as other tools write them. Pure.

A time is evidence, so none is guessed: if day and month could be either, the caller names the format.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from consent_service.domain.evidence_time import read_time as moment

_AHEAD: Final = timedelta(days=1)
"""A time without a zone is read as UTC; elsewhere it may be tomorrow already."""

_EPOCH: Final = re.compile(r"(\d{10})(?:\.\d+|(\d{3}))?")
"""Seconds, or milliseconds, since 1970: ten digits from 2001 to 2286."""
_NUMBERS: Final = re.compile(
    r"(?P<first>\d{1,2})(?P<sep>[./-])(?P<second>\d{1,2})(?P=sep)(?P<year>\d{4})(?P<end>\b.*)"
)
_ZONE: Final = re.compile(r"\s*(?:\b(?:UTC|GMT)\b)?\s*([+-]\d\d:?\d\d)?$", re.IGNORECASE)
_NAMED_ZONE: Final = re.compile(r"\s*\([^()]*\)$")
_WEEKDAY: Final = re.compile(r"^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+", re.IGNORECASE)
_APART: Final = re.compile(r",|(?<=\d)T(?=\d)|(?<=\d)-(?=[A-Za-z])|(?<=[A-Za-z])-(?=\d)")
_HOURS: Final = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "%H:%M:%S.%f")
_DAYS: Final = ("%d %b %Y", "%d %B %Y", "%b %d %Y", "%B %d %Y")

NOT_READ: Final = "is not written like 2026-01-31T10:00:00Z; name its form with --time-format"
_EITHER: Final = "is ambiguous: day or month first? Name its form with --time-format, such as %m/%d/%Y"
_FUTURE: Final = "is in the future"


class TimeUnread(ValueError):
    """A time that can't be read; the message follows "the time", and quotes nothing."""


def read_time(text: str, now: int, form: str | None = None) -> str:
    """Return the time as RFC 3339 UTC. `form`: as strptime takes it. `now`: Unix seconds. Raises TimeUnread."""
    try:
        moment_read = _parse_time(text) if form is None else datetime.strptime(text, form)  # noqa: DTZ007 - UTC below
        at = (moment_read if moment_read.tzinfo else moment_read.replace(tzinfo=UTC)).astimezone(UTC)
    except TimeUnread:
        raise
    except (ValueError, OverflowError):
        raise TimeUnread(
            NOT_READ if form is None else "is not written in the form of --time-format"
        ) from None
    if at > datetime.fromtimestamp(now, UTC) + _AHEAD:
        raise TimeUnread(_FUTURE)
    return at.isoformat()


def _parse_time(text: str) -> datetime:
    if epoch := _EPOCH.fullmatch(text):
        return datetime.fromtimestamp(int(epoch[1]), UTC)
    unnamed = _NAMED_ZONE.sub("", text)
    zone = _ZONE.search(unnamed)
    if zone and zone[1] and ":" not in unnamed[: zone.start()]:
        zone = None  # a year, behind a hyphen
    offset = (zone[1] or ("+00:00" if zone[0].strip() else "")) if zone else ""
    bare = unnamed[: zone.start()] if zone else unnamed
    if numbers := _NUMBERS.fullmatch(bare):
        bare = _year_first(**numbers.groupdict())
    try:
        return moment(re.sub(r"^(\d{4})/(\d\d)/(\d\d)", r"\1-\2-\3", bare) + offset)
    except ValueError:
        return _parse_spelled(bare, offset)


def _year_first(first: str, sep: str, second: str, year: str, end: str) -> str:
    """Return the time with the year first.

    With points the day comes first; else a number over 12 tells. Raises TimeUnread if both orders are
    possible.
    """
    first_number, second_number = int(first), int(second)
    if sep == "." or first_number > 12:
        day, month = first_number, second_number
    elif second_number > 12 or first_number == second_number:
        day, month = second_number, first_number
    else:
        raise TimeUnread(_EITHER)
    return f"{year}-{month:02d}-{day:02d}{end.replace(',', '')}"


def _parse_spelled(text: str, offset: str) -> datetime:
    """Return a time with the month's name, or with AM and PM. Raises TimeUnread."""
    words = " ".join(_APART.sub(" ", _WEEKDAY.sub("", text)).split())
    zone = " %z" if offset else ""
    for day in ("%Y-%m-%d", *_DAYS):
        for form in (day, *(f"{day} {hour}" for hour in _HOURS)):
            try:
                return datetime.strptime(f"{words} {offset}".strip(), form + zone)  # noqa: DTZ007 - UTC, see above
            except ValueError:
                continue
    raise TimeUnread(NOT_READ)
