"""APPEND, then FETCH: the same octets, and a structure that agrees with itself and with two other parsers where they are right."""

from __future__ import annotations

import email
import email.message
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from corpus_imap import Client, Fetched
from corpus_messages import OWN, cpython, crlf, spam_assassin
from fast_mail_parser import ParseError, parse_email_tree

WHOLE = (
    "UID RFC822.SIZE ENVELOPE BODY BODYSTRUCTURE BODY.PEEK[] BODY.PEEK[HEADER] BODY.PEEK[TEXT] BINARY.PEEK[] "
    "BODY.PEEK[HEADER.FIELDS (SUBJECT MESSAGE-ID)] BODY.PEEK[HEADER.FIELDS.NOT (SUBJECT MESSAGE-ID)] "
    "BODY.PEEK[]<3.50> BODY.PEEK[]<0.1> BODY.PEEK[]<100000000.9> BODY.PEEK[HEADER]<5.40>"
)
_ENDS_LINES_ELSE = re.compile(rb"\r(?!\n)|\0")
"""Octets that the library takes for line ends, or loses."""
KNOWN = {"7bit", "8bit", "binary", "base64", "quoted-printable"}
LIBRARY_IS_WRONG = {
    "msg_37.txt": "two delimiter lines one after the other have an empty part between them",
    "bad-types": "`/` is no media type (RFC 2045 §5.2)",
    "bad-quoted-printable": "blanks after a soft line break are not there (RFC 2045 §6.7)",
}
MOST_PARTS = 40
"""Parts looked at of one message."""


class Leaf(msgspec.Struct):
    """A part without parts of its own, as BODYSTRUCTURE has it."""

    path: str
    type: str
    encoding: str
    size: int
    lines: int | None
    depth: int


def leaves(body: list[Any], path: str = "", depth: int = 0) -> Iterator[Leaf]:
    if isinstance(body[0], list):
        parts = [part for part in body if isinstance(part, list)]
        count = next(index for index, item in enumerate(body) if not isinstance(item, list))
        for number, part in enumerate(parts[:count], 1):
            yield from leaves(part, f"{path}.{number}" if path else str(number), depth + 1)
        return
    kind = f"{body[0].decode()}/{body[1].decode()}".lower()
    here = path or "1"
    if kind in ("message/rfc822", "message/global"):
        inner = body[8]
        if not isinstance(inner[0], list):  # numbers go on within: a single part is .1 of the message
            yield from leaves(inner, f"{here}.1", depth + 1)
        else:
            yield from leaves(inner, here, depth + 1)
        return
    lines = body[7] if kind.startswith("text/") else None
    yield Leaf(here, kind, body[5].decode().lower(), body[6], lines, depth)


def tree(body: list[Any]) -> Any:
    """Types only, as nested lists."""
    if isinstance(body[0], list):
        count = next(index for index, item in enumerate(body) if not isinstance(item, list))
        return [f"multipart/{body[count].decode().lower()}", *(tree(part) for part in body[:count])]
    kind = f"{body[0].decode()}/{body[1].decode()}".lower()
    return [kind, tree(body[8])] if kind in ("message/rfc822", "message/global") else [kind]


def their_tree(part: email.message.Message) -> Any:
    kind = part.get_content_type()
    inner = part.get_payload() if part.is_multipart() and kind.startswith(("multipart/", "message/rfc822")) else []
    return [kind, *(their_tree(child) for child in inner)]  # type: ignore[arg-type]


def is_right(parsed: email.message.Message) -> bool:
    """Whether the library read the message without a fault of the message's."""
    return not any(
        part.defects or (part.get_content_maintype() == "multipart" and not part.is_multipart())
        for part in parsed.walk()
    )


def unfolded(value: str | None) -> bytes | None:
    if value is None:
        return None
    return b"".join(value.encode("utf-8", "surrogateescape").replace(b"\r", b"").split(b"\n")).strip(b" \t")


async def examine(client: Client, fetched: Fetched, content: bytes, name: str) -> None:
    """Everything about one message."""
    shown = content.replace(b"\0", b"\x80")
    assert fetched["RFC822.SIZE"] == len(content), name
    assert fetched["BINARY[]"] == content, name
    assert fetched["BODY[]"] == shown, name
    assert fetched["BODY[HEADER]"] + fetched["BODY[TEXT]"] == shown, name
    assert fetched["BODY[]<3>"] == shown[3:53], name
    assert fetched["BODY[]<0>"] == shown[:1]
    assert fetched["BODY[]<100000000>"] == b""
    assert fetched["BODY[HEADER]<5>"] == fetched["BODY[HEADER]"][5:45]
    assert len(fetched["ENVELOPE"]) == 10
    short, long = fetched["BODY"], fetched["BODYSTRUCTURE"]
    assert tree(short) == tree(long), name
    too_deep = name.startswith("ten-thousand-")  # the libraries recurse
    parsed = email.message.Message() if too_deep else email.message_from_bytes(content)
    right = is_right(parsed) and not (too_deep or name in LIBRARY_IS_WRONG or _ENDS_LINES_ELSE.search(content))
    if right:
        assert tree(long) == their_tree(parsed), name
        _compare_headers(fetched, parsed, name)
    second = _second_opinion(tree(long), content) if right else None
    ours = list(leaves(long))
    if len(ours) > MOST_PARTS:
        right, second, ours = False, None, [*ours[:5], *ours[-5:]]
    theirs = [part for part in parsed.walk() if part.get_content_type() in {leaf.type for leaf in ours}]
    theirs = [part for part in theirs if not part.is_multipart() or part.get_content_maintype() == "message"]
    await _parts(client, fetched, ours, theirs if right and len(theirs) == len(ours) else None, second, name)


async def _parts(
    client: Client,
    fetched: Fetched,
    ours: list[Leaf],
    theirs: list[email.message.Message] | None,
    second: list[bytes] | None,
    name: str,
) -> None:
    items = []
    for leaf in ours:
        items += [f"BODY.PEEK[{leaf.path}]", f"BODY.PEEK[{leaf.path}.MIME]", f"BODY.PEEK[{leaf.path}]<2.7>"]
        if leaf.encoding in KNOWN:
            items += [f"BINARY.PEEK[{leaf.path}]", f"BINARY.SIZE[{leaf.path}]", f"BINARY.PEEK[{leaf.path}]<1.4>"]
    [got] = await client.fetch(str(fetched["number"]), " ".join(items))
    for index, leaf in enumerate(ours):
        body, header = got[f"BODY[{leaf.path}]"], got[f"BODY[{leaf.path}.MIME]"]
        if body is None:  # what an enclosed message that nobody could read is said to hold
            assert header is None, (name, leaf)
            assert leaf.size == 0, (name, leaf)
            continue
        assert len(body) == leaf.size, (name, leaf)
        assert header + body in fetched["BODY[]"], (name, leaf)
        assert got[f"BODY[{leaf.path}]<2>"] == body[2:9]
        if leaf.lines is not None:
            assert leaf.lines == body.count(b"\n") + (body[-1:] not in (b"\n", b"")), (name, leaf)
        if leaf.encoding not in KNOWN:
            continue
        decoded = got[f"BINARY[{leaf.path}]"]
        assert len(decoded) == got[f"BINARY.SIZE[{leaf.path}]"], (name, leaf)
        assert got[f"BINARY[{leaf.path}]<1>"] == decoded[1:5]
        if second is not None and (leaf.encoding != "quoted-printable" or body.isascii()):  # it drops bare 8-bit there
            assert _same(decoded, second[index], leaf), (name, leaf)
        if theirs is not None and not theirs[index].is_multipart():
            payload = theirs[index].get_payload(decode=True)
            assert isinstance(payload, bytes)
            if theirs[index].defects:  # found only now: base64 that the library gives up on
                continue
            assert _same(decoded, payload, leaf), (name, leaf)


def _same(ours: bytes, theirs: bytes, leaf: Leaf) -> bool:
    """Blanks at the ends of quoted-printable lines are the transport's (RFC 2045 §6.7), which the library forgets; where
    base64 holds rubbish each guesses for itself."""
    if leaf.encoding == "quoted-printable":
        return _bare_lines(ours) == _bare_lines(theirs)
    return ours.rstrip(b"\r\n") == theirs.rstrip(b"\r\n")


def _bare_lines(octets: bytes) -> list[bytes]:
    return [line.rstrip() for line in octets.rstrip().split(b"\n")]


def _compare_headers(fetched: Fetched, parsed: email.message.Message, name: str) -> None:
    envelope = fetched["ENVELOPE"]
    for place, field in ((0, "date"), (1, "subject"), (8, "in-reply-to"), (9, "message-id")):
        raw = parsed.get_all(field)
        expected = unfolded(str(raw[0]) if raw and isinstance(raw[0], str) else None) if raw else None
        if raw and not isinstance(raw[0], str):  # 8-bit octets: the library wraps them
            continue
        assert envelope[place] == expected, (name, field)
    chosen = fetched["BODY[HEADER.FIELDS (SUBJECT MESSAGE-ID)]"]
    rest = fetched["BODY[HEADER.FIELDS.NOT (SUBJECT MESSAGE-ID)]"]
    names = [key.lower() for key in parsed]
    found = [key.lower() for key in email.message_from_bytes(chosen)]
    assert found == [key for key in names if key in ("subject", "message-id")], name
    assert len(email.message_from_bytes(rest)) == len(names) - len(found), name


def _second_opinion(structure: Any, content: bytes) -> list[bytes] | None:
    """fast-mail-parser's octets of each leaf, where it finds the same parts."""
    try:
        root = parse_email_tree(content)
    except ParseError:
        return None

    def shape(part: Any) -> Any:
        return [part.content_type.lower(), *(shape(child) for child in part.children)]

    def contents(part: Any) -> list[bytes]:
        return [octets for child in part.children for octets in contents(child)] if part.children else [part.content]

    return contents(root) if shape(root) == structure else None


async def run(client: Client, messages: dict[str, bytes]) -> None:
    names = list(messages)
    for start in range(0, len(names), 50):
        await client.append(*(messages[name] for name in names[start : start + 50]))
    await client.ask(b"SELECT INBOX")
    for start in range(1, len(names) + 1, 50):
        end = min(start + 49, len(names))
        fetched = await client.fetch(f"{start}:{end}", WHOLE)
        assert [one["number"] for one in fetched] == list(range(start, end + 1))
        for one in fetched:
            name = names[one["number"] - 1]
            await examine(client, one, messages[name], name)


@pytest.mark.timeout(180)
async def test_our_own(client: Client) -> None:
    await run(client, OWN)


@pytest.mark.parametrize("ends", ["as-they-are", "crlf"])
async def test_cpython(client: Client, ends: str) -> None:
    messages = cpython()
    await run(
        client, messages if ends == "as-they-are" else {name: crlf(content) for name, content in messages.items()}
    )


@pytest.mark.timeout(600)
@pytest.mark.parametrize("ends", ["as-they-are", "crlf"])
async def test_spam_assassin(client: Client, ends: str) -> None:
    messages = spam_assassin()
    await run(
        client, messages if ends == "as-they-are" else {name: crlf(content) for name, content in messages.items()}
    )


@pytest.mark.timeout(180)
async def test_fifty_megabytes(client: Client) -> None:
    """Streamed both ways; a part in its middle is found."""
    filler = b"0123456789abcdef" * 4 + b"\r\n"
    count = 50 * 1024 * 1024 // 2 // len(filler)
    content = b"Subject: big\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n" + filler * count
    content += b"\r\n--x\r\nContent-Type: text/html\r\n\r\nmiddle\r\n--x\r\n\r\n" + filler * count + b"\r\n--x--\r\n"
    await client.append(content)
    await client.ask(b"SELECT INBOX")
    [got] = await client.fetch(
        "1", "RFC822.SIZE BODY.PEEK[] BODY.PEEK[2] BODY.PEEK[3]<100.66> BINARY.SIZE[1] BODYSTRUCTURE"
    )
    assert got["RFC822.SIZE"] == len(content)
    assert got["BODY[]"] == content
    assert got["BODY[2]"] == b"middle"
    assert got["BODY[3]<100>"] == (filler * 3)[100:166]
    assert got["BINARY.SIZE[1]"] == len(filler) * count
