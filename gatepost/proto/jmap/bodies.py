"""The body as clients see it: parts, the flat lists of them, and their text (RFC 8621 §4.1.4)."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

import msgspec

from gatepost.model.message import Part
from gatepost.proto.jmap.blobs import BlobRef
from gatepost.proto.jmap.errors import Object
from gatepost.proto.jmap.headers import header_property, raw_headers, read_property
from gatepost.proto.mime import decoded_body, header_fields, part_text

DEFAULT_PART_PROPERTIES = (
    "partId", "blobId", "size", "name", "type", "charset", "disposition", "cid", "language", "location",
)  # fmt: skip
PART_PROPERTIES = frozenset({*DEFAULT_PART_PROPERTIES, "headers", "subParts"})
_IDENTITY = frozenset({"7bit", "8bit", "binary", ""})
_KNOWN_ENCODINGS = _IDENTITY | {"base64", "quoted-printable", "x-uuencode"}
_MEDIA = frozenset({"image", "audio", "video"})


class Node(msgspec.Struct, frozen=True):
    """A part with its place: `number` is the partId, as IMAP numbers parts; empty for a multipart (RFC 8621: null)."""

    part: Part
    number: str
    nodes: tuple[Node, ...] = ()

    @property
    def type(self) -> str:
        """`text/plain`"""
        return f"{self.part.type}/{self.part.subtype}"

    @property
    def multipart(self) -> bool:
        """Whether it has parts instead of content."""
        return self.part.type == "multipart"


def body_tree(root: Part) -> Node:
    """The parts of a message, enclosed messages closed (RFC 8621 bodyStructure)."""
    return _node(root, "") if root.type == "multipart" else _node(root, "1")


def _node(part: Part, number: str) -> Node:
    if part.type != "multipart":
        return Node(part, number)
    prefix = f"{number}." if number else ""
    inner = tuple(_node(child, f"{prefix}{i}") for i, child in enumerate(part.parts, start=1))
    return Node(part, "", inner)


def leaves(node: Node) -> Iterator[Node]:
    """Depth first, multiparts left out."""
    if not node.multipart:
        yield node
    for inner in node.nodes:
        yield from leaves(inner)


class Lists(msgspec.Struct):
    """The flat view of a body."""

    text: list[Node]
    html: list[Node]
    attachments: list[Node]


def flatten(root: Node) -> Lists:
    """RFC 8621 §4.1.4, its suggested algorithm."""
    lists = Lists([], [], [])
    _flatten((root,), "mixed", False, lists.html, lists.text, lists.attachments)
    return lists


def _flatten(
    nodes: tuple[Node, ...],
    within: str,
    alternative: bool,
    html: list[Node] | None,
    text: list[Node] | None,
    attachments: list[Node],
) -> None:
    texts, htmls = len(text or ()), len(html or ())
    for i, node in enumerate(nodes):
        if node.multipart:
            kind = node.part.subtype
            _flatten(node.nodes, kind, alternative or kind == "alternative", html, text, attachments)
        elif not _inline(node, within, first=i == 0):
            attachments.append(node)
        elif within == "alternative":
            target = {"text/plain": text, "text/html": html}.get(node.type, attachments)
            if target is not None:
                target.append(node)
        else:
            if alternative and node.type == "text/plain":
                html = None
            if alternative and node.type == "text/html":
                text = None
            for target in (text, html):
                if target is not None:
                    target.append(node)
            if (text is None or html is None) and node.part.type in _MEDIA:
                attachments.append(node)
    if within == "alternative" and text is not None and html is not None:
        if len(text) == texts and len(html) != htmls:
            text.extend(html[htmls:])
        elif len(html) == htmls and len(text) != texts:
            html.extend(text[texts:])


def _inline(node: Node, within: str, first: bool) -> bool:
    part = node.part
    if part.disposition == "attachment":
        return False
    if node.type not in ("text/plain", "text/html") and part.type not in _MEDIA:
        return False
    return first or (within != "related" and (part.type in _MEDIA or not part.filename))


def needs_content(properties: tuple[str, ...]) -> bool:
    """Whether these EmailBodyPart properties cannot be told from the index alone."""
    return any(name in ("size", "headers") or name.startswith("header:") for name in properties)


def part_object(node: Node, properties: tuple[str, ...], blob: BlobRef, content: bytes, deep: bool) -> Object:
    """The EmailBodyPart; `deep` with its subParts. `content` is the whole message, or empty if `needs_content` says so."""
    part = node.part
    found: Object = {}
    fields = header_fields(content, part) if any(name.startswith("header") for name in properties) else []
    for name in properties:
        if (wanted := header_property(name)) is not None:
            found[name] = read_property(wanted, fields)
        elif name == "headers":
            found[name] = raw_headers(fields)
        elif name == "subParts":
            found[name] = None
        else:
            found[name] = _part_property(name, node, blob, content)
    if deep and node.multipart:
        found["subParts"] = [part_object(inner, properties, blob, content, deep) for inner in node.nodes]
    return found


def _part_property(name: str, node: Node, blob: BlobRef, content: bytes) -> object:
    part = node.part
    match name:
        case "partId":
            return node.number or None
        case "blobId":
            return None if node.multipart else str(blob.part(part))
        case "size":
            return 0 if node.multipart else decoded_size(part, content)
        case "name":
            return part.filename or None
        case "type":
            return node.type
        case "charset":
            return (part.charset or "us-ascii") if part.type == "text" else None
        case "disposition":
            return part.disposition or None
        case "cid":
            return part.content_id or None
        case "language":
            return list(part.language) or None
        case _:
            return part.location or None


def decoded_size(part: Part, content: bytes) -> int:
    """Octets of the part's body once its transfer encoding is undone."""
    return part.end - part.body if part.encoding in _IDENTITY else len(decoded_body(content, part))


def body_value(part: Part, content: bytes, limit: int) -> Object:
    """The EmailBodyValue, cut to at most `limit` octets of UTF-8 where that is not 0."""
    text = part_text(content, part).replace("\r\n", "\n")
    cut = truncate(text, limit, part.subtype == "html") if limit else text
    return {
        "value": cut,
        "isEncodingProblem": "\ufffd" in text or _misencoded(part, content),
        "isTruncated": len(cut) < len(text),
    }


_OPEN_TAG = re.compile(r"<[^<>]*\Z")


def truncate(text: str, limit: int, html: bool = False) -> str:
    """At most `limit` octets of UTF-8, never within a character, nor within an HTML tag (RFC 8621 §4.2)."""
    octets = text.encode("utf-8", "replace")
    if len(octets) <= limit:
        return text
    cut = octets[:limit].decode("utf-8", "ignore")
    return _OPEN_TAG.sub("", cut) if html else cut


def _misencoded(part: Part, content: bytes) -> bool:
    if part.encoding not in _KNOWN_ENCODINGS:
        return True
    try:
        codec = codecs.lookup(part.charset or "utf-8").name
        decoded_body(content, part).decode("utf-8" if codec == "ascii" else codec)
    except (LookupError, UnicodeError, ValueError):
        return True
    return False
