"""A message to be written, as a value, and its octets (RFC 5322, RFC 2045). What a client wants is read in `compose`."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping

import msgspec

from gatepost.proto.jmap.header_writing import LONGEST_LINE

_LINE_END = re.compile(r"\r\n|\r|\n")
_BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)")


class Field(msgspec.Struct, frozen=True):
    """One header field; `value` raw, with its leading space."""

    name: str
    value: str


class Leaf(msgspec.Struct, frozen=True):
    """A part with content: `text`, or the blob of this id. `params` ends the Content-Type field."""

    type: str
    params: str = ""
    fields: tuple[Field, ...] = ()
    text: str | None = None
    blob: str = ""


class Branch(msgspec.Struct, frozen=True):
    """A multipart."""

    type: str
    fields: tuple[Field, ...]
    parts: tuple[Leaf | Branch, ...]


class Composed(msgspec.Struct, frozen=True):
    """A whole message."""

    fields: tuple[Field, ...]
    body: Leaf | Branch


def blob_ids(part: Leaf | Branch) -> Iterator[str]:
    """The blobs that it takes content from."""
    if isinstance(part, Leaf):
        if part.text is None:
            yield part.blob
    else:
        for inner in part.parts:
            yield from blob_ids(inner)


def write_message(message: Composed, blobs: Mapping[str, bytes], token: str) -> bytes:
    """Its octets, CRLF throughout. `blobs` has the content of each of `blob_ids`; `token` is random text for boundaries."""
    writer = _Writer(blobs, token)
    head = _header((Field("MIME-Version", " 1.0"), *message.fields))
    return head + writer.part(message.body)


def _header(fields: tuple[Field, ...]) -> bytes:
    return b"".join(f"{field.name}:{field.value}\r\n".encode("utf-8", "replace") for field in fields)


class _Writer:
    def __init__(self, blobs: Mapping[str, bytes], token: str) -> None:
        self._blobs, self._token, self._boundaries = blobs, token, 0

    def part(self, part: Leaf | Branch) -> bytes:
        """Header (the part's own fields), empty line, body."""
        return self._leaf(part) if isinstance(part, Leaf) else self._branch(part)

    def _branch(self, part: Branch) -> bytes:
        self._boundaries += 1
        boundary = f"=_{self._token}_{self._boundaries}"
        out = [
            _header((*part.fields, Field("Content-Type", f' {part.type};\r\n boundary="{boundary}"'))),
        ]
        for inner in part.parts:
            out.append(f"\r\n--{boundary}\r\n".encode() + self.part(inner))
        out.append(f"\r\n--{boundary}--\r\n".encode())
        return b"".join(out)

    def _leaf(self, part: Leaf) -> bytes:
        if part.text is not None:
            encoding, body = encode_text(part.text)
        else:
            encoding, body = encode_octets(part.type, self._blobs[part.blob])
        fields = (
            *part.fields,
            Field("Content-Type", f" {part.type}{part.params}"),
            Field("Content-Transfer-Encoding", f" {encoding}"),
        )
        return _header(fields) + b"\r\n" + body


def encode_text(text: str) -> tuple[str, bytes]:
    """Text as UTF-8 with CRLF: as it is if it is short lines of ASCII, else quoted-printable."""
    lines = _LINE_END.split(text)
    if text.isascii() and "\0" not in text and all(len(line) <= LONGEST_LINE for line in lines):
        return "7bit", "\r\n".join(lines).encode()
    octets = "\n".join(lines).encode("utf-8", "replace")
    return "quoted-printable", binascii.b2a_qp(octets, istext=True).replace(b"\n", b"\r\n")


def encode_octets(media: str, octets: bytes) -> tuple[str, bytes]:
    """Base64; an enclosed message stays as it is (RFC 2046 §5.2.1 allows no encoding) unless its lines are unfit to be sent."""
    enclosed = media in ("message/rfc822", "message/global") and not _BARE.search(octets) and b"\0" not in octets
    if enclosed and all(len(line) <= LONGEST_LINE for line in octets.split(b"\r\n")):
        return ("7bit" if octets.isascii() else "8bit"), octets
    encoded = base64.b64encode(octets)
    return "base64", b"\r\n".join(encoded[i : i + 76] for i in range(0, len(encoded), 76))
