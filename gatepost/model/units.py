"""Durations, sizes and rates as administrators write them: `2h`, `50MB`, `10/1h`."""

from __future__ import annotations

import re
from typing import Self

import msgspec

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_OCTETS = {
    "": 1,
    "b": 1,
    "k": 1024,
    "kb": 1024,
    "kib": 1024,
    "m": 1024**2,
    "mb": 1024**2,
    "mib": 1024**2,
    "g": 1024**3,
    "gb": 1024**3,
    "gib": 1024**3,
}
_DURATION = re.compile(r"(?:[0-9]{1,9}(?:\.[0-9]{1,3})?(?:ms|s|m|h|d|w))+", re.ASCII)
_TERM = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w)", re.ASCII)
_SIZE = re.compile(r"([0-9]{1,12})\s*([a-z]{0,3})", re.ASCII)
_RATE = re.compile(r"([0-9]{1,9})\s*/\s*(\S+)", re.ASCII)


class Duration(float):
    """Seconds. Written `90s`, `2h`, `1d12h`, or a bare number of seconds."""

    @classmethod
    def read(cls, value: object) -> Self:
        """From a configuration value. Raises ValueError with what was expected."""
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0:
            return cls(value)
        if isinstance(value, str):
            text = value.strip().lower()
            if _DURATION.fullmatch(text):
                return cls(sum(float(n) * _SECONDS[unit] for n, unit in _TERM.findall(text)))
        raise ValueError("a duration such as 90s, 15m, 2h or 1d12h")

    def __str__(self) -> str:
        left, out = float(self), ""
        for unit in ("d", "h", "m", "s"):
            count = int(left // _SECONDS[unit])
            if count:
                out += f"{count}{unit}"
                left -= count * _SECONDS[unit]
        if left >= 0.001:
            out += f"{round(left * 1000)}ms"
        return out or "0s"


class Size(int):
    """Octets. Written `64KB`, `50MB`, `2GB` (powers of 1024), or a bare number of octets."""

    @classmethod
    def read(cls, value: object) -> Self:
        """From a configuration value. Raises ValueError with what was expected."""
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return cls(value)
        if isinstance(value, str):
            match = _SIZE.fullmatch(value.strip().lower())
            if match and match[2] in _OCTETS:
                return cls(int(match[1]) * _OCTETS[match[2]])
        raise ValueError("a size such as 64KB, 50MB or 2GB")

    def __str__(self) -> str:
        for unit, factor in (("GB", 1024**3), ("MB", 1024**2), ("KB", 1024)):
            if self and self % factor == 0:
                return f"{int(self) // factor}{unit}"
        return str(int(self))


class Rate(msgspec.Struct, frozen=True):
    """`count` events in `seconds`: as a leaky bucket, a burst of `count` that comes back evenly over `seconds`.
    Written `10/1h`."""

    count: int
    seconds: float

    @classmethod
    def read(cls, value: object) -> Self:
        """From a configuration value. Raises ValueError with what was expected."""
        match = _RATE.fullmatch(value.strip()) if isinstance(value, str) else None
        if match and int(match[1]) > 0:
            text = match[2] if match[2][0].isdigit() else "1" + match[2]
            seconds = Duration.read(text)
            if seconds > 0:
                return cls(int(match[1]), float(seconds))
        raise ValueError("a limit such as 10/1h or 100/1d")

    def __str__(self) -> str:
        return f"{self.count}/{Duration(self.seconds)}"
