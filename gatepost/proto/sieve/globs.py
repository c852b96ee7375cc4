"""The wildcard match of `:matches` (RFC 5228 §2.7.1) with what its wildcards stood for (RFC 5229 §3.2).

Not a translation to regular expressions: no backtracking. Between two `*` the leftmost place is the only one that needs
trying, and it makes every `*` match as little as possible.
"""

from __future__ import annotations

import re

_PIECE = re.compile(rb"\\(.)|([*?])|([^*?\\]++|\\\Z)", re.DOTALL)

Segment = tuple[bytes | None, ...]
"""Literal runs and None for each `?`."""


class Glob:
    """A compiled pattern. Matching is case-sensitive: fold pattern and value first, and cut captures from the original."""

    __slots__ = ("_segments", "cost")

    def __init__(self, pattern: bytes) -> None:
        segments: list[list[bytes | None]] = [[]]
        for match in _PIECE.finditer(pattern):
            escaped, wild, plain = match.groups()
            if wild == b"*":
                segments.append([])
            elif wild:
                segments[-1].append(None)
            else:
                text = escaped if escaped is not None else plain
                last = segments[-1][-1] if segments[-1] else None
                if last is not None:
                    segments[-1][-1] = last + text
                else:
                    segments[-1].append(text)
        self._segments: tuple[Segment, ...] = tuple(map(tuple, segments))
        # a segment with a `?` may be tried at every place of the value
        self.cost = max((len(segment) for segment in self._segments[1:-1]), default=1) or 1

    def match(self, value: bytes) -> list[tuple[int, int]] | None:
        """Where in `value` each wildcard's text lies, in the pattern's order; None if it does not match."""
        first, *middle = self._segments
        if not _fits(first, value, 0):
            return None
        spans = _wilds(first, 0)
        at = _length(first)
        if not middle:
            return spans if at == len(value) else None
        last = middle.pop()
        for segment in middle:
            found = _find(segment, value, at)
            if found < 0:
                return None
            spans.append((at, found))
            spans += _wilds(segment, found)
            at = found + _length(segment)
        tail = len(value) - _length(last)
        if tail < at or not _fits(last, value, tail):
            return None
        spans.append((at, tail))
        return spans + _wilds(last, tail)


def _length(segment: Segment) -> int:
    return sum(1 if piece is None else len(piece) for piece in segment)


def _fits(segment: Segment, value: bytes, at: int) -> bool:
    for piece in segment:
        if piece is None:
            if at >= len(value):
                return False
            at += 1
        elif value.startswith(piece, at):
            at += len(piece)
        else:
            return False
    return True


def _find(segment: Segment, value: bytes, at: int) -> int:
    """The leftmost place from `at` on where the segment fits; -1 for none."""
    if len(segment) == 1 and segment[0] is not None:
        return value.find(segment[0], at)
    lead, anchor = 0, None  # look for its first literal, then try
    for piece in segment:
        if piece is not None:
            anchor = piece
            break
        lead += 1
    if anchor is None:
        return at if at + lead <= len(value) else -1
    while True:
        found = value.find(anchor, at + lead)
        if found < 0:
            return -1
        if _fits(segment, value, found - lead):
            return found - lead
        at = found - lead + 1


def _wilds(segment: Segment, at: int) -> list[tuple[int, int]]:
    spans = []
    for piece in segment:
        if piece is None:
            spans.append((at, at + 1))
            at += 1
        else:
            at += len(piece)
    return spans
