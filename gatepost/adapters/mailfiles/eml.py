"""A file a message (`17.eml`), a folder a mailbox; flags and dates in a list beside them, `.gatepost.jsonl`.

Octets are the message's own; the date is also the file's time of change, which is all that other programs' files have.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gatepost.adapters.mailfiles.kept import (
    Folder,
    Kept,
    lenient_flags,
    level_name,
    nested_path,
    with_crlf,
    write_file,
)
from gatepost.adapters.ondisk import sync
from gatepost.model.flags import split_flags
from gatepost.model.mail import SEPARATOR

_LIST = ".gatepost.jsonl"
_SUFFIX = ".eml"


def folders(path: Path) -> list[Folder]:
    """One file, or every folder with messages in it."""
    if path.is_file():
        return [Folder("", path)]
    holding = {
        file.parent for file in path.rglob("*") if file.suffix.lower() == _SUFFIX and not file.name.startswith(".")
    }
    found = []
    for folder in sorted(holding):
        levels = [level_name(name) for name in folder.relative_to(path).parts]
        found.append(Folder(SEPARATOR.join(levels), folder))
    return found


def messages(folder: Folder) -> Iterator[Kept]:
    """By number, where their names are numbers, else by name."""
    listed = _listed(folder.path) if folder.path.is_dir() else {}
    if folder.path.is_file():
        files = [folder.path]
    else:
        files = [
            file for file in folder.path.iterdir() if file.suffix.lower() == _SUFFIX and not file.name.startswith(".")
        ]
    for file in sorted(files, key=lambda file: (len(file.stem) if file.stem.isdigit() else 0, file.name)):
        content = file.read_bytes()
        known = listed.get(file.name)
        if known is None or known["octets"] != len(content):
            yield Kept(with_crlf(content), received=file.stat().st_mtime)
        else:
            yield Kept(content, lenient_flags([str(flag) for flag in known["flags"]]), float(known["received"]))


def _listed(folder: Path) -> dict[str, dict[str, Any]]:
    """Name -> what an export noted; a line that a crash cut is as if it were not there."""
    found: dict[str, dict[str, Any]] = {}
    try:
        lines = (folder / _LIST).read_bytes().split(b"\n")
    except FileNotFoundError:
        return found
    for line in lines:
        try:
            noted = json.loads(line)
            found[noted["name"]] = {key: noted[key] for key in ("uidvalidity", "octets", "flags", "received")}
        except (ValueError, KeyError, TypeError):
            continue
    return found


class EmlTarget:
    """`ROOT/Archive/2024/17.eml`. What stands in the list and has its size is known to a later run."""

    def __init__(self, root: Path, mailbox: str, uidvalidity: int) -> None:
        self.warnings: list[str] = []
        self._folder, self._uidvalidity = nested_path(root, mailbox), uidvalidity
        self._folder.mkdir(parents=True, exist_ok=True)
        self._noted = _listed(self._folder)
        self._written: list[str] = []
        self._list = (self._folder / _LIST).open("ab")
        if self._list.tell():
            self._list.write(b"\n")  # an earlier run's last line may have been cut

    def _name(self, uid: int) -> str:
        known = self._noted.get(f"{uid}{_SUFFIX}")
        if known is not None and known["uidvalidity"] != self._uidvalidity:  # an older mailbox of this name
            return f"{self._uidvalidity}-{uid}{_SUFFIX}"
        return f"{uid}{_SUFFIX}"

    def has(self, uid: int) -> bool:
        name = self._name(uid)
        try:
            return name in self._noted and (self._folder / name).stat().st_size == self._noted[name]["octets"]
        except FileNotFoundError:
            return False

    def add(self, uid: int, kept: Kept) -> None:
        name = self._name(uid)
        write_file(self._folder / name, kept.content, kept.received)
        self._written.append(name)
        noted = {
            "name": name,
            "uidvalidity": self._uidvalidity,
            "octets": len(kept.content),
            "flags": split_flags(kept.flags),
            "received": kept.received,
        }
        self._list.write(json.dumps(noted).encode() + b"\n")
        self._list.flush()

    def close(self) -> None:
        self._list.close()
        for name in (*self._written, _LIST):
            sync(self._folder / name)
        sync(self._folder)
