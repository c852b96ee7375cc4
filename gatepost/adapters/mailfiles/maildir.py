"""Maildir: a file a message. Folders as Maildir++ has them (`.Archive.2024` beside INBOX's own cur, new and tmp), or nested.

Octets are the message's own. Flags are the letters of a file's name (`:2,FS`), keywords the letters a to z that the folder's
`dovecot-keywords` explains, the date is the file's time of change. Names are in modified UTF-7 as Dovecot and Courier write
them, a dot within a name as `&AC4-`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from gatepost.adapters.mailfiles.kept import Folder, Kept, lenient_flags, with_crlf, write_file
from gatepost.adapters.ondisk import sync
from gatepost.model.flags import SYSTEM_FLAGS, Flags, split_flags
from gatepost.model.mail import SEPARATOR
from gatepost.proto.imap.names import BadName, decode_utf7, encode_utf7

_LETTERS = {"D": "\\Draft", "F": "\\Flagged", "P": "$Forwarded", "R": "\\Answered", "S": "\\Seen", "T": "\\Deleted"}
_KEYWORDS = "dovecot-keywords"
_LINE = re.compile(r"([0-9]{1,2}) (\S+)")
_NAME = re.compile(r"[0-9]+\.V([0-9]{1,10})U([0-9]{1,10})\.gatepost,S=([0-9]{1,12})(?::2,.*)?", re.ASCII)
_DOT = "&AC4-"
INBOX = "INBOX"


def folders(path: Path) -> list[Folder]:
    """The Maildir at `path`, its Maildir++ folders, and Maildirs in folders under it."""
    if not path.is_dir():
        return []
    found = [Folder(INBOX, path)] if _is_maildir(path) else []
    for cur in sorted(path.rglob("cur")):
        folder = cur.parent
        if folder == path or not _is_maildir(folder):
            continue
        levels: list[str] = []
        for part in folder.relative_to(path).parts:
            levels += [_decoded(level) for level in (part[1:].split(".") if part.startswith(".") else [part])]
        found.append(Folder(SEPARATOR.join(levels), folder))
    return found


def _is_maildir(folder: Path) -> bool:
    return all((folder / part).is_dir() for part in ("cur", "new"))


def _decoded(level: str) -> str:
    try:
        return decode_utf7(level.replace(_DOT, "."))
    except BadName:
        return level


def folder_name(mailbox: str) -> str:
    """A mailbox's Maildir++ folder, empty for INBOX."""
    if mailbox == INBOX:
        return ""
    return "".join("." + encode_utf7(level).replace(".", _DOT) for level in mailbox.split(SEPARATOR))


def messages(folder: Folder) -> Iterator[Kept]:
    """By the time in their names, which is when they came. A file that goes meanwhile (or gets another name) is not read."""
    keywords = _keywords(folder.path)
    files = [
        file for part in ("cur", "new") if (folder.path / part).is_dir() for file in (folder.path / part).iterdir()
    ]
    for file in sorted(files, key=_order):
        if file.name.startswith(".") or not file.is_file():
            continue
        try:
            content, received = file.read_bytes(), file.stat().st_mtime
        except FileNotFoundError:
            continue
        if not _NAME.fullmatch(file.name):
            content = with_crlf(content)
        yield Kept(content, _flags(file.name, keywords), received)


def _order(file: Path) -> tuple[int, int, str]:
    seconds = re.match("[0-9]{1,15}", file.name)
    ours = _NAME.fullmatch(file.name)
    return int(seconds[0]) if seconds else 0, int(ours[2]) if ours else 0, file.name


def _keywords(folder: Path) -> dict[str, str]:
    """Letter -> keyword."""
    try:
        lines = (folder / _KEYWORDS).read_text("utf-8", "replace").split("\n")
    except FileNotFoundError:
        return {}
    found = (_LINE.fullmatch(line) for line in lines)
    return {chr(ord("a") + int(match[1])): match[2] for match in found if match and int(match[1]) < 26}


def _flags(name: str, keywords: dict[str, str]) -> Flags:
    letters = name.rpartition(":2,")[2] if ":2," in name else ""
    return lenient_flags(
        [(_LETTERS | keywords)[letter] for letter in letters if letter in _LETTERS or letter in keywords]
    )


class MaildirTarget:
    """A folder of the Maildir++ at `root`. A message's name holds UIDVALIDITY, UID and size, by which a later run knows it."""

    def __init__(self, root: Path, mailbox: str, uidvalidity: int) -> None:
        self.warnings: list[str] = []
        self._folder = root / folder_name(mailbox)
        for part in ("cur", "new", "tmp"):
            (self._folder / part).mkdir(parents=True, exist_ok=True)
        if self._folder != root:
            (self._folder / "maildirfolder").touch()
        self._uidvalidity = uidvalidity
        self._written: list[str] = []
        self._letters = {keyword: letter for letter, keyword in _keywords(self._folder).items()}
        self._known = {int(match[2]) for file in (self._folder / "cur").iterdir() if (match := self._whole(file))}

    def _whole(self, file: Path) -> re.Match[str] | None:
        match = _NAME.fullmatch(file.name)
        whole = match is not None and int(match[1]) == self._uidvalidity and file.stat().st_size == int(match[3])
        return match if whole else None

    def has(self, uid: int) -> bool:
        return uid in self._known

    def add(self, uid: int, kept: Kept) -> None:
        info = "".join(sorted(filter(None, (self._letter(flag) for flag in split_flags(kept.flags)))))
        name = f"{int(kept.received)}.V{self._uidvalidity}U{uid}.gatepost,S={len(kept.content)}:2,{info}"
        write_file(self._folder / "cur" / name, kept.content, kept.received)
        self._written.append(name)

    def _letter(self, flag: str) -> str:
        """A flag's letter; a keyword gets one of its own, as long as there are any."""
        for letter, known in _LETTERS.items():
            if flag.lower() == known.lower():
                return letter
        if flag in SYSTEM_FLAGS:
            return ""
        if flag not in self._letters:
            if len(self._letters) == 26:
                warning = f"{self._folder}: Maildir has room for 26 keywords; {flag} is not kept"
                self.warnings += [warning] if warning not in self.warnings else []
                return ""
            self._letters[flag] = min(set("abcdefghijklmnopqrstuvwxyz") - set(self._letters.values()))
            lines = sorted(f"{ord(letter) - ord('a')} {keyword}\n" for keyword, letter in self._letters.items())
            write_file(self._folder / _KEYWORDS, "".join(lines).encode(), 0.0)
        return self._letters[flag]

    def close(self) -> None:
        for name in self._written:
            sync(self._folder / "cur" / name)
        for folder in (self._folder / "cur", self._folder):
            sync(folder)
