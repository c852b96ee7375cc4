"""Search snippets: where the words of a filter stand in subject and text (RFC 8621 §5)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from gatepost.proto.jmap.bodies import truncate
from gatepost.proto.jmap.filter import tokens

MAX_PREVIEW = 255
"""Octets of a preview, its tags and entities included."""

_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_SPACE = re.compile(r"\s+")


def words_of(condition: Any, names: tuple[str, ...], depth: int = 0) -> Iterator[str]:
    """The words looked for in the given conditions of a filter; those under NOT are not there to be found."""
    if not isinstance(condition, dict) or depth > 16:
        return
    if "operator" in condition:
        inner = condition.get("conditions")
        if condition["operator"] != "NOT" and isinstance(inner, list):
            for item in inner:
                yield from words_of(item, names, depth + 1)
        return
    for name in names:
        if isinstance(condition.get(name), str):
            yield from tokens(condition[name])


def _pattern(words: list[str]) -> re.Pattern[str] | None:
    once = sorted({word for word in words if word}, key=len, reverse=True)[:64]
    return re.compile("|".join(re.escape(word) for word in once), re.IGNORECASE) if once else None


def _escape(text: str) -> str:
    return "".join(_ESCAPES.get(character, character) for character in text)


def _marked(text: str, pattern: re.Pattern[str]) -> str:
    out, end = [], 0
    for match in pattern.finditer(text):
        out += [_escape(text[end : match.start()]), "<mark>", _escape(match[0]), "</mark>"]
        end = match.end()
    return "".join([*out, _escape(text[end:])])


def mark_subject(subject: str, words: list[str]) -> str | None:
    """The subject with its matches in <mark>, None if there is none."""
    pattern = _pattern(words)
    return _marked(subject, pattern) if pattern and pattern.search(subject) else None


def mark_text(text: str, words: list[str]) -> str | None:
    """The text around the first match, at most 255 octets of it; None if there is no match."""
    pattern = _pattern(words)
    match = pattern.search(text) if pattern else None
    if pattern is None or match is None:
        return None
    before = _SPACE.sub(" ", text[max(0, match.start() - 60) : match.start()])
    found = _SPACE.sub(" ", truncate(match[0], 80))
    after = _SPACE.sub(" ", text[match.end() : match.end() + 200])
    head = _escape(truncate(before[-40:], 60))
    if len(head.encode()) > 100:
        head = ""
    snippet = f"{head}<mark>{_fit(found, 120)}</mark>"
    return snippet + _fit(after, MAX_PREVIEW - len(snippet.encode("utf-8", "replace")))


def _fit(text: str, octets: int) -> str:
    """As much of the text as fits once it is escaped; no entity is cut."""
    out, left = [], octets
    for character in text:
        piece = _ESCAPES.get(character, character)
        left -= len(piece.encode("utf-8", "replace"))
        if left < 0:
            break
        out.append(piece)
    return "".join(out)
