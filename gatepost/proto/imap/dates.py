"""Dates as IMAP writes them (RFC 9051 §9 date, date-time). Seconds since the epoch on our side."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NUMBERS = {name.lower().encode(): number for number, name in enumerate(_MONTHS, 1)}
_DATE = re.compile(rb"([0-9]{1,2})-([A-Za-z]{3})-([0-9]{4})")
_DATE_TIME = re.compile(
    rb"([ 0-9][0-9])-([A-Za-z]{3})-([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) ([+-])([0-9]{2})([0-5][0-9])"
)
DAY = 86400
_SIXTY = [f"{number:02d}" for number in range(60)]
_MINUTES = [f"{hour:02d}:{minute}" for hour in range(24) for minute in _SIXTY]


def parse_date(text: bytes) -> float | None:
    """A day's first second in UTC, or None."""
    found = _DATE.fullmatch(text)
    return None if found is None else _epoch(found[1], found[2], found[3])


def parse_date_time(text: bytes) -> float | None:
    """A date-time without its quotes, or None. A leap second counts as the second before it."""
    found = _DATE_TIME.fullmatch(text)
    if found is None:
        return None
    day = _epoch(found[1], found[2], found[3])
    hour, minute, second = int(found[4]), int(found[5]), min(int(found[6]), 59)
    if day is None or hour > 23 or minute > 59 or int(found[6]) > 60:
        return None
    offset = int(found[8]) * 3600 + int(found[9]) * 60
    return day + hour * 3600 + minute * 60 + second - (offset if found[7] == b"+" else -offset)


def render_date_time(at: float) -> str:
    """A date-time in UTC, quotes included. Times that no calendar has become the epoch."""
    try:
        day, second = divmod(int(at), DAY)
        minute, second = divmod(second, 60)
        return f'"{_day(day)} {_MINUTES[minute]}:{_SIXTY[second]} +0000"'
    except (ValueError, OverflowError, OSError):
        return render_date_time(0)


@lru_cache(4096)
def _day(number: int) -> str:
    """The day so many after the epoch. Raises ValueError, OverflowError, OSError."""
    moment = datetime.fromtimestamp(number * DAY, UTC)
    return f"{moment.day:2d}-{_MONTHS[moment.month - 1]}-{moment.year:04d}"


def _epoch(day: bytes, month: bytes, year: bytes) -> float | None:
    try:
        return datetime(int(year), _NUMBERS[month.lower()], int(day), tzinfo=UTC).timestamp()
    except (KeyError, ValueError):
        return None
