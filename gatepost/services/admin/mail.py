"""An account's mail, for import and export: listed by pages, read and stored in pieces that fit one line of the socket."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

import msgspec

from gatepost.mail.expiry import expire, older
from gatepost.model.errors import NoSuchBlob, NoSuchMailbox
from gatepost.model.flags import BadFlag, make_flags, split_flags
from gatepost.model.mail import BlobId, Draft, Mailbox
from gatepost.model.uidset import UidSet
from gatepost.ports.mailstore import AccountMail
from gatepost.services.admin.operations import Administration, Refused, operation

PIECE_OCTETS = 384 * 1024
"""Octets of messages in one operation: with base64 they fit one line (socket.MAX_LINE)."""
PAGE = 1000
MAX_UPLOAD = 256 * 1024 * 1024
"""Octets of one message brought in pieces."""
_LAST_UID = 2**32 - 1


class Of(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account."""

    email: str


class Page(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Messages of a mailbox with UIDs above `after`."""

    email: str
    mailbox: str
    after: int = 0


class Piece(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Octets [start:end] of a message."""

    blob: str
    start: int
    end: int


class Read(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Pieces of an account's messages, together at most PIECE_OCTETS."""

    email: str
    pieces: tuple[Piece, ...]


class Brought(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A message from elsewhere; `content` None: the pieces brought with `mail.upload`."""

    content: bytes | None
    flags: tuple[str, ...] = ()
    received: float = 0.0


class Append(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Messages for a mailbox, which is made if there is none."""

    email: str
    mailbox: str
    messages: tuple[Brought, ...] = ()


class Upload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The next piece of a large message; `start` is where it belongs, 0 begins anew."""

    email: str
    start: int
    content: bytes


class Expire(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What came into the mailbox more than `seconds` ago; `count` only: nothing goes."""

    email: str
    mailbox: str
    seconds: float
    count: bool = False


def mail_of(admin: Administration, email: str) -> AccountMail:
    """Without a quota: an administrator who moves an account in wants all of it."""
    return admin.store.open(admin.directory.find(email).id)


async def _mailbox(mail: AccountMail, path: str) -> Mailbox:
    try:
        return await mail.mailbox(path)
    except NoSuchMailbox as error:
        raise Refused(f"there is no mailbox {path!r}") from error


@operation("mail.mailboxes", Of)
async def mail_mailboxes(admin: Administration, args: Of) -> list[dict[str, Any]]:
    """INBOX first."""
    return [
        {"mailbox": box.path, "uidvalidity": box.uidvalidity, "messages": box.messages, "size": box.size}
        for box in await mail_of(admin, args.email).mailboxes()
    ]


@operation("mail.page", Page)
async def mail_page(admin: Administration, args: Page) -> list[dict[str, Any]]:
    """At most PAGE messages, by UID; none at the end."""
    mail = mail_of(admin, args.email)
    box = await _mailbox(mail, args.mailbox)
    all_uids = await mail.uids(box.id)
    begin = bisect_right(all_uids, args.after)
    uids = all_uids[begin : begin + PAGE]
    entries = await mail.entries(box.id, UidSet.of(uids))
    emails = {email.id: email for email in await mail.emails([entry.email for entry in entries])}
    return [
        {
            "uid": entry.uid,
            "blob": emails[entry.email].blob,
            "size": emails[entry.email].size,
            "flags": split_flags(entry.flags),
            "received": emails[entry.email].received,
        }
        for entry in entries
        if entry.email in emails
    ]


@operation("mail.read", Read)
async def mail_read(admin: Administration, args: Read) -> list[bytes | None]:
    """The pieces; None where a message is gone or its octets are lost."""
    if sum(max(piece.end - piece.start, 0) for piece in args.pieces) > PIECE_OCTETS:
        raise Refused(f"at most {PIECE_OCTETS} octets at once")
    mail = mail_of(admin, args.email)
    found: list[bytes | None] = []
    for piece in args.pieces:
        try:
            found.append(await mail.read_blob(BlobId(piece.blob), piece.start, piece.end))
        except NoSuchBlob:
            found.append(None)
    return found


@operation("mail.upload", Upload)
async def mail_upload(admin: Administration, args: Upload) -> None:
    """One message at a time: a new one takes the place of what was brought before and not stored."""
    email = admin.directory.find(args.email).email
    whole = admin.uploads.setdefault(email, bytearray())
    if args.start == 0:
        admin.uploads.clear()
        whole = admin.uploads[email] = bytearray()
    if args.start != len(whole):
        raise Refused("the pieces of a message came in another order")
    if len(whole) + len(args.content) > MAX_UPLOAD:
        raise Refused(f"a message has at most {MAX_UPLOAD} octets")
    whole += args.content


@operation("mail.append", Append)
async def mail_append(admin: Administration, args: Append) -> int:
    """All of them or none; how many."""
    mail = mail_of(admin, args.email)
    try:
        box = await mail.mailbox(args.mailbox)
    except NoSuchMailbox:
        box = await mail.create_mailbox(args.mailbox, subscribed=True)
    drafts = []
    for brought in args.messages:
        content = brought.content
        if content is None:
            content = bytes(admin.uploads.pop(admin.directory.find(args.email).email, b""))
        try:
            flags = make_flags(brought.flags)
        except BadFlag as error:
            raise Refused(str(error)) from error
        drafts.append(Draft(content, (box.id,), flags, brought.received))
    if drafts:
        await mail.append_all(drafts)
    return len(drafts)


@operation("mail.expire", Expire)
async def mail_expire(admin: Administration, args: Expire) -> int:
    """How many messages went, or would."""
    if args.seconds < 0:
        raise Refused("an age is not negative")
    mail = mail_of(admin, args.email)
    box = await _mailbox(mail, args.mailbox)
    before = admin.clock.now() - args.seconds
    if args.count:
        return len(await older(mail, box.id, before))
    gone = await expire(mail, box.id, before)
    admin.note("mail.expire", f"{args.email} {box.path}: {gone}")
    return gone
