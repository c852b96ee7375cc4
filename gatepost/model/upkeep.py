"""What a check of stored mail finds, and what backups are."""

from __future__ import annotations

import msgspec

from gatepost.model.errors import GatepostError


class BadBackup(GatepostError):
    """The backup is damaged, or none at all; the text says which."""


class Fault(msgspec.Struct, frozen=True):
    """`kind` is a word of `docs/mail-care.md`, `subject` what it is about, `text` one sentence for an administrator. `known`: a
    repair has marked it and can do no more. `mended`: this repair has put it right."""

    kind: str
    subject: str
    text: str
    known: bool = False
    mended: bool = False


class Backup(msgspec.Struct, frozen=True):
    """What stands in a backup's own list: when it was made (seconds since the epoch) and whose mail is in it (account id and
    email). `server`: with the directory, so that all of the server can be restored."""

    made: float
    accounts: tuple[tuple[str, str], ...]
    server: bool = False
    version: int = 1
