"""GETMETADATA, SETMETADATA (RFC 5464 §4.2, §4.3; RFC 6154 §4; RFC 5466 §3.2).

The server's shared entries are the administrator's, and read-only; a user's private ones lie in the user's own mail.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from gatepost.model.annotation import MAX_VALUE
from gatepost.model.errors import AnnotationTooLarge, TooManyAnnotations
from gatepost.model.mail import Mailbox, MailboxId, MailboxUpdate
from gatepost.ports.mailstore import AccountMail
from gatepost.proto.imap.commands import GetMetadata, SetMetadata
from gatepost.proto.imap.commands.metadata import ANY_DEPTH
from gatepost.proto.imap.cursor import SyntaxFault
from gatepost.proto.imap.filters import parse_filter
from gatepost.proto.imap.render.metadata import metadata_mailbox, metadata_values
from gatepost.proto.imap.render.status import Status, no, ok
from gatepost.services.imap.annotations import shared_entries
from gatepost.services.imap.attributes import role_of, special_use
from gatepost.services.imap.context import Context, Refused
from gatepost.services.imap.criteria import PRIVATE_FILTERS
from gatepost.services.imap.handler import Handler, State

SPECIAL_USE = "/private/specialuse"
"""The mailbox's role, as an entry (RFC 6154 §4)."""


class _Subject(msgspec.Struct, frozen=True):
    """What annotations are of: a mailbox, or, with none, the server."""

    mail: AccountMail
    mailbox: Mailbox | None

    @property
    def id(self) -> MailboxId | None:
        return None if self.mailbox is None else self.mailbox.id


async def _subject(context: Context, name: bytes) -> _Subject:
    if not name:
        return _Subject(context.mail, None)
    mail, mailbox = await context.place(name)
    return _Subject(mail, mailbox)


async def get_metadata(context: Context, command: GetMetadata) -> Status:
    """Entries by name, those below them to the depth asked for, none that is too large."""
    subject = await _subject(context, command.mailbox)
    known = await _entries(context, subject)
    found: dict[str, bytes | None] = {}
    for entry in command.entries:
        if command.depth:
            found.update((name, known[name]) for name in sorted(known) if _below(name, entry, command.depth))
        else:
            found[entry] = known.get(entry)
    sizes = [len(value) for value in found.values() if value is not None]
    limit = max(sizes, default=0) if command.max_size is None else command.max_size
    told = [(name, value) for name, value in found.items() if value is None or len(value) <= limit]
    if told:
        path = None if subject.mailbox is None else subject.mailbox.path
        context.send(metadata_values(metadata_mailbox(path, context.utf8), told, context.utf8))
    if max(sizes, default=0) > limit:
        return ok("GETMETADATA done", f"METADATA LONGENTRIES {max(sizes)}")  # §4.2.1
    return ok("GETMETADATA done")


async def _entries(context: Context, subject: _Subject) -> dict[str, bytes]:
    """All that there are: kept ones, the administrator's, and what the mailbox is."""
    known = {one.name: one.value for one in await subject.mail.annotations(subject.id, context.user)}
    if subject.mailbox is None:
        known.update(shared_entries(context))
    elif use := special_use(subject.mailbox):
        known[SPECIAL_USE] = use.encode("ascii")
    return known


def _below(name: str, entry: str, depth: int) -> bool:
    """Whether the name is the entry itself, or lies below it and not too deep (§4.2.2)."""
    if name == entry:
        return True
    return name.startswith(entry + "/") and (depth == ANY_DEPTH or "/" not in name[len(entry) + 1 :])


async def set_metadata(context: Context, command: SetMetadata) -> Status:
    """All of them or none (§4.3)."""
    subject = await _subject(context, command.mailbox)
    values = dict(command.values)
    if subject.mailbox is None:
        _must_be_private(values)
        _must_be_searches(values)
    update = None
    if subject.mailbox is not None and SPECIAL_USE in values:
        update = MailboxUpdate(role=_role(values.pop(SPECIAL_USE)))
    try:
        await subject.mail.annotate(subject.id, context.user, values, update)
    except AnnotationTooLarge:
        return no("The value is too large", f"METADATA MAXSIZE {MAX_VALUE}")
    except TooManyAnnotations:
        return no("There is no room for another entry", "METADATA TOOMANY")
    return ok("SETMETADATA done")


def _must_be_private(names: Iterable[str]) -> None:
    """What all users share on the server is the administrator's to write (§3.3). Raises Refused."""
    if not all(name.startswith("/private/") for name in names):
        raise Refused(no("That entry cannot be changed by clients", "NOPERM"))


def _must_be_searches(values: Mapping[str, bytes | None]) -> None:
    """What is kept as a search is one (RFC 5466 §3.2). Raises Refused."""
    for name, value in values.items():
        if value is not None and name.startswith(PRIVATE_FILTERS):
            try:
                parse_filter(value)
            except SyntaxFault:
                raise Refused(no("That is no search", "CANNOT")) from None


def _role(value: bytes | None) -> str | None:
    """Raises Refused for a special use that mailboxes cannot have, or for several."""
    return role_of(() if value is None else value.decode("ascii", "replace").split())


HANDLERS: dict[type, Handler] = {
    GetMetadata: Handler(get_metadata, State.KNOWN),
    SetMetadata: Handler(set_metadata, State.KNOWN),
}
