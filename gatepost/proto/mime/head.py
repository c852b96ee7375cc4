"""What the header of one MIME entity says of its body (RFC 2045 §5 to §8, RFC 2183), read once for all that are labelled alike.

A message's parts are labelled by programs, in the same words each time; what differs are the places where they lie.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from gatepost.proto.mime import params
from gatepost.proto.mime.header import indexed_fields, unfold
from gatepost.proto.mime.remembered import Values, octets_of, remembered, remembered_by
from gatepost.proto.mime.words import decode_text

IDENTITY = frozenset({"7bit", "8bit", "binary"})
"""Encodings under which an enclosed message is readable (RFC 2046 §5.2.1)."""

Fields: TypeAlias = Mapping[str, bytes]
"""A header's fields, as `header.indexed_fields` gives them."""
Described: TypeAlias = (
    "tuple[str, str, params.Pairs, str, str, params.Pairs, str, str, tuple[str, ...], str]"  # from `type` to `location`
)
_ENCLOSING = (("message", "rfc822"), ("message", "global"))
"""A message within a message (RFC 2046 §5.2.1, RFC 6532 §3.7)."""
_FIELDS = (
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
    "content-id",
    "content-description",
    "content-language",
    "content-location",
    "content-md5",
)


class Forms(NamedTuple):
    """As IMAP writes it: what comes before a part's size, and what ends its BODY and its BODYSTRUCTURE."""

    start: bytes
    body_end: bytes
    structure_end: bytes


class Head:
    """`label` holds the values of `_FIELDS`. Never changed once it is made, but that `forms` is filled in by who first needs it
    (`imap`)."""

    __slots__ = ("boundary", "described", "encloses", "encoding", "forms", "label", "multipart", "readable", "sent_params",
                 "subtype", "type", "typed")  # fmt: skip

    def __init__(
        self, label: Values, kind: tuple[str, str] | None, default: tuple[str, str] = ("text", "plain")
    ) -> None:
        """`kind` is what Content-Type says, None where that is not to be taken."""
        raw, encoding, disposition, identity, description, language, location, _ = label
        self.label = label
        self.type, self.subtype = kind or default
        self.typed = kind is not None
        self.multipart = self.type == "multipart"
        self.encloses = (self.type, self.subtype) in _ENCLOSING
        self.sent_params: params.SentPairs = params.sent_params(raw) if raw is not None and kind is not None else ()
        self.boundary = _boundary(self.sent_params) if self.multipart else b""
        self.encoding = (params.leading_token(encoding) if encoding else "") or "7bit"  # RFC 2045 §6.1
        if kind is not None and kind[0] == "multipart" and self.encoding not in IDENTITY:
            self.encoding = "7bit"  # RFC 2045 §6.4 forbids it; its parts are there all the same
        self.readable = self.encoding in IDENTITY
        self.described: Described = (
            self.type,
            self.subtype,
            params.decoded_params(raw) if raw is not None and self.sent_params else (),
            self.encoding,
            params.leading_token(disposition) if disposition else "",
            params.decoded_params(disposition) if disposition else (),
            _identity(identity),
            decode_text(description) if description is not None else "",
            languages(language),
            "".join(decode_text(location).split()) if location is not None else "",
        )
        self.forms: Forms | None = None

    def demoted(self) -> Head:
        """Of a multipart that is none: text/plain, as RFC 2045 §5.2 takes what it cannot read."""
        raw, _, *others = self.label
        return Head((raw, self.encoding.encode(), *others), None)


@remembered
def read_head(block: bytes) -> tuple[Fields, Head]:
    """The octets of a header; its fields, and what they say of its body. Not to be changed."""
    fields = indexed_fields(block)
    return fields, _labelled(tuple(map(fields.get, _FIELDS)))


@remembered_by(octets_of)
def _labelled(label: Values) -> Head:
    raw = label[0]
    return Head(label, None if raw is None else params.media_type(raw))


@remembered_by(octets_of)
def in_digest(label: Values) -> Head:
    """Without a Content-Type within multipart/digest (RFC 2046 §5.1.5)."""
    return Head(label, None, ("message", "rfc822"))


def _boundary(sent: params.SentPairs) -> bytes:
    for name, value in sent:
        if name.lower() == b"boundary":
            return value.rstrip(b" \t")
    if any(name.lower().startswith(b"boundary*") for name, _ in sent):
        return dict(params.decode_params(sent)).get("boundary", "").encode().rstrip(b" \t")
    return b""


def _identity(raw: bytes | None) -> str:
    """Content-ID without its brackets."""
    if raw is None:
        return ""
    line = unfold(raw)
    return decode_text(line[1:-1] if line[:1] == b"<" and line[-1:] == b">" else line) if line else ""


def languages(raw: bytes | None) -> tuple[str, ...]:
    """Content-Language's tags (RFC 3282 §2)."""
    if raw is None:
        return ()
    return tuple(tag for tag in (item.strip() for item in decode_text(raw).split(",")) if tag)
