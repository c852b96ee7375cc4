"""OLDNAME: a mailbox that has another name than the client wrote, because names are kept in NFC and INBOX in capitals
(RFC 9051 §5.1, §6.3.9.7). Told to those who enabled IMAP4rev2; earlier clients do not know of it."""

from __future__ import annotations

from gatepost.model.mail import SEPARATOR
from gatepost.proto.imap.names import decode_name
from gatepost.proto.imap.render.mailbox import Listed, listed
from gatepost.services.imap.context import Context


def old_name(context: Context, octets: bytes, path: str) -> str:
    """What the client wrote, where it is not `path`; else empty. A separator at its end is no difference (§6.3.4)."""
    given = decode_name(octets, context.utf8).removesuffix(SEPARATOR)
    return given if context.rev2 and given != path else ""


def tell_old_name(context: Context, octets: bytes, path: str, *attributes: str) -> None:
    """A LIST response where the names differ."""
    old = old_name(context, octets, path)
    if old:
        context.send(listed(Listed(path, attributes, old_name=old), context.utf8))


def tell_renamed(context: Context, old: tuple[bytes, str], new: tuple[bytes, str]) -> None:
    """The same after RENAME, of a name as written and as it is, twice (§6.3.6)."""
    if old_name(context, *old) or old_name(context, *new):
        context.send(listed(Listed(new[1], old_name=decode_name(old[0], context.utf8)), context.utf8))
