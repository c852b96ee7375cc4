"""ENVELOPE, BODY and BODYSTRUCTURE as IMAP sends them (RFC 9051 §7.5.2, §9). Header text goes out as it came: encoded words stay.

Law: whatever the header holds, the output is grammatical: a string is quoted where it can be, else a literal; NUL is left out.
"""

from __future__ import annotations

from gatepost.proto.mime import params
from gatepost.proto.mime.addresses import SentGroup, SentMailbox, sent_addresses
from gatepost.proto.mime.header import unfold
from gatepost.proto.mime.remembered import remembered
from gatepost.proto.mime.structure import Entity, languages

MAX_ADDRESS_OCTETS = 512 * 1024
"""Octets of address fields read of a message and all messages within it; the rest are NIL."""

_NO_ENVELOPE = b"(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"
_EMPTY_TEXT = b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" 0 0)'
_PLAIN_TEXT = b'"TEXT" "PLAIN" ("CHARSET" "US-ASCII")'
"""RFC 2045 §5.2: what is without a readable Content-Type."""


def string(text: bytes) -> bytes:
    """RFC 9051 §9 string: quoted where every octet may be in one, else a literal."""
    if text.isascii() and b"\n" not in text and b"\r" not in text and b"\0" not in text:
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

    def bodies(self, entity: Entity) -> tuple[bytes, bytes]:
        """BODY and BODYSTRUCTURE."""
        body: list[bytes] = []
        structure: list[bytes] = []
        self._write(entity, body, structure)
        return b"".join(body), b"".join(structure)

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
        return _address_list(raw) or otherwise

    def _write(self, entity: Entity, body: list[bytes], structure: list[bytes]) -> None:
        """One goes like the other, but that BODYSTRUCTURE has more at the end of each part."""
        if entity.type == "multipart":
            body.append(b"(")
            structure.append(b"(")
            for child in entity.children:
                self._write(child, body, structure)
            subtype = _token(entity.subtype)
            body.append(b" %b)" % subtype)
            structure.append(b" %b %b" % (subtype, _params(entity.sent_params)))
        else:
            self._write_single(entity, body, structure)
            structure.append(b" " + nstring(entity.fields.get("content-md5")))
            body.append(b")")
        structure.append(_extension(entity.fields))

    def _write_single(self, entity: Entity, body: list[bytes], structure: list[bytes]) -> None:
        text = _basic_fields(entity)
        encloses = entity.encloses
        if encloses and entity.children:
            text += b" %b " % self.envelope(entity.children[0])
            body.append(text)
            structure.append(text)
            self._write(entity.children[0], body, structure)
            text = b""
        elif encloses:  # unreadable under its encoding, or too deep: the grammar wants one all the same
            text += b" %b %b" % (_NO_ENVELOPE, _EMPTY_TEXT)
        if encloses or entity.type == "text":
            text += b" %d" % entity.lines
        body.append(text)
        structure.append(text)


def _basic_fields(entity: Entity) -> bytes:
    """The opening parenthesis, type, subtype and body-fields."""
    fields = entity.fields
    return b"(%b %b %b %b %d" % (
        _media_type(entity),
        nstring(fields.get("content-id")),
        nstring(fields.get("content-description")),
        _token(entity.encoding),
        entity.end - entity.body,
    )


def _media_type(entity: Entity) -> bytes:
    """Type, subtype and parameters."""
    if entity.typed:
        return _typed(entity.fields["content-type"])
    return _PLAIN_TEXT if entity.type == "text" else b'"MESSAGE" "RFC822" NIL'  # RFC 2046 §5.1.5: within a digest


@remembered
def _typed(raw: bytes) -> bytes:
    kind, subtype = params.media_type(raw) or ("text", "plain")
    return b"%b %b %b" % (_token(kind), _token(subtype), _params(params.sent_params(raw)))


def _token(text: str) -> bytes:
    """A type or an encoding: `params` lets no octet into it that would have to be quoted."""
    return b'"%b"' % text.upper().encode()


@remembered
def _address_list(raw: bytes) -> bytes:
    """Empty where there is no address."""
    items = sent_addresses(raw)
    return b"(%b)" % b"".join(map(_address, items)) if items else b""


def _address(item: SentMailbox | SentGroup) -> bytes:
    if isinstance(item, SentGroup):
        return b"(NIL NIL %b NIL)" % (b"NIL" if item.name is None else string(item.name))
    return b"(%b %b %b %b)" % (
        string(item.name) if item.name else b"NIL",
        string(item.route) if item.route else b"NIL",
        string(item.local),
        string(item.domain or b""),  # NIL would make it a group
    )


def _params(sent: params.SentPairs) -> bytes:
    if not sent:
        return b"NIL"
    return b"(%b)" % b" ".join([b"%b %b" % (string(name.upper()), string(value)) for name, value in sent])


def _extension(fields: dict[str, bytes]) -> bytes:
    """Disposition, language and location, and the closing parenthesis."""
    raw = fields.get("content-disposition")
    disposition = _disposition(raw) if raw else b"NIL"
    return b" %b %b %b)" % (disposition, _language(fields), _location(fields))


@remembered
def _disposition(raw: bytes) -> bytes:
    kind = params.leading_token(raw)
    return b"(%b %b)" % (_token(kind), _params(params.sent_params(raw))) if kind else b"NIL"


def _language(fields: dict[str, bytes]) -> bytes:
    tags = [string(tag.encode()) for tag in languages(fields)]
    if not tags:
        return b"NIL"
    return tags[0] if len(tags) == 1 else b"(%b)" % b" ".join(tags)


def _location(fields: dict[str, bytes]) -> bytes:
    raw = fields.get("content-location")
    return b"NIL" if raw is None else string(b"".join(unfold(raw).split()))
