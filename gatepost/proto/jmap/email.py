"""Email objects made from what the store keeps and the octets themselves (RFC 8621 §4.1, §4.2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from gatepost.model.flags import DELETED, has_flag, to_keywords
from gatepost.model.ids import email_object_id, mailbox_object_id, thread_object_id
from gatepost.model.mail import PlacedEmail, Placement
from gatepost.model.message import MessageIndex
from gatepost.proto.jmap.blobs import BlobRef
from gatepost.proto.jmap.bodies import (
    DEFAULT_PART_PROPERTIES,
    PART_PROPERTIES,
    Lists,
    Node,
    body_tree,
    body_value,
    flatten,
    leaves,
    needs_content,
    part_object,
)
from gatepost.proto.jmap.dates import utc_date
from gatepost.proto.jmap.errors import MethodError, Object
from gatepost.proto.jmap.headers import CONVENIENCE, header_property, raw_headers, read_property
from gatepost.proto.mime import header_fields

METADATA = ("id", "blobId", "threadId", "mailboxIds", "keywords", "size", "receivedAt")
_BODY_LISTS = ("textBody", "htmlBody", "attachments")
_BODY = frozenset({"bodyStructure", "bodyValues", *_BODY_LISTS})
_FROM_INDEX = ("hasAttachment", "preview")
PROPERTIES = frozenset({*METADATA, *CONVENIENCE, *_FROM_INDEX, "headers", *_BODY})
PARSED_DEFAULTS = (
    "messageId", "inReplyTo", "references", "sender", "from", "to", "cc", "bcc", "replyTo", "subject", "sentAt",
    "hasAttachment", "preview", "bodyValues", "textBody", "htmlBody", "attachments",
)  # fmt: skip
"""RFC 8621 §4.9: what Email/parse gives unless told otherwise."""
GET_DEFAULTS = (*METADATA, *PARSED_DEFAULTS)
"""RFC 8621 §4.2."""

MAX_PROPERTIES = 256
"""That one call may ask for: header properties have as many names as a client can think of."""


class Wanted(msgspec.Struct, frozen=True):
    """What a client asks to be told of each email; checked."""

    properties: tuple[str, ...]
    part_properties: tuple[str, ...] = DEFAULT_PART_PROPERTIES
    text_values: bool = False
    html_values: bool = False
    all_values: bool = False
    max_value: int = 0

    @property
    def reads_values(self) -> bool:
        """Whether any text of the body is asked for."""
        return "bodyValues" in self.properties and (self.text_values or self.html_values or self.all_values)

    @property
    def reads_header(self) -> bool:
        """Whether the header's octets are needed."""
        return any(name in CONVENIENCE or name == "headers" or name.startswith("header:") for name in self.properties)

    @property
    def reads_content(self) -> bool:
        """Whether all of the message's octets are needed."""
        lists = any(name in _BODY and name != "bodyValues" for name in self.properties)
        return self.reads_values or (lists and needs_content(self.part_properties))


def check_wanted(wanted: Wanted) -> Wanted:
    """`wanted` if every property exists and every form suits its field. Raises MethodError invalidArguments."""
    if len(wanted.properties) > MAX_PROPERTIES or len(wanted.part_properties) > MAX_PROPERTIES:
        raise MethodError("invalidArguments", f"At most {MAX_PROPERTIES} properties.")
    if not all(name in PROPERTIES or header_property(name) for name in wanted.properties):
        raise MethodError("invalidArguments", "properties: unknown, or a form that this header field may not have.")
    if not all(name in PART_PROPERTIES or header_property(name) for name in wanted.part_properties):
        raise MethodError("invalidArguments", "bodyProperties: unknown, or a form that this field may not have.")
    return wanted


def visible_places(placements: Iterable[Placement]) -> tuple[Placement, ...]:
    """The places that JMAP shows: those not marked \\Deleted (RFC 8621 §4.1.1)."""
    return tuple(place for place in placements if not has_flag(place.flags, DELETED))


def metadata(placed: PlacedEmail) -> Object:
    """The properties that do not come from the message itself (RFC 8621 §4.1.1)."""
    email, places = placed.email, visible_places(placed.placements)
    keywords = frozenset[str]().union(*(to_keywords(place.flags) for place in places))
    return {
        "id": email_object_id(email.id),
        "blobId": str(BlobRef(email.blob)),
        "threadId": thread_object_id(email.thread),
        "mailboxIds": {mailbox_object_id(place.mailbox): True for place in places},
        "keywords": dict.fromkeys(sorted(keywords), True),
        "size": email.size,
        "receivedAt": utc_date(email.received),
    }


def message_properties(index: MessageIndex, blob: BlobRef, content: bytes, wanted: Wanted) -> Object:
    """The properties that come from the message. `content` needs to reach as far as `wanted` says: nowhere, to the end
    of the header, or to the end. An Email/parse's metadata is null (RFC 8621 §4.9)."""
    fields = header_fields(content, index.root) if wanted.reads_header else []
    tree = body_tree(index.root) if _BODY.intersection(wanted.properties) else None
    lists = flatten(tree) if tree else Lists([], [], [])
    found: Object = {}
    for name in wanted.properties:
        if (header := CONVENIENCE.get(name) or header_property(name)) is not None:
            found[name] = read_property(header, fields)
        elif name == "headers":
            found[name] = raw_headers(fields)
        elif name == "hasAttachment":
            found[name] = index.has_attachment
        elif name == "preview":
            found[name] = index.preview[:256]
        elif tree is not None and name in _BODY:
            found[name] = _body_property(name, tree, lists, blob, content, wanted)
    return found


def _body_property(
    name: str, tree: Node, lists: Lists, blob: BlobRef, content: bytes, wanted: Wanted
) -> Object | list[Object]:
    if name == "bodyStructure":
        return part_object(tree, wanted.part_properties, blob, content, deep=True)
    if name == "bodyValues":
        return {
            node.number: body_value(node.part, content, wanted.max_value) for node in _with_values(tree, lists, wanted)
        }
    chosen = {"textBody": lists.text, "htmlBody": lists.html, "attachments": lists.attachments}[name]
    return [part_object(node, wanted.part_properties, blob, content, deep=False) for node in chosen]


def _with_values(tree: Node, lists: Lists, wanted: Wanted) -> Sequence[Node]:
    """The text parts whose text is asked for, each once."""
    nodes = list(leaves(tree)) if wanted.all_values else []
    nodes += lists.text if wanted.text_values else []
    nodes += lists.html if wanted.html_values else []
    return list({node.number: node for node in nodes if node.part.type == "text"}.values())
