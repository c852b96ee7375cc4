"""Blob ids: a message or upload, or a part inside of one, named by where its octets lie.

`B<hex>` is stored octets; `B<hex>-10-250-b` the octets [10:250] of it with base64 undone. Parts of an enclosed message
add another such step; steps through undecoded octets are folded into one. Only characters of RFC 8620 §1.2.
"""

from __future__ import annotations

import re

import msgspec

from gatepost.model.mail import BlobId
from gatepost.model.message import Part

_CODES = {"base64": "b", "quoted-printable": "q", "x-uuencode": "u"}
_ENCODINGS = {code: name for name, code in _CODES.items()} | {"n": "binary"}
_ID = re.compile(r"B([0-9a-f]{8,128})((?:-[0-9]{1,10}-[0-9]{1,10}-[nbqu])*)", re.ASCII)
_STEP = re.compile(r"-([0-9]+)-([0-9]+)-([nbqu])", re.ASCII)


class Slice(msgspec.Struct, frozen=True):
    """Octets [start:end], then their transfer encoding undone."""

    start: int
    end: int
    encoding: str = "binary"

    @property
    def verbatim(self) -> bool:
        """Whether nothing has to be decoded."""
        return self.encoding not in _CODES


class BlobRef(msgspec.Struct, frozen=True):
    """Stored octets, and the way inside."""

    blob: BlobId
    steps: tuple[Slice, ...] = ()

    def __str__(self) -> str:
        steps = "".join(f"-{s.start}-{s.end}-{_CODES.get(s.encoding, 'n')}" for s in self.steps)
        return f"B{self.blob}{steps}"

    def part(self, part: Part) -> BlobRef:
        """The decoded body of a part of the message that this blob is."""
        step = Slice(part.body, part.end, part.encoding if part.encoding in _CODES else "binary")
        if self.steps and self.steps[-1].verbatim:
            base = self.steps[-1].start
            return BlobRef(self.blob, (*self.steps[:-1], Slice(base + step.start, base + step.end, step.encoding)))
        return BlobRef(self.blob, (*self.steps, step))


def parse_blob_id(text: object) -> BlobRef | None:
    """None if it cannot be a blob's id. Whether the octets exist is the store's to say."""
    match = _ID.fullmatch(text) if isinstance(text, str) and len(text) <= 255 else None
    if match is None:
        return None
    steps = tuple(Slice(int(a), int(b), _ENCODINGS[c]) for a, b, c in _STEP.findall(match[2]))
    return BlobRef(BlobId(match[1]), steps) if all(step.start <= step.end for step in steps) else None
