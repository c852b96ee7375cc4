"""The index of one message, made once at delivery; and the ways back from an index to the octets."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from gatepost.model.message import MessageIndex, Part
from gatepost.proto.mime.addresses import MimeAddress, parse_addresses
from gatepost.proto.mime.body import preview
from gatepost.proto.mime.bodyparts import has_attachment
from gatepost.proto.mime.charsets import guess_text
from gatepost.proto.mime.dates import parse_date
from gatepost.proto.mime.head import Fields
from gatepost.proto.mime.header import indexed_fields, split_fields, unfold
from gatepost.proto.mime.imap import Writer
from gatepost.proto.mime.remembered import Values, octets_of, remembered_by
from gatepost.proto.mime.structure import MAX_HEADER, Scanner, to_part
from gatepost.proto.mime.subject import base_subject
from gatepost.proto.mime.words import decode_text

MAX_REFERENCES = 200
"""Message ids kept of a References field: the newest; threading needs no more."""
MAX_RECIPIENTS = 1000
"""Addresses kept as text for search and sorting."""

_ONE_ID = re.compile(rb"[ \t]*+<([!-;=?-~]++)>[ \t]*+")
"""What nearly all are: a single one, as it should be."""
_MESSAGE_ID = re.compile(rb"<([^<>]++)>")


class Reading(msgspec.Struct, frozen=True):
    """A message's index, and those fields of its header that an index is made of: the first of each name, names in lower case,
    values raw."""

    index: MessageIndex
    fields: Mapping[str, bytes]


def index_message(content: bytes) -> MessageIndex:
    """The index of one message; linear in its size; at most 100 levels and 10,000 parts, the rest stays in its parent."""
    return read_message(content).index


def read_message(content: bytes) -> Reading:
    """The same, for those who need the header too."""
    entity = Scanner(content).scan()
    fields = entity.fields
    root, writer = to_part(entity), Writer()
    envelope = writer.envelope(entity)
    body, bodystructure = writer.bodies(entity)
    subject = decode_text(fields.get("subject", b""))
    ids = message_ids(fields.get("message-id", b""))
    replied, referred = fields.get("in-reply-to", b""), fields.get("references", b"")
    in_reply_to = message_ids(replied)
    sender, recipients = _people((fields.get("from"), fields.get("to"), fields.get("cc")))
    index = MessageIndex(
        root=root,
        envelope=envelope,
        body=body,
        bodystructure=bodystructure,
        subject=subject,
        base_subject=base_subject(subject),
        sent_at=parse_date(fields["date"]) if "date" in fields else None,
        message_id=ids[0] if ids else "",
        in_reply_to=in_reply_to,
        references=in_reply_to if referred == replied else message_ids(referred),
        sender=sender,
        recipients=recipients,
        preview=preview(content, root),
        has_attachment=has_attachment(root),
    )
    return Reading(index, fields if root.body <= MAX_HEADER else first_fields(content, root))


def first_fields(content: bytes, root: Part) -> Fields:
    """A `Reading`'s fields of a message whose index is known."""
    return indexed_fields(content[root.start : root.body])


def header_fields(content: bytes, part: Part) -> list[tuple[str, bytes]]:
    """The part's header fields in order: name as given, raw value octets after the colon, folding kept, last CRLF dropped."""
    return split_fields(content, part.start, part.body)


def message_ids(raw: bytes) -> tuple[str, ...]:
    """The message ids in a value (RFC 5322 §3.6.4) without brackets, in order, none twice; if nothing is in brackets,
    the words with an `@`."""
    if not raw:
        return ()
    one = _ONE_ID.fullmatch(raw)
    if one:
        return (one[1].decode("ascii"),)
    line = unfold(raw)
    found = [b"".join(text.split()) for text in _MESSAGE_ID.findall(line)]
    if not found:
        found = [word for word in line.split() if b"@" in word]
    unique = dict.fromkeys(guess_text(text) for text in found[-MAX_REFERENCES:] if text)
    return tuple(unique)


def locate(root: Part, path: tuple[int, ...]) -> Part | None:
    """The part with this IMAP part number (RFC 9051 §6.4.5): (1,) of a non-multipart is the message's own body, and
    numbers go on inside message/rfc822."""
    part, scope = root, root if path else None
    for number in path:
        if scope is None:
            return None
        if scope.type == "multipart":
            if not 1 <= number <= len(scope.parts):
                return None
            part = scope.parts[number - 1]
        elif number == 1:
            part = scope
        else:
            return None
        if part.type == "multipart":
            scope = part
        else:
            scope = part.parts[0] if part.parts else None
    return part


@remembered_by(octets_of)
def _people(values: Values) -> tuple[str, str]:
    """The first of From's values; those of To and Cc."""
    author, *others = ([as_text(each) for each in parse_addresses(raw)] if raw else [] for raw in values)
    return author[0] if author else "", ", ".join([text for texts in others for text in texts][:MAX_RECIPIENTS])


def as_text(address: MimeAddress) -> str:
    """As people read it: `Ada <ada@example.org>`, or what there is of it."""
    if not address.email:
        return address.name or address.group or ""
    return f"{address.name} <{address.email}>" if address.name else address.email
