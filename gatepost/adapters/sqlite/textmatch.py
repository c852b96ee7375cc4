"""The part of a search that SQL cannot answer: text, decoded and compared without regard to case (RFC 9051 §6.4.4).

Texts that were kept (`texts`) are compared as they are. Else a message's octets are read when a criterion first needs them,
its header alone if that is enough; within And and Or the cheap criteria come first.
"""

from __future__ import annotations

from collections.abc import Callable

import apsw

from gatepost.adapters.sqlite import blobs, texts
from gatepost.adapters.sqlite.criteria import has_text, possible
from gatepost.adapters.sqlite.expressions import Sql
from gatepost.adapters.sqlite.indexrows import index_of
from gatepost.adapters.sqlite.searchtext import body_text, fields_of, header_text, spellings
from gatepost.model import search as ask
from gatepost.model.errors import NoSuchBlob
from gatepost.model.mail import BlobId, EmailId
from gatepost.model.search import Criterion
from gatepost.proto import mime
from gatepost.proto.searchform import search_form as fold


class Message:
    """One message under examination. `known` are the values of the parts that SQL answered."""

    def __init__(
        self,
        db: apsw.Connection,
        files: blobs.BlobFiles,
        email: EmailId,
        blob: BlobId,
        header: int,
        known: tuple[int, ...],
    ) -> None:
        self._db, self._files, self._email, self._blob, self._header_size = db, files, email, blob, header
        self.known = known
        self._fields: list[tuple[str, bytes]] | None = None
        self._header: bytes | None = None
        self._kept: bytes | None = None
        self._asked = False
        self._body: bytes | None = None

    def fields(self) -> list[tuple[str, bytes]]:
        """The header's fields, names in lower case, values raw."""
        if self._fields is None:
            self._fields = fields_of(self._octets(self._header_size))
        return self._fields

    def kept_header(self) -> bytes | None:
        """All of the header as `texts` has it; None where it has not."""
        if not self._asked:
            self._kept, self._asked = texts.header_of(self._db, self._email), True
        return self._kept

    def header(self) -> bytes:
        """All of the header, decoded and folded, in UTF-8."""
        if self._header is None:
            kept = self.kept_header()
            self._header = texts.octets(header_text(self.fields())) if kept is None else kept
        return self._header

    def body(self) -> bytes:
        """All text of the body, decoded and folded, in UTF-8."""
        if self._body is None:
            kept = texts.body_of(self._db, self._email)
            self._body = self._decoded_body() if kept is None else kept
        return self._body

    def _decoded_body(self) -> bytes:
        return texts.octets(body_text(self._octets(None), index_of(self._db, self._email)))

    def _octets(self, end: int | None) -> bytes:
        """Of a message whose octets are lost there is nothing to find; the search goes on."""
        try:
            return blobs.read(self._db, self._files, self._blob, 0, end)
        except NoSuchBlob:
            return b""


class Question:
    """A criterion with text in it, made ready: `known` are the SQL expressions whose values each Message must bring."""

    def __init__(self, criterion: Criterion, entry: bool) -> None:
        self.known: list[Sql] = []
        self._entry = entry
        self.matches: Callable[[Message], bool] = self._build(criterion)

    def _build(self, criterion: Criterion) -> Callable[[Message], bool]:
        if not has_text(criterion):
            place = len(self.known)
            self.known.append(possible(criterion, self._entry))
            return lambda message: bool(message.known[place])
        match criterion:
            case ask.And(of):
                parts = [self._build(each) for each in sorted(of, key=cost)]
                return lambda message: all(part(message) for part in parts)
            case ask.Or(of):
                parts = [self._build(each) for each in sorted(of, key=cost)]
                return lambda message: any(part(message) for part in parts)
            case ask.Not(of):
                part = self._build(of)
                return lambda message: not part(message)
            case ask.Header(name, text):
                return _header(name.lower(), fold(text))
            case ask.Addresses(names, text):
                return _addresses(frozenset(name.lower() for name in names), fold(text))
            case ask.Body(text):
                body = texts.octets(fold(text))
                return lambda message: body in message.body()
            case ask.Text(text):
                anywhere = texts.octets(fold(text))
                return lambda message: anywhere in message.header() or anywhere in message.body()
        raise TypeError(f"not a criterion: {type(criterion).__name__}")


def cost(criterion: Criterion) -> int:
    """0 for what SQL knows, 1 for the header, 2 for the body."""
    if isinstance(criterion, (ask.And, ask.Or)):
        return max((cost(each) for each in criterion.of), default=0)
    if isinstance(criterion, ask.Not):
        return cost(criterion.of)
    return 2 if isinstance(criterion, (ask.Body, ask.Text)) else int(has_text(criterion))


def names_of(criterion: Criterion) -> frozenset[str]:
    """The header fields that a criterion about such is about, in lower case; none of any other."""
    if isinstance(criterion, ask.Header):
        return frozenset({criterion.name.lower()})
    return frozenset(name.lower() for name in criterion.names) if isinstance(criterion, ask.Addresses) else frozenset()


def header_test(criterion: Criterion) -> Callable[[bytes], bool | None] | None:
    """For a criterion about header fields: what a kept header says of it, None where it cannot tell. None for any other."""
    if isinstance(criterion, ask.Header):
        start, word = texts.field_start(fold(criterion.name.lower())), texts.octets(fold(criterion.text))
        return lambda header: texts.holds(header, start, word)
    if isinstance(criterion, ask.Addresses):
        starts = [texts.field_start(fold(name.lower())) for name in criterion.names]
        anywhere = texts.octets(fold(criterion.text))
        # as it is written; else it may still be so spelled
        return lambda header: any(texts.holds(header, start, anywhere) for start in starts) or None
    return None


def _header(name: str, text: str) -> Callable[[Message], bool]:
    start, word = texts.field_start(fold(name)), texts.octets(text)

    def matches(message: Message) -> bool:
        kept = message.kept_header()
        if kept is not None:
            return texts.holds(kept, start, word)
        values = (value for field, value in message.fields() if field == name)
        return any(not text or text in fold(mime.decode_text(value)) for value in values)

    return matches


def _addresses(names: frozenset[str], text: str) -> Callable[[Message], bool]:
    starts, word = [texts.field_start(fold(name)) for name in names], texts.octets(text)

    def matches(message: Message) -> bool:
        kept = message.kept_header()
        if kept is not None and any(texts.holds(kept, start, word) for start in starts):
            return True  # as it is written; else it may still be so spelled
        values = (value for field, value in message.fields() if field in names)
        return any(text in spelling for value in values for spelling in spellings(value))

    return matches
