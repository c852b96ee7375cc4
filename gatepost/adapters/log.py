"""The log as a journal sink: one line an event, JSON for machines or text for people. Secrets never get this far."""

from __future__ import annotations

import datetime
import sys
from typing import TextIO

import msgspec

from gatepost.model.events import SEVERITY, Event, Severity

_ORDER = {severity: index for index, severity in enumerate(Severity)}
_COLOURS = {
    Severity.DEBUG: "\033[2m",
    Severity.INFO: "",
    Severity.NOTICE: "\033[36m",
    Severity.WARNING: "\033[33m",
    Severity.ERROR: "\033[31m",
}
LONGEST = 120
"""Characters of a nested value in readable lines; JSON lines have all of it."""
_encode = msgspec.json.Encoder().encode
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), 127, *range(128, 160))}


class Log:
    """`path` empty: standard error. A line that can't be written (disk full, pipe closed) is lost; mail goes on."""

    def __init__(self, form: str, level: str, path: str = "") -> None:
        self._file: TextIO = open(path, "a", encoding="utf-8", buffering=1) if path else sys.stderr  # noqa: SIM115
        terminal = not path and self._file.isatty()
        self._text = form == "text" or (form == "auto" and terminal)
        self._colour = terminal and self._text
        self._level = _ORDER[Severity(level)]

    def __call__(self, event: Event) -> None:
        severity = SEVERITY[type(event)]
        if _ORDER[severity] < self._level:
            return
        line = self._readable(event, severity) if self._text else json_line(event, severity)
        try:
            self._file.write(line + "\n")
        except (OSError, ValueError):
            return

    def close(self) -> None:
        """Flushes; closes a file of our own."""
        try:
            self._file.flush()
            if self._file is not sys.stderr:
                self._file.close()
        except (OSError, ValueError):
            return

    def _readable(self, event: Event, severity: Severity) -> str:
        values = msgspec.to_builtins(event)
        at = datetime.datetime.fromtimestamp(values.pop("at"), datetime.UTC).astimezone()
        kind = values.pop("type")
        values.pop("trace", None)  # for a replay, not for people
        words = " ".join(f"{key}={_word(value)}" for key, value in values.items() if value not in ("", 0, [], {}))
        line = f"{at:%H:%M:%S}.{at.microsecond // 1000:03d} {severity:<7} {kind:<17} {words}"
        return f"{_COLOURS[severity]}{line}\033[0m" if self._colour and _COLOURS[severity] else line


def json_line(event: Event, severity: Severity) -> str:
    """The event as one JSON object, `severity` and an ISO 8601 `time` (UTC) added."""
    time = datetime.datetime.fromtimestamp(event.at, datetime.UTC).isoformat(timespec="milliseconds")
    return f'{{"time":"{time}","severity":"{severity}",{_encode(event).decode()[1:]}'


def _word(value: object) -> str:
    if isinstance(value, dict):
        words = " ".join(f"{key}={_word(inner)}" for key, inner in value.items())
        return "{" + (words if len(words) <= LONGEST else "…") + "}"
    if isinstance(value, (list, tuple)):
        return "[" + " ".join(_word(inner) for inner in value) + "]"
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    text = str(value).translate(_CONTROLS)
    return f'"{text}"' if " " in text or not text else text
