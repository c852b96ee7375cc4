"""What of a message is searched, decoded and folded (`proto.searchform`): one definition for the evaluation and for the index.

Law: every text that a criterion is compared with stands in `header_document` or in `body_text`, character for character, so
that a word which is not in the index is in no message. Whoever changes how text is decoded or folded adds a migration that
calls `searchindex.queue_all`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gatepost.model.message import MessageIndex, Part
from gatepost.proto import mime
from gatepost.proto.searchform import search_form as fold

Fields = Sequence[tuple[str, bytes]]
ADDRESS_FIELDS = frozenset({"from", "to", "cc", "bcc", "sender", "reply-to"})
"""Header fields whose addresses the index knows in every spelling."""


def fields_of(header: bytes) -> list[tuple[str, bytes]]:
    """The fields of a header's octets, names in lower case, values raw."""
    size = len(header)
    return [(name.lower(), value) for name, value in mime.header_fields(header, Part(start=0, body=size, end=size))]


def header_text(fields: Fields) -> str:
    """All of the header, a field a line."""
    lines = [(name, mime.decode_text(value)) for name, value in fields]
    text = "\n".join([f"{name}: {value}" for name, value in lines])
    return fold(text) if text.isascii() else "\n".join([f"{fold(name)}: {fold(value)}" for name, value in lines])


def spellings(value: bytes) -> Iterator[str]:
    """An address header as people search it: as written, and each `name <email>` with quotes and comments undone."""
    yield fold(mime.decode_text(value))
    for address in mime.parse_addresses(value):
        yield fold(f"{address.name} <{address.email}>")


def header_document(fields: Fields, text: str) -> str:
    """The header's text, as `header_text` gives it, and every spelling of its addresses."""
    more = [spelling for name, value in fields if name in ADDRESS_FIELDS for spelling in spellings(value)]
    return "\n".join([text, *(spelling for spelling in dict.fromkeys(more) if spelling not in text)])


def body_text(content: bytes, index: MessageIndex) -> str:
    """All text that a reader of the body sees, and what tells enclosed messages and files from each other."""
    return fold(f"{mime.search_text(content, index.root)}\n{mime.enclosed_text(content, index.root)}")
