"""`gatepost mail import` and `export`: between mail files here and an account, in pieces, so that a running server goes on."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from gatepost.adapters.mailfiles import FORMATS, BadMailFile, Kept, guess
from gatepost.adapters.sqlite.blobs import blob_ids
from gatepost.cli.client import Session
from gatepost.cli.output import Sorry, progress
from gatepost.model.flags import split_flags
from gatepost.model.mail import SEPARATOR
from gatepost.services.admin.mail import PIECE_OCTETS

INBOX = "INBOX"
_BATCH = 64


class Outcome(msgspec.Struct):
    """What a transfer did. `skipped` messages were there already."""

    email: str
    format: str
    mailboxes: int = 0
    messages: int = 0
    skipped: int = 0
    octets: int = 0
    warnings: list[str] = []


# -- export --------------------------------------------------------------------------------------------------------------
def export(session: Session, email: str, root: Path, form: str, only: str | None) -> Outcome:
    """Raises Sorry."""
    outcome = Outcome(email, form)
    boxes = session.ask("mail.mailboxes", email=email)
    if only is not None:
        boxes = [box for box in boxes if box["mailbox"] == only]
        if not boxes:
            raise Sorry(f"{email} has no mailbox {only!r}")
    try:
        root.mkdir(parents=True, exist_ok=True)
        with progress() as shown:
            for box in boxes:
                task = shown.add_task(box["mailbox"], total=box["messages"])
                for _ in _export_mailbox(session, box, root, outcome):
                    shown.advance(task)
    except BadMailFile as error:
        raise Sorry(str(error)) from error
    except OSError as error:
        raise Sorry(f"cannot write {error.filename or root}: {error.strerror}") from error
    return outcome


def _export_mailbox(session: Session, box: dict[str, Any], root: Path, outcome: Outcome) -> Iterator[None]:
    target = FORMATS[outcome.format].target(root, box["mailbox"], box["uidvalidity"])
    outcome.mailboxes += 1
    after = 0
    try:
        while page := session.ask("mail.page", email=outcome.email, mailbox=box["mailbox"], after=after):
            after = page[-1]["uid"]
            wanted = [row for row in page if not target.has(row["uid"])]
            outcome.skipped += len(page) - len(wanted)
            for row, content in _contents(session, outcome.email, wanted):
                if content is None:
                    outcome.warnings.append(f"{box['mailbox']}, UID {row['uid']}: its octets are gone")
                else:
                    target.add(row["uid"], Kept(content, " ".join(row["flags"]), row["received"]))  # type: ignore[arg-type]
                    outcome.messages += 1
                    outcome.octets += len(content)
                yield
    finally:
        target.close()
    outcome.warnings += target.warnings


def _contents(
    session: Session, email: str, rows: list[dict[str, Any]]
) -> Iterator[tuple[dict[str, Any], bytes | None]]:
    """Small messages many at once, large ones in pieces."""
    batch: list[dict[str, Any]] = []
    for row in [*rows, None]:
        full = sum(each["size"] for each in batch) + (row["size"] if row else 0) > PIECE_OCTETS
        if batch and (row is None or full or len(batch) == _BATCH):
            pieces = [{"blob": each["blob"], "start": 0, "end": each["size"]} for each in batch]
            found = session.ask("mail.read", email=email, pieces=pieces)
            yield from zip(batch, (None if text is None else base64.b64decode(text) for text in found), strict=True)
            batch = []
        if row is not None and row["size"] > PIECE_OCTETS:
            yield row, _large(session, email, row)
        elif row is not None:
            batch.append(row)


def _large(session: Session, email: str, row: dict[str, Any]) -> bytes | None:
    whole = bytearray()
    while len(whole) < row["size"]:
        piece = {"blob": row["blob"], "start": len(whole), "end": min(len(whole) + PIECE_OCTETS, row["size"])}
        (found,) = session.ask("mail.read", email=email, pieces=[piece])
        if not found:
            return None
        whole += base64.b64decode(found)
    return bytes(whole)


# -- import --------------------------------------------------------------------------------------------------------------
def bring(session: Session, email: str, path: Path, form: str | None, mailbox: str | None) -> Outcome:
    """Raises Sorry."""
    try:
        form = form or guess(path)
        folders = FORMATS[form].folders(path)
    except (BadMailFile, OSError) as error:
        raise Sorry(str(error)) from error
    if not folders:
        raise Sorry(f"{path} holds no mail in the format {form}")
    if mailbox is not None and len(folders) > 1:
        raise Sorry(f"{path} holds {len(folders)} mailboxes; --mailbox names one")
    outcome = Outcome(email, form)
    try:
        with progress() as shown:
            for folder in folders:
                name = mailbox or folder.mailbox or INBOX
                task = shown.add_task(name, total=None)
                for _ in _bring_folder(session, name, FORMATS[form].messages(folder), outcome):
                    shown.advance(task)
    except BadMailFile as error:
        raise Sorry(str(error)) from error
    except OSError as error:
        raise Sorry(f"cannot read {error.filename or path}: {error.strerror}") from error
    return outcome


def _present(session: Session, email: str, mailbox: str) -> Counter[str]:
    """The messages that the mailbox has already, by their octets; empty where there is no such mailbox."""
    found: Counter[str] = Counter()
    if not any(box["mailbox"] == mailbox for box in session.ask("mail.mailboxes", email=email)):
        return found
    after = 0
    while page := session.ask("mail.page", email=email, mailbox=mailbox, after=after):
        after = page[-1]["uid"]
        found.update(row["blob"] for row in page)
    return found


def _bring_folder(session: Session, mailbox: str, messages: Iterator[Kept], outcome: Outcome) -> Iterator[None]:
    mailbox = INBOX if mailbox.upper() == INBOX else mailbox.strip(SEPARATOR)
    present = _present(session, outcome.email, mailbox)
    outcome.mailboxes += 1
    batch: list[Kept] = []
    session.ask("mail.append", email=outcome.email, mailbox=mailbox)  # an empty mailbox is kept too
    for kept in messages:
        known = next((blob for blob in blob_ids(kept.content) if present[blob] > 0), None)
        if known is not None:  # as often as the files have it, the mailbox will
            present[known] -= 1
            outcome.skipped += 1
        else:
            if sum(len(each.content) for each in batch) + len(kept.content) > PIECE_OCTETS or len(batch) == _BATCH:
                _store(session, mailbox, batch, outcome)
                batch = []
            batch.append(kept)
        yield
    _store(session, mailbox, batch, outcome)


def _store(session: Session, mailbox: str, batch: list[Kept], outcome: Outcome) -> None:
    brought = []
    for kept in batch:
        large = len(kept.content) > PIECE_OCTETS  # then it is alone
        for start in range(0, len(kept.content), PIECE_OCTETS) if large else ():
            piece = kept.content[start : start + PIECE_OCTETS]
            session.ask("mail.upload", email=outcome.email, start=start, content=piece)
        content = None if large else kept.content
        brought.append({"content": content, "flags": split_flags(kept.flags), "received": kept.received})
        outcome.octets += len(kept.content)
    if brought:
        outcome.messages += session.ask("mail.append", email=outcome.email, mailbox=mailbox, messages=brought)
