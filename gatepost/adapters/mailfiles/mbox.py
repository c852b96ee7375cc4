"""mbox: all messages of a mailbox in one file, in the mboxrd dialect (`>` before every `>*From ` at a line's start).

Written here: a From_ line with the date in UTC and `gatepost-octets` as its sender; three lines of our own (Status, X-Status,
X-Keywords), in which mutt and others find the flags; the message's octets as they are, CRLF included; one LF. From_ lines and our
own end with LF. A reader who sees `gatepost-octets` takes exactly that away again, so that the octets survive.

Read from others: a From_ line follows an empty line and holds a time of day and a year; flags are taken from the Status
headers, which stay in the message.
"""

from __future__ import annotations

import calendar
import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from gatepost.adapters.mailfiles.kept import (
    BadMailFile,
    Folder,
    Kept,
    file_name,
    lenient_flags,
    level_name,
    nested_path,
    with_crlf,
)
from gatepost.adapters.ondisk import sync
from gatepost.model.flags import SYSTEM_FLAGS, Flags, split_flags
from gatepost.model.mail import SEPARATOR

_OURS = b"From gatepost-octets "
_QUOTED = re.compile(rb"^(>*From )", re.MULTILINE)
_QUOTED_ONCE = re.compile(rb"^>(>*From )", re.MULTILINE)
_OTHERS = re.compile(rb"From .*[0-9]{1,2}:[0-9]{2}.*[0-9]{4}|From .*[0-9]{4}.*[0-9]{1,2}:[0-9]{2}")
_DATE = re.compile(
    rb"([A-Z][a-z]{2}) +([0-9]{1,2}) +([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?(?: [A-Za-z]+)?(?: [-+][0-9]{4})? +([0-9]{4})"
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LETTERS = {"\\Answered": "A", "\\Flagged": "F", "\\Deleted": "D", "\\Draft": "T"}
_FLAG_OF = {letter: flag for flag, letter in _LETTERS.items()} | {"R": "\\Seen"}
_SUFFIX = ".mbox"
_STATE = ".gatepost-export.json"
_SYNC_OCTETS = 8 * 1024 * 1024
"""How much a run that is killed may have to write again."""


def is_mbox(path: Path) -> bool:
    """Whether the file begins as an mbox does."""
    with path.open("rb") as file:
        return file.read(5) == b"From "


def folders(path: Path) -> list[Folder]:
    """One file, or every mbox under a folder."""
    if path.is_file():
        return [Folder("", path)]
    found = []
    for file in sorted(path.rglob("*")):
        if file.name.startswith(".") or not file.is_file() or not (is_mbox(file) or file.suffix == _SUFFIX):
            continue
        levels = [level_name(name.removesuffix(_SUFFIX)) for name in file.relative_to(path).parts]
        found.append(Folder(SEPARATOR.join(levels), file))
    return found


def messages(folder: Folder) -> Iterator[Kept]:
    """In the file's order. Raises BadMailFile."""
    with folder.path.open("rb") as file:
        first = file.readline()
        while first.strip() == b"" and first:
            first = file.readline()
        if first and not first.startswith(b"From "):
            raise BadMailFile(f"{folder.path} does not begin with a From_ line: it is no mbox")
        while first:
            lines: list[bytes] = []
            following = _until_next(file, lines)
            yield _message(first, b"".join(lines))
            first = following


def _until_next(file: IO[bytes], lines: list[bytes]) -> bytes:
    """Reads a message's lines; returns the next From_ line, empty at the end."""
    blank = False
    for line in file:
        if line.startswith(b"From ") and (line.startswith(_OURS) or (blank and _OTHERS.match(line))):
            return line
        blank = line in (b"\n", b"\r\n")
        lines.append(line)
    return b""


def _message(first: bytes, text: bytes) -> Kept:
    if first.startswith(_OURS):
        *status, text = text.split(b"\n", 3)
        return Kept(_QUOTED_ONCE.sub(rb"\1", text.removesuffix(b"\n")), _flags(status), _date(first))
    for blank in (b"\r\n", b"\n"):
        if text == blank or text.endswith(blank * 2):  # it separates the message from the next
            text = text.removesuffix(blank)
            break
    header = text[: _end_of_header(text)]
    return Kept(with_crlf(_QUOTED_ONCE.sub(rb"\1", text)), _flags(header.split(b"\n")), _date(first))


def _end_of_header(text: bytes) -> int:
    found = re.search(rb"\r?\n\r?\n", text)
    return found.start() if found else len(text)


def _flags(lines: list[bytes]) -> Flags:
    """From Status, X-Status and X-Keywords, as mutt, Dovecot and c-client write them."""
    names: list[str] = []
    for line in lines:
        field, _, value = line.decode("utf-8", "replace").partition(":")
        match field.lower():
            case "status" | "x-status":
                names += [_FLAG_OF[letter] for letter in value if letter in _FLAG_OF]
            case "x-keywords":
                names += value.split()
    return lenient_flags(names)


def _date(first: bytes) -> float:
    found = _DATE.search(first)
    if not found or found[1].decode() not in _MONTHS:
        return 0.0
    hour, minute, second = int(found[3]), int(found[4]), int(found[5] or 0)
    return float(
        calendar.timegm((int(found[6]), _MONTHS.index(found[1].decode()) + 1, int(found[2]), hour, minute, second))
    )


def _first_lines(kept: Kept) -> bytes:
    at = time.gmtime(kept.received)
    day, month = _DAYS[at.tm_wday], _MONTHS[at.tm_mon - 1]
    date = f"{day} {month} {at.tm_mday:2} {at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02} {at.tm_year:04}"
    flags = split_flags(kept.flags)
    status = "RO" if "\\Seen" in flags else "O"
    letters = "".join(letter for flag, letter in _LETTERS.items() if flag in flags)
    keywords = " ".join(flag for flag in flags if flag not in SYSTEM_FLAGS)
    return _OURS + f"{date}\nStatus: {status}\nX-Status: {letters}\nX-Keywords: {keywords}\n".encode()


class MboxTarget:
    """`ROOT/Archive/2024.mbox`. How far an earlier run came stands beside it; what it wrote after that is cut off."""

    def __init__(self, root: Path, mailbox: str, uidvalidity: int) -> None:
        self.warnings: list[str] = []
        inner = nested_path(root, mailbox)
        inner.parent.mkdir(parents=True, exist_ok=True)
        self._path = inner.with_name(inner.name + _SUFFIX)
        self._state = inner.with_name(f".{file_name(inner.name)}{_STATE}")
        self._uidvalidity = uidvalidity
        self._last, size = self._known()
        self._unsynced = 0
        if not self._last:
            self._write_state(0)  # before there is a file, so that a run that is killed now knows whose it is
        self._file = self._path.open("ab")
        self._file.truncate(size)
        self._file.seek(size)

    def _known(self) -> tuple[int, int]:
        try:
            state = json.loads(self._state.read_bytes())
            known = state["uidvalidity"] == self._uidvalidity
            last, size = int(state["uid"]), int(state["octets"])
        except FileNotFoundError:
            if self._path.exists():
                raise BadMailFile(f"{self._path} is there already, and was not written by an export") from None
            return 0, 0
        except (ValueError, KeyError, TypeError) as error:
            raise BadMailFile(f"{self._state} is damaged; remove it together with {self._path}") from error
        if not known:
            raise BadMailFile(f"{self._path} holds an older mailbox of the same name; export into another folder")
        if size and (not self._path.exists() or self._path.stat().st_size < size):
            raise BadMailFile(f"{self._path} is shorter than an earlier export left it; remove {self._state} and it")
        return last, size

    def has(self, uid: int) -> bool:
        return uid <= self._last

    def add(self, uid: int, kept: Kept) -> None:
        self._file.write(_first_lines(kept) + _QUOTED.sub(rb">\1", kept.content) + b"\n")
        self._last = uid
        self._unsynced += len(kept.content)
        if self._unsynced > _SYNC_OCTETS:
            self._note()

    def _note(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._write_state(self._file.tell())
        self._unsynced = 0

    def _write_state(self, octets: int) -> None:
        state = {"uidvalidity": self._uidvalidity, "uid": self._last, "octets": octets}
        temporary = self._state.with_name(self._state.name + ".part")
        temporary.write_text(json.dumps(state))
        sync(temporary)
        temporary.rename(self._state)

    def close(self) -> None:
        self._note()
        self._file.close()
        sync(self._path.parent)
