"""A message's octets in pieces, as a client may have them: as they are stored, or with its headers in ASCII (RFC 6856 §2.1).

Bodies are always as they are stored. So is what lies in a multipart/signed, whose signature would not fit anything else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from gatepost.model.mail import Outline
from gatepost.model.message import Part
from gatepost.ports.mailstore import AccountMail
from gatepost.proto.mime.surrogate import ascii_header, ascii_only

PIECE = 64 * 1024
"""Octets read and sent at a time: what one slow reader holds in memory."""
LONGEST_HEADER = 256 * 1024
"""Octets of a header that is read whole to be put in ASCII; of a longer one only the octets are replaced."""


async def pieces(mail: AccountMail, email: Outline, as_stored: bool) -> AsyncIterator[tuple[bytes, bool]]:
    """Each with whether it is of the body, which begins with an empty piece: so that nobody reads on for a TOP of no lines. Raises
    NoSuchBlob, StorageUnavailable."""
    place = 0
    for start, end in [(0, email.header)] if as_stored else await _headers(mail, email):
        async for piece in _read(mail, email, place, start):
            yield piece, place > 0
        if as_stored or end - start > LONGEST_HEADER:
            async for piece in _read(mail, email, start, end):
                yield piece if as_stored else ascii_only(piece), start > 0
        else:
            yield ascii_header(await mail.read_blob(email.blob, start, end)), start > 0
        if start == 0:
            yield b"", True
        place = end
    async for piece in _read(mail, email, place, email.size):
        yield piece, True


async def _read(mail: AccountMail, email: Outline, start: int, end: int) -> AsyncIterator[bytes]:
    for place in range(start, end, PIECE):
        yield await mail.read_blob(email.blob, place, min(place + PIECE, end))


async def _headers(mail: AccountMail, email: Outline) -> list[tuple[int, int]]:
    """Where headers are, in order; the message's own first."""
    found = await mail.emails([email.id])
    if not found:  # it has gone from every mailbox; perhaps its octets are still there
        return [(0, email.header)]
    return [(0, email.header), *_inner(found[0].index.root)]


def _inner(part: Part) -> Iterator[tuple[int, int]]:
    if (part.type, part.subtype) == ("multipart", "signed"):
        return
    for inner in part.parts:
        yield inner.start, inner.body
        yield from _inner(inner)
