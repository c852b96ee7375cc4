"""JMAP's Date and UTCDate (RFC 8620 §1.4) against seconds since the epoch."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

_DATE = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]{1,9})?(?:(Z)|([+-])([0-9]{2}):([0-9]{2}))",
    re.ASCII,
)


def utc_date(seconds: float) -> str:
    """`2014-10-30T06:12:00Z`; years outside 1 to 9999 are clamped."""
    clamped = min(max(seconds, -62135596800.0), 253402300799.0)
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(clamped))).strftime("%Y-%m-%dT%H:%M:%SZ").zfill(20)


def parse_date_time(text: str) -> datetime | None:
    """A Date, with its own offset; None if it isn't one."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    offset = timedelta(0)
    if match[9]:
        offset = timedelta(hours=int(match[10]), minutes=int(match[11])) * (-1 if match[9] == "-" else 1)
    try:
        year, month, day, hour, minute = (int(group) for group in match.groups()[:5])
        second, micro = min(int(match[6]), 59), int(((match[7] or ".0")[1:] + "00000")[:6])
        return datetime(year, month, day, hour, minute, second, micro, timezone(offset))
    except ValueError:
        return None


def parse_utc(text: object) -> float | None:
    """A UTCDate as seconds since the epoch; None if it isn't one."""
    if not isinstance(text, str) or not text.endswith("Z"):
        return None
    moment = parse_date_time(text)
    return None if moment is None else moment.timestamp()
