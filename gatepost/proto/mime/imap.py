"""ENVELOPE, BODY and BODYSTRUCTURE as IMAP sends them (RFC 9051 §7.5.2, §9). Header text goes out as it came: encoded words stay.

Law: whatever the header holds, the output is grammatical: a string is quoted where it can be, else a literal; NUL is left out.
"""

from __future__ import annotations

from gatepost.proto.mime import params
from gatepost.proto.mime.addresses import SentGroup, SentMailbox, sent_addresses
from gatepost.proto.mime.head import Fields, Forms, Head, languages
from gatepost.proto.mime.header import unfold
from gatepost.proto.mime.remembered import Values, octets_of, remembered, remembered_by
from gatepost.proto.mime.structure import Entity

MAX_ADDRESS_OCTETS = 512 * 1024
"""Octets of address fields read of a message and all messages within it; the rest are NIL."""

_NO_ENVELOPE = b"(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"
_EMPTY_TEXT = b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" 0 0)'
_PLAIN_TEXT = b'"TEXT" "PLAIN" ("CHARSET" "US-ASCII")'
"""RFC 2045 §5.2: what is without a readable Content-Type."""

_PEOPLE = ("from", "sender", "reply-to", "to", "cc", "bcc")
_NOT_AS_IS = b'\n\r\0"\\' + bytes(range(128, 256))
"""Octets that are not simply put between quotes."""


def string(text: bytes) -> bytes:
    """RFC 9051 §9 string: quoted where every octet may be in one, else a literal."""
    if len(text.translate(None, _NOT_AS_IS)) == len(text):  # nearly always
        return b'"%b"' % text
    if text.isascii() and b"\n" not in text and b"\r" not in text and b"\0" not in text:
        return b'"%b"' % text.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    text = text.replace(b"\0", b"")
    return b"{%d}\r\n%b" % (len(text), text)


def nstring(raw: bytes | None) -> bytes:
    """A header value, NIL where the field is absent."""
    if raw is None:
        return b"NIL"
    if len(raw.translate(None, _NOT_AS_IS)) == len(raw):  # there is nothing to unfold either
        return b'"%b"' % raw.strip(b" \t")
    return string(unfold(raw))


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

    def _envelope(self, fields: Fields) -> bytes:
        get = fields.get
        people = tuple(map(get, _PEOPLE))
        octets = octets_of(people)
        if octets > self._octets:
            people = tuple([self._cut(raw) for raw in people])
        else:
            self._octets -= octets
        return b"(%b %b %b %b %b)" % (
            nstring(get("date")),
            nstring(get("subject")),
            _address_lists(people),
            nstring(get("in-reply-to")),
            nstring(get("message-id")),
        )

    def _cut(self, raw: bytes | None) -> bytes | None:
        """As much of a field as the budget has left."""
        if raw is None:
            return None
        raw = raw[: self._octets]
        self._octets -= len(raw)
        return raw

    def _write(self, entity: Entity, body: list[bytes], structure: list[bytes]) -> None:
        """One goes like the other, but that BODYSTRUCTURE has more at the end of each part."""
        forms = entity.head.forms or _forms(entity.head)
        if entity.head.multipart:
            body.append(b"(")
            structure.append(b"(")
            for child in entity.children:
                self._write(child, body, structure)
        else:
            self._write_single(entity, forms.start, body, structure)
        body.append(forms.body_end)
        structure.append(forms.structure_end)

    def _write_single(self, entity: Entity, start: bytes, body: list[bytes], structure: list[bytes]) -> None:
        text = b"%b%d" % (start, entity.end - entity.body)
        encloses = entity.head.encloses
        if encloses and entity.children:
            text += b" %b " % self.envelope(entity.children[0])
            body.append(text)
            structure.append(text)
            self._write(entity.children[0], body, structure)
            text = b""
        elif encloses:  # unreadable under its encoding, or too deep: the grammar wants one all the same
            text += b" %b %b" % (_NO_ENVELOPE, _EMPTY_TEXT)
        if encloses or entity.head.type == "text":
            text += b" %d" % entity.lines
        body.append(text)
        structure.append(text)


def _forms(head: Head) -> Forms:
    """What is the same of all parts with this head."""
    *_, identity, description, language, location, md5 = head.label
    kind = _token(head.subtype)
    end = _extension(head.label[2], language, location)
    if head.multipart:
        forms = Forms(b"", b" %b)" % kind, b" %b %b%b" % (kind, _params(head.sent_params), end))
    else:
        start = b"(%b %b %b %b " % (_media_type(head), nstring(identity), nstring(description), _token(head.encoding))
        forms = Forms(start, b")", b" %b%b" % (nstring(md5), end))
    head.forms = forms
    return forms


def _media_type(head: Head) -> bytes:
    """Type, subtype and parameters."""
    if head.typed:
        return b"%b %b %b" % (_token(head.type), _token(head.subtype), _params(head.sent_params))
    return _PLAIN_TEXT if head.type == "text" else b'"MESSAGE" "RFC822" NIL'  # RFC 2046 §5.1.5: within a digest


def _token(text: str) -> bytes:
    """A type or an encoding: `params` lets no octet into it that would have to be quoted."""
    return b'"%b"' % text.upper().encode()


@remembered_by(octets_of)
def _address_lists(people: Values) -> bytes:
    """The values of `_PEOPLE` as an envelope has them: whoever wrote it also sent it, and gets the answers, if nothing else is
    said (RFC 9051 §7.5.2)."""
    lists = [_address_list(raw) if raw else b"" for raw in people]
    author = lists[0]
    return b" ".join([own or (author if place < 3 else b"") or b"NIL" for place, own in enumerate(lists)])


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


def _extension(disposition: bytes | None, language: bytes | None, location: bytes | None) -> bytes:
    """Disposition, language and location, and the closing parenthesis."""
    return b" %b %b %b)" % (
        _disposition(disposition) if disposition else b"NIL",
        _language(language),
        b"NIL" if location is None else string(b"".join(unfold(location).split())),
    )


def _disposition(raw: bytes) -> bytes:
    kind = params.leading_token(raw)
    return b"(%b %b)" % (_token(kind), _params(params.sent_params(raw))) if kind else b"NIL"


def _language(raw: bytes | None) -> bytes:
    tags = [string(tag.encode()) for tag in languages(raw)]
    if not tags:
        return b"NIL"
    return tags[0] if len(tags) == 1 else b"(%b)" % b" ".join(tags)
