"""date and currentdate (RFC 5260 §4, §5)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

from gatepost.proto.mime import parse_zoned_date
from gatepost.proto.sieve.binding import Bound, Check, TagRule, Test
from gatepost.proto.sieve.matching import MATCH_TAGS, matcher
from gatepost.proto.sieve.run import Run
from gatepost.proto.sieve.words.header import INDEX_TAGS, chooser, field_name

_ZONE = re.compile(rb"([+-])([0-9]{2})([0-5][0-9])")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MODIFIED_JULIAN = date(1858, 11, 17).toordinal()

Zone = Callable[[Run, float, int], int | None]
"""Minutes east of UTC, from a time and the offset it was written with; None keeps that."""


def _offset(when: datetime) -> int:
    delta = when.utcoffset()
    return int(delta.total_seconds()) // 60 if delta else 0


def _zone_text(when: datetime) -> str:
    minutes = _offset(when)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}{abs(minutes) % 60:02d}"


def _iso8601(when: datetime) -> str:
    zone = _zone_text(when)
    suffix = "Z" if zone == "+0000" else f"{zone[:3]}:{zone[3:]}"
    return f"{when.year:04d}-{when.month:02d}-{when.day:02d}T{_time(when)}{suffix}"


def _time(when: datetime) -> str:
    return f"{when.hour:02d}:{when.minute:02d}:{when.second:02d}"


def _std11(when: datetime) -> str:
    month = _MONTHS[when.month - 1]
    return f"{_DAYS[when.weekday()]}, {when.day:02d} {month} {when.year:04d} {_time(when)} {_zone_text(when)}"


_PARTS: dict[bytes, Callable[[datetime], str]] = {
    b"year": lambda when: f"{when.year:04d}",
    b"month": lambda when: f"{when.month:02d}",
    b"day": lambda when: f"{when.day:02d}",
    b"date": lambda when: f"{when.year:04d}-{when.month:02d}-{when.day:02d}",
    b"julian": lambda when: str(when.toordinal() - _MODIFIED_JULIAN),
    b"hour": lambda when: f"{when.hour:02d}",
    b"minute": lambda when: f"{when.minute:02d}",
    b"second": lambda when: f"{when.second:02d}",
    b"time": _time,
    b"iso8601": _iso8601,
    b"std11": _std11,
    b"zone": _zone_text,
    b"weekday": lambda when: str((when.weekday() + 1) % 7),
}


def _zone(bound: Bound) -> Zone:
    if bound.has("originalzone"):
        return lambda run, at, original: original
    if not bound.has("zone"):
        return lambda run, at, original: run.message.utc_offset(at)
    text = bound.text("zone")
    if text.constant is not None and _minutes(text.constant) is None:
        raise bound.wrong('":zone" wants an offset such as "+0100"')
    return lambda run, at, original: _minutes(text.value(run))


def _minutes(zone: bytes) -> int | None:
    match = _ZONE.fullmatch(zone)
    if match is None:
        return None
    minutes = int(match[2]) * 60 + int(match[3])
    return -minutes if match[1] == b"-" else minutes


def _part(bound: Bound, position: int) -> Callable[[Run], Callable[[datetime], str] | None]:
    text = bound.text(position)
    if text.constant is not None and text.constant.lower() not in _PARTS:
        raise bound.wrong("unknown date part")
    return lambda run: _PARTS.get(text.value(run).lower())


def _shown(run: Run, at: float, minutes: int | None, part: Callable[[datetime], str] | None) -> list[bytes]:
    if minutes is None:
        raise run.error("not a time zone")
    if part is None:
        return []
    try:
        when = (_EPOCH + timedelta(seconds=at)).astimezone(timezone(timedelta(minutes=minutes)))
    except (OverflowError, ValueError):  # before year 1 or after year 9999, or an offset of a day
        return []
    return [part(when).encode("ascii")]


_READING = 20 * 1024
"""What reading a date costs, in octets looked at."""


def _date(bound: Bound) -> Check:
    name, part, zone, choose = bound.text(0), _part(bound, 1), _zone(bound), chooser(bound)
    match = matcher(bound, bound.texts(2), bound.records)

    def date_test(run: Run) -> bool:
        run.spend(_READING)
        raws = choose(run.message.raw_values(field_name(name.value(run))))[:1]
        found = [parse_zoned_date(raw.rpartition(b";")[2]) for raw in raws]  # RFC 5260 §4: Received's stands last
        values: list[bytes] = []
        for stamp in found:
            if stamp is not None:
                values += _shown(run, stamp[0], zone(run, *stamp), part(run))
        return match(run, values)

    return date_test


def _currentdate(bound: Bound) -> Check:
    part, zone, match = _part(bound, 0), _zone(bound), matcher(bound, bound.texts(1), bound.records)

    def currentdate(run: Run) -> bool:
        return match(run, _shown(run, run.now, zone(run, run.now, 0), part(run)))

    return currentdate


_ZONE_TAG = {"zone": TagRule("string", group="zone")}

WORDS = (
    Test(
        "date",
        "date",
        {**MATCH_TAGS, **INDEX_TAGS, **_ZONE_TAG, "originalzone": TagRule(group="zone")},
        ("string", "string", "strings"),
        build=_date,
    ),
    Test("currentdate", "date", {**MATCH_TAGS, **_ZONE_TAG}, ("string", "strings"), build=_currentdate),
)
