"""Date headers (RFC 5322 §3.3 and §4.3). Law: nothing raises; what cannot be read is None."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from gatepost.proto.mime.header import unfold
from gatepost.proto.mime.remembered import remembered

_DATE = re.compile(
    rb"(?:[a-z]{2,9}\.?,?\s*+)?([0-9]{1,2})[\s-]++([a-z]{3})[a-z]*+\.?[\s-]++([0-9]{2,4})[\s,]++"
    rb"([0-9]{1,2})[:.]([0-9]{2})(?:[:.]([0-9]{2})(?:\.[0-9]{1,9})?)?\s*+([+-][0-9]{4}\b|[a-z]{1,5}\b)?",
    re.IGNORECASE,
)
_CTIME = re.compile(  # "Wed Jul 17 02:23:25 1996", as Unix programs write it
    rb"(?:[a-z]{2,9}\.?,?\s++)?([a-z]{3})[a-z]*+\s++([0-9]{1,2}),?\s++([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?\s++"
    rb"(?:[a-z]{1,5}\s++)?([0-9]{4})\s*+([+-][0-9]{4}\b)?",
    re.IGNORECASE,
)
_USUAL = re.compile(  # as RFC 5322 §3.3 wants it; nearly all are so
    rb" ?(?:[A-Za-z]{3}, )?([0-9]{1,2} [A-Za-z]{3} [0-9]{4}) ([01][0-9]|2[0-3]):([0-5][0-9]):([0-9]{2})"
    rb" ([+-][0-9]{2})([0-9]{2})"
    rb"(?: \([A-Za-z]+\))?"
)
_WALL_ZONE = re.compile(rb"([:.][0-9]{2})\s*(?:[+-][0-9]{4}|[a-zA-Z]{1,5})\b")
_COMMENT = re.compile(rb"\([^()]*+\)")
_MONTHS = {name: i for i, name in enumerate(b"jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
# RFC 5322 §4.3: these, and every other name as -0000
_ZONES = {b"edt": -4, b"est": -5, b"cdt": -5, b"cst": -6, b"mdt": -6, b"mst": -7, b"pdt": -7, b"pst": -8}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.toordinal()


def parse_date(raw: bytes) -> float | None:
    """A Date header's value in seconds since the epoch (RFC 5322 §3.3 with its obsolete forms), None if unreadable."""
    found = parse_zoned_date(raw)
    return found[0] if found else None


def wall_clock(raw: bytes) -> float | None:
    """A Date header's value read as if it were UTC: IMAP's SENTSINCE disregards time zones (RFC 9051 §6.4.4)."""
    usual = _read_usual(raw)
    if usual is not None:
        return usual[0] + 60 * usual[1]
    wall = parse_date(_WALL_ZONE.sub(rb"\1 +0000", raw[:1000], count=1))
    return parse_date(raw) if wall is None else wall


def parse_zoned_date(raw: bytes) -> tuple[float, int] | None:
    """Seconds since the epoch, and the minutes that the value's own time zone is east of UTC."""
    return _read_usual(raw) or _read_any(raw)


@remembered
def _read_usual(raw: bytes) -> tuple[float, int] | None:
    match = _USUAL.fullmatch(raw)
    if match is None:
        return None
    day, hour, minute, second, hours, minutes = match.groups()
    number = day_number(day)
    if number is None:
        return None
    east = int(hours) * 60 + (-int(minutes) if hours[0] == 45 else int(minutes))  # 45 is a minus
    return number * 86400.0 + int(hour) * 3600 + (int(minute) - east) * 60 + min(int(second), 59), east


@remembered
def day_number(day: bytes) -> int | None:
    """Days since the epoch of a day such as "3 Jan 2024"; None where there is none."""
    number, month, year = day.split(b" ")
    try:
        return date(int(year), _MONTHS[month.lower()], int(number)).toordinal() - _EPOCH_DAY
    except (KeyError, ValueError):
        return None


def _read_any(raw: bytes) -> tuple[float, int] | None:
    text = _COMMENT.sub(b" ", unfold(raw[:1000])).strip()
    match = _DATE.match(text)
    if match:
        day, month, year, hour, minute, second, zone = match.groups()
    elif match := _CTIME.match(text):
        month, day, hour, minute, second, year, zone = match.groups()
    else:
        return None
    try:
        wall = datetime(
            _year(year), _MONTHS[month.lower()], int(day), int(hour), int(minute), min(int(second or 0), 59), tzinfo=UTC
        )
        offset = _offset(zone)
        return (wall - _EPOCH - offset).total_seconds(), int(offset.total_seconds()) // 60
    except (KeyError, ValueError, OverflowError):
        return None


def _year(digits: bytes) -> int:
    """RFC 5322 §4.3: two digits below 50 are 20xx; two or three digits otherwise count from 1900."""
    year = int(digits)
    if len(digits) == 2 and year < 50:
        return year + 2000
    return year + 1900 if len(digits) < 4 else year


def _offset(zone: bytes | None) -> timedelta:
    if zone and zone[:1] in b"+-":
        hours, minutes = int(zone[1:3]), int(zone[3:5])
        offset = timedelta(hours=hours, minutes=minutes)
        return -offset if zone[:1] == b"-" else offset
    return timedelta(hours=_ZONES.get((zone or b"").lower(), 0))
