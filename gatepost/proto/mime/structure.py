"""A message cut into its MIME entities (RFC 2045, 2046) by octet offsets. Not here: rendering, decoding, judging.

Law: one pass, linear, within budgets; no input raises. A delimiter belongs to the innermost open multipart that has it.
The line end before a delimiter belongs to the delimiter (RFC 2046 §5.1.1). What exceeds a budget stays in its parent.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from gatepost.model.message import Part
from gatepost.proto.mime.head import Fields, Head, in_digest, read_head

MAX_DEPTH = 101
"""100 levels, and what lies in the innermost."""
MAX_PARTS = 10_000
MAX_CANDIDATES = 200_000
"""Lines that begin like a delimiter; a message made of them would otherwise hold up everybody else."""
MAX_HEADER = 512 * 1024
"""Octets read of one header; MTAs refuse much smaller ones."""
MAX_HEADERS = 4 * 1024 * 1024
"""Octets read of all headers of a message together; parts whose header is not read are text."""

_blank = re.compile(rb"\n\r?\n").search


class Entity:
    """One MIME entity while it is being read. `fields` holds the first field of each name, lower case."""

    __slots__ = ("body", "children", "end", "fields", "head", "lines", "start")

    def __init__(self, start: int, body: int, fields: Fields, head: Head) -> None:
        self.start, self.body, self.end, self.lines = start, body, body, 0
        self.fields, self.head = fields, head
        self.children: list[Entity] = []


class Scanner:
    """Reads one message from its first octet to its last."""

    def __init__(self, content: bytes) -> None:
        self.content, self.size = content, len(content)
        self.open: list[Entity] = []
        self.levels: dict[bytes, list[int]] = {}  # boundary -> depths in `open` of the multiparts that use it
        self.needle = b""  # how the line of any open boundary's delimiter begins, line end before it included
        self.parts = 0
        self.candidates, self.header_octets = MAX_CANDIDATES, MAX_HEADERS
        self.counted_to = self.newlines = 0
        self.blank_at, self.blank_end = -1, 0  # the next empty line, with the line end before it

    def scan(self) -> Entity:
        """The root entity; its tree is complete."""
        root = self.enter(0, digest=False)
        at = self.open[-1].body
        while self.needle:
            found = self.delimiter(at, self.size)
            if found is None:
                break
            line_start, at, level, closing = found
            self.leave(level + 1, self.before(line_start))
            if closing or self.parts >= MAX_PARTS:
                self.shut(level)
            else:
                holder = self.open[level]
                child = self.enter(at, digest=holder.head.subtype == "digest")
                holder.children.append(child)
                at = self.open[-1].body
        self.leave(0, self.size)
        return root

    def enter(self, start: int, digest: bool) -> Entity:
        """Opens the entity at `start`, and the message inside it if it is one."""
        body = self.header_end(start)
        octets = min(body - start, MAX_HEADER, self.header_octets)
        self.header_octets -= octets
        fields, head = read_head(self.content[start : start + octets])
        if digest and "content-type" not in fields:
            head = in_digest(head.label)
        entity = Entity(start, body, fields, head)
        self.parts += 1
        entity.lines = self.lines_until(body)
        self.open.append(entity)
        if head.multipart:
            if head.boundary and len(self.open) < MAX_DEPTH:
                self.levels.setdefault(head.boundary, []).append(len(self.open) - 1)
                self.aim()
            else:
                entity.head = head.demoted()
        elif head.encloses and head.readable and len(self.open) < MAX_DEPTH and self.parts < MAX_PARTS:
            entity.children.append(self.enter(body, digest=False))
        return entity

    def leave(self, level: int, end: int) -> None:
        """Closes every open entity from `level` on; their bodies end at `end`."""
        while len(self.open) > level:
            entity = self.open[-1]
            multipart, body = entity.head.multipart, entity.body
            if multipart:
                self.shut(len(self.open) - 1)
            self.open.pop()
            if end < body:  # an empty line may be the header's and precede a delimiter
                end = body
            entity.end = end
            # the last line too, whose end belongs to the delimiter
            unended = end > body and self.content[end - 1] != 10
            entity.lines = self.lines_until(end) - entity.lines + unended
            if multipart and not entity.children:
                entity.head = entity.head.demoted()

    def shut(self, level: int) -> None:
        """The multipart at `level` takes no more parts; what follows is its epilogue."""
        boundary = self.open[level].head.boundary
        levels = self.levels.get(boundary)
        if levels and levels[-1] == level:
            levels.pop()
            if not levels:
                del self.levels[boundary]
            self.aim()

    def aim(self) -> None:
        levels = self.levels
        if len(levels) > 1:
            self.needle = b"\n--" + _shared_start(levels)
        else:
            self.needle = b"\n--" + next(iter(levels)) if levels else b""

    def delimiter(self, at: int, limit: int) -> tuple[int, int, int, bool] | None:
        """The next delimiter line in [at:limit] of an open multipart: its start, its end, the multipart's depth, whether it closes."""
        content = self.content
        at -= 1  # the line end before `at` may be the delimiter's own
        while self.candidates:
            at = content.find(self.needle, max(at, 0), limit)
            if at < 0:
                return None
            self.candidates -= 1
            line_start = at + 1
            newline = content.find(b"\n", line_start)
            at = newline if newline >= 0 else self.size
            match = self.match(content[line_start + 2 : at].rstrip(b" \t\r"))
            if match:
                return line_start, min(at + 1, self.size), *match
        return None

    def match(self, text: bytes) -> tuple[int, bool] | None:
        """Whole lines are compared, so that one boundary may be the beginning of another."""
        part = self.levels.get(text)
        final = self.levels.get(text[:-2]) if text.endswith(b"--") else None
        if part and (not final or part[-1] >= final[-1]):
            return part[-1], False
        return (final[-1], True) if final else None

    def before(self, line_start: int) -> int:
        """Where the text before a delimiter line ends, without the line end that is the delimiter's."""
        end = line_start - 1
        return end - 1 if end > 0 and self.content[end - 1] == 13 else end

    def header_end(self, start: int) -> int:
        """Behind the empty line, or at a delimiter that comes first, or at the end of the message."""
        content = self.content
        if content.startswith(b"\r\n", start):
            return start + 2
        if content.startswith(b"\n", start):
            return start + 1
        end = self.blank_line(start)
        if self.needle and content.find(self.needle, start - 1, end) >= 0:
            found = self.delimiter(start, end)
            if found:
                return found[0]
        return end

    def blank_line(self, start: int) -> int:
        """The end of the first empty line after `start`, or of the message. What was found is remembered, so that all calls
        together are linear (`start` only grows)."""
        if self.blank_at < start:
            match = _blank(self.content, start)
            self.blank_at, self.blank_end = match.span() if match else (self.size, self.size)
        return self.blank_end

    def lines_until(self, at: int) -> int:
        """Line ends in [0:at]; positions come in ascending order."""
        if at > self.counted_to:
            self.newlines += self.content.count(b"\n", self.counted_to, at)
            self.counted_to = at
        return self.newlines


def _shared_start(texts: Collection[bytes]) -> bytes:
    low, high = min(texts), max(texts)
    for i, octet in enumerate(low):
        if i >= len(high) or high[i] != octet:
            return low[:i]
    return low


def to_part(entity: Entity) -> Part:
    """The entity as a value."""
    children = entity.children
    return Part(
        entity.start,
        entity.body,
        entity.end,
        *entity.head.described,
        entity.lines,
        tuple([to_part(child) for child in children]) if children else (),
    )
