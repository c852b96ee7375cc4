"""body (RFC 5173): what a script asks of a message's body. Its `:matches` sets no match variables (§6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from gatepost.model.message import Part
from gatepost.proto import mime
from gatepost.proto.sieve.binding import Bound, Check, TagRule, Test
from gatepost.proto.sieve.matching import MATCH_TAGS, matcher
from gatepost.proto.sieve.message import MessageView
from gatepost.proto.sieve.run import Run

Extract = Callable[[Run], list[bytes]]


def _body(bound: Bound) -> Check:
    match = matcher(bound, bound.texts(0), record=False)
    extract = _extract(bound)

    def body(run: Run) -> bool:
        run.spend(len(run.message.content))
        if _has_no_body(run.message):
            return False
        return match(run, extract(run))

    return body


def _has_no_body(message: MessageView) -> bool:
    """§4: a header only, and no empty line after it."""
    root, content = message.root, message.content
    return root.body == root.end and not content.endswith((b"\n\n", b"\n\r\n")) and content not in (b"\n", b"\r\n")


def _extract(bound: Bound) -> Extract:
    if bound.has("raw"):
        return lambda run: [run.message.content[run.message.root.body :]]
    if not bound.has("content"):
        return lambda run: run.once(("text",), partial(_octets, run.message, _READING), partial(_texts, run.message))
    types = bound.texts("content")

    def content(run: Run) -> list[bytes]:
        wanted = frozenset(kind.value(run).decode("utf-8", "replace").lower() for kind in types)
        return run.once(("content", wanted), partial(_octets, run.message), partial(_contents, run.message, wanted))

    return content


_READING = 20
"""How much dearer an octet of HTML is to read as text than to look at."""
_PART = 1024


def _octets(message: MessageView, factor: int = 1) -> int:
    """What going through a message's parts costs: those that are text, and each part."""
    parts = list(mime.walk(message.root))
    html = sum(part.end - part.body for part in parts if part.type == "text" and part.subtype == "html")
    text = sum(part.end - part.body for part in parts if part.type == "text" and part.subtype != "html")
    return html * factor + text * 2 + len(parts) * _PART


def _texts(message: MessageView) -> list[bytes]:
    return [_text(message.content, part) for part in mime.walk(message.root) if part.type == "text"]


def _contents(message: MessageView, wanted: frozenset[str]) -> list[bytes]:
    return [
        text
        for part in mime.walk(message.root)
        if any(_is_wanted(part, kind) for kind in wanted)
        for text in _strings(message.content, part)
    ]


def _is_wanted(part: Part, kind: str) -> bool:
    """§5.2: `type/subtype`, `type`, or nothing for everything."""
    if not kind:
        return True
    return kind == f"{part.type}/{part.subtype}" if "/" in kind else kind == part.type


def _text(content: bytes, part: Part) -> bytes:
    text = mime.part_text(content, part)
    return (mime.html_text(text) if part.subtype == "html" else text).encode("utf-8", "replace")


def _strings(content: bytes, part: Part) -> Iterator[bytes]:
    """A part as §5.2 has it searched: prologue and epilogue, an enclosed message's header, or the whole body decoded."""
    if part.type == "multipart" and part.parts:
        line = content.rfind(b"\n", part.body, part.parts[0].start - 1) + 1  # where the first delimiter begins
        yield content[part.body : max(line, part.body)]
        last = part.parts[-1].end
        closing = content.find(b"\n", content.find(b"--", last, part.end), part.end)
        yield content[closing + 1 : part.end] if closing >= 0 and last < part.end else b""
    elif part.type == "message" and part.parts:
        inner = part.parts[0]
        yield content[inner.start : inner.body]
    elif part.type == "text":
        yield mime.part_text(content, part).encode("utf-8", "replace")
    else:
        yield mime.decoded_body(content, part)


WORDS = (
    Test(
        "body",
        "body",
        {
            **MATCH_TAGS,
            "raw": TagRule(group="body transform"),
            "text": TagRule(group="body transform"),
            "content": TagRule("strings", group="body transform"),
        },
        ("strings",),
        build=_body,
    ),
)
