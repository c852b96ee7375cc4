"""What every format of mail files shares: messages with flags and dates, folders, and names that file systems can hold."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import msgspec

from gatepost.model.flags import MAX_KEYWORDS, NO_FLAGS, BadFlag, Flags, make_flags
from gatepost.model.mail import SEPARATOR


class BadMailFile(Exception):
    """The files are not what they should be; the text is one sentence."""


class Kept(msgspec.Struct, frozen=True):
    """A message with what goes with it. `received` in seconds since the epoch, 0 for unknown."""

    content: bytes
    flags: Flags = NO_FLAGS
    received: float = 0.0


class Folder(msgspec.Struct, frozen=True):
    """A mailbox in files: its path as mailboxes have it, empty where the files don't tell, and where it lies."""

    mailbox: str
    path: Path


class Target(Protocol):
    """One mailbox being written. Writing goes on where an earlier run ended, even one that was killed."""

    warnings: list[str]

    def has(self, uid: int) -> bool:
        """Whether this message was written whole by an earlier run."""
        ...

    def add(self, uid: int, kept: Kept) -> None:
        """Writes a message. UIDs ascend. Raises OSError."""
        ...

    def close(self) -> None:
        """Everything is on disk when this returns. Raises OSError."""
        ...


class Format(msgspec.Struct, frozen=True):
    """How to find folders, read one, and begin (root, mailbox path, UIDVALIDITY) to write one."""

    folders: Callable[[Path], list[Folder]]
    messages: Callable[[Folder], Iterator[Kept]]
    target: Callable[[Path, str, int], Target]


_LINE_END = re.compile(rb"(?<!\r)\n")
_ENDINGS = (".eml", ".mbox")


def with_crlf(content: bytes) -> bytes:
    """A message of a program that ends lines with LF: every bare LF becomes CRLF. One whose first line has CRLF stays."""
    first = content.find(b"\n")
    return content if first < 0 or content[first - 1 : first] == b"\r" else _LINE_END.sub(b"\r\n", content)


def lenient_flags(names: list[str]) -> Flags:
    """Those of `names` that can be kept."""
    kept: list[str] = []
    for name in dict.fromkeys(names):
        try:
            make_flags([name])
        except BadFlag:
            continue
        kept.append(name)
    return make_flags(kept[:MAX_KEYWORDS])


def file_name(level: str) -> str:
    """A level of a mailbox's path as a file's name: dots where they would hide or look like an ending, and %, are written %HH."""
    name = level.replace("%", "%25")
    if name.startswith("."):
        name = "%2E" + name[1:]
    for ending in _ENDINGS:
        if name.lower().endswith(ending):
            cut = len(name) - len(ending)
            name = f"{name[:cut]}%2E{name[cut + 1 :]}"
    return name


def level_name(name: str) -> str:
    """The opposite. Other programs' names hold a % that means itself."""
    return re.sub("%(25|2E)", lambda match: "%" if match[1] == "25" else ".", name)


def nested_path(root: Path, mailbox: str) -> Path:
    """Where a mailbox lies under `root`, a folder a level."""
    return root.joinpath(*(file_name(level) for level in mailbox.split(SEPARATOR)))


def write_file(path: Path, content: bytes, received: float) -> None:
    """Under its name only when it is whole; its time of change says when the message came."""
    temporary = path.with_name(f".{path.name[:200]}.part")
    temporary.write_bytes(content)
    if received > 0:
        os.utime(temporary, (received, received))
    temporary.rename(path)
