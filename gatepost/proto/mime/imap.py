"""ENVELOPE, BODY and BODYSTRUCTURE as IMAP sends them (RFC 9051 §7.5.2, §9). Header text goes out as it came: encoded words stay.

Law: whatever the header holds, the output is grammatical: a string is quoted where it can be, else a literal; NUL is left out.
"""

from __future__ import annotations

import re

from gatepost.proto.mime import params
from gatepost.proto.mime.addresses import SentGroup, SentMailbox, sent_addresses
from gatepost.proto.mime.header import unfold
from gatepost.proto.mime.structure import Entity, languages

_QUOTABLE = re.compile(rb"[\x01-\x09\x0b\x0c\x0e-\x7f]*+")
MAX_ADDRESS_OCTETS = 512 * 1024
"""Octets of address fields read of a message and all messages within it; the rest are NIL."""

_NO_ENVELOPE = b"(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"
_EMPTY_TEXT = b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" 0 0)'


def string(text: bytes) -> bytes:
    """RFC 9051 §9 string: quoted where every octet may be in one, else a literal."""
    if _QUOTABLE.fullmatch(text):
        if b'"' in text or b"\\" in text:
            text = text.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
        return b'"%b"' % text
    text = text.replace(b"\0", b"")
    return b"{%d}\r\n%b" % (len(text), text)


def nstring(raw: bytes | None) -> bytes:
    """A header value, NIL where the field is absent."""
    return b"NIL" if raw is None else string(unfold(raw))


class Writer:
    """Renders one message; the envelopes of messages within it are made once for BODY and BODYSTRUCTURE."""

    def __init__(self) -> None:
        self._octets = MAX_ADDRESS_OCTETS
        self._envelopes: dict[Entity, bytes] = {}

    def envelope(self, entity: Entity) -> bytes:
        """The ENVELOPE of the message that `entity` is the root of."""
        made = self._envelopes.get(entity)
        if made is None:
            made = self._envelopes[entity] = self._envelope(entity.fields)
        return made

    def body(self, entity: Entity, extended: bool) -> bytes:
        """BODY, or BODYSTRUCTURE if `extended`."""
        out: list[bytes] = []
        self._write(entity, extended, out)
        return b"".join(out)

    def _envelope(self, fields: dict[str, bytes]) -> bytes:
        sender = self._addresses(fields.get("from"))
        return b"(%b %b %b %b %b %b %b %b %b %b)" % (
            nstring(fields.get("date")),
            nstring(fields.get("subject")),
            sender,
            self._addresses(fields.get("sender"), sender),
            self._addresses(fields.get("reply-to"), sender),
            self._addresses(fields.get("to")),
            self._addresses(fields.get("cc")),
            self._addresses(fields.get("bcc")),
            nstring(fields.get("in-reply-to")),
            nstring(fields.get("message-id")),
        )

    def _addresses(self, raw: bytes | None, otherwise: bytes = b"NIL") -> bytes:
        if not raw:
            return otherwise
        raw = raw[: self._octets]
        self._octets -= len(raw)
        items = sent_addresses(raw)
        return b"(%b)" % b"".join(map(_address, items)) if items else otherwise

    def _write(self, entity: Entity, extended: bool, out: list[bytes]) -> None:
        if entity.type == "multipart":
            out.append(b"(")
            for child in entity.children:
                self._write(child, extended, out)
            out.append(b" " + string(entity.subtype.upper().encode()))
            if extended:
                out.append(b" " + _params(entity.sent_params))
        else:
            self._write_single(entity, extended, out)
            if extended:
                out.append(b" " + nstring(entity.fields.get("content-md5")))
        if extended:
            out.append(b" %b %b %b" % (_disposition(entity), _language(entity), _location(entity)))
        out.append(b")")

    def _write_single(self, entity: Entity, extended: bool, out: list[bytes]) -> None:
        out.append(_basic_fields(entity))
        if entity.encloses:
            if entity.children:
                out.append(b" %b " % self.envelope(entity.children[0]))
                self._write(entity.children[0], extended, out)
            else:  # unreadable under its encoding, or too deep: the grammar wants one all the same
                out.append(b" %b %b" % (_NO_ENVELOPE, _EMPTY_TEXT))
        if entity.encloses or entity.type == "text":
            out.append(b" %d" % entity.lines)


def _basic_fields(entity: Entity) -> bytes:
    """The opening parenthesis, type, subtype and body-fields."""
    fields = entity.fields
    # RFC 2045 §5.2: without a readable Content-Type it is US-ASCII text
    plain = entity.type == "text" and not entity.typed
    return b"(%b %b %b %b %b %b %d" % (
        string(entity.type.upper().encode()),
        string(entity.subtype.upper().encode()),
        b'("CHARSET" "US-ASCII")' if plain else _params(entity.sent_params),
        nstring(fields.get("content-id")),
        nstring(fields.get("content-description")),
        string(entity.encoding.upper().encode()),
        entity.end - entity.body,
    )


def _address(item: SentMailbox | SentGroup) -> bytes:
    if isinstance(item, SentGroup):
        return b"(NIL NIL %b NIL)" % (b"NIL" if item.name is None else string(item.name))
    return b"(%b %b %b %b)" % (
        string(item.name) if item.name else b"NIL",
        string(item.route) if item.route else b"NIL",
        string(item.local),
        string(item.domain or b""),  # NIL would make it a group
    )


def _params(sent: list[tuple[bytes, bytes]]) -> bytes:
    if not sent:
        return b"NIL"
    return b"(%b)" % b" ".join([b"%b %b" % (string(name.upper()), string(value)) for name, value in sent])


def _disposition(entity: Entity) -> bytes:
    raw = entity.fields.get("content-disposition")
    kind = params.leading_token(raw) if raw else ""
    if raw is None or not kind:
        return b"NIL"
    return b"(%b %b)" % (string(kind.upper().encode()), _params(params.sent_params(raw)))


def _language(entity: Entity) -> bytes:
    tags = [string(tag.encode()) for tag in languages(entity.fields)]
    if not tags:
        return b"NIL"
    return tags[0] if len(tags) == 1 else b"(%b)" % b" ".join(tags)


def _location(entity: Entity) -> bytes:
    raw = entity.fields.get("content-location")
    return b"NIL" if raw is None else string(b"".join(unfold(raw).split()))
