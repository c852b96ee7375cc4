"""A message cut into its MIME entities (RFC 2045, 2046) by octet offsets. Not here: rendering, decoding, judging.

Law: one pass, linear, within budgets; no input raises. A delimiter belongs to the innermost open multipart that has it.
The line end before a delimiter belongs to the delimiter (RFC 2046 §5.1.1). What exceeds a budget stays in its parent.
"""

from __future__ import annotations

from collections.abc import Collection

from gatepost.model.message import Part
from gatepost.proto.mime import params
from gatepost.proto.mime.header import indexed_fields, unfold
from gatepost.proto.mime.words import decode_text

MAX_DEPTH = 101
"""100 levels, and what lies in the innermost."""
MAX_PARTS = 10_000
MAX_CANDIDATES = 200_000
"""Lines that begin like a delimiter; a message made of them would otherwise hold up everybody else."""
MAX_HEADER = 512 * 1024
"""Octets read of one header; MTAs refuse much smaller ones."""
MAX_HEADERS = 4 * 1024 * 1024
"""Octets read of all headers of a message together; parts whose header is not read are text."""

_IDENTITY = frozenset({"7bit", "8bit", "binary"})
"""Encodings under which an enclosed message is readable (RFC 2046 §5.2.1)."""


class Entity:
    """One MIME entity while it is being read. `fields` holds the first field of each name, lower case."""

    __slots__ = ("body", "boundary", "children", "end", "fields", "lines", "sent_params", "start", "subtype", "type",
                 "typed")  # fmt: skip

    def __init__(self, start: int, body: int, fields: dict[str, bytes]) -> None:
        self.start, self.body, self.end, self.lines = start, body, body, 0
        self.fields = fields
        self.type, self.subtype, self.typed = "text", "plain", False
        self.sent_params: params.SentPairs = ()
        self.boundary = b""
        self.children: list[Entity] = []

    @property
    def encoding(self) -> str:
        """RFC 2045 §6.1: 7bit by default."""
        raw = self.fields.get("content-transfer-encoding")
        return (params.leading_token(raw) if raw else "") or "7bit"

    @property
    def encloses(self) -> bool:
        """Whether it is a message within a message (RFC 2046 §5.2.1, RFC 6532 §3.7)."""
        return self.type == "message" and self.subtype in ("rfc822", "global")

    def demote(self) -> None:
        """A multipart that is none: text/plain, as RFC 2045 §5.2 takes what it cannot read."""
        self.type, self.subtype, self.sent_params, self.typed, self.boundary = "text", "plain", (), False, b""


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
        self.full = self.bare = -1  # where "\n\r\n" and "\n\n" come next
        self.bare_from = 0  # and from where on it is not known of the latter

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
                child = self.enter(at, digest=holder.subtype == "digest")
                holder.children.append(child)
                at = self.open[-1].body
        self.leave(0, self.size)
        return root

    def enter(self, start: int, digest: bool) -> Entity:
        """Opens the entity at `start`, and the message inside it if it is one."""
        body = self.header_end(start)
        entity = Entity(start, body, self.fields(start, body))
        self.parts += 1
        _read_type(entity, digest)
        entity.lines = self.lines_until(body)
        self.open.append(entity)
        if entity.type == "multipart":
            if entity.boundary and len(self.open) < MAX_DEPTH:
                self.levels.setdefault(entity.boundary, []).append(len(self.open) - 1)
                self.aim()
            else:
                entity.demote()
        elif entity.encloses and entity.encoding in _IDENTITY and len(self.open) < MAX_DEPTH and self.parts < MAX_PARTS:
            entity.children.append(self.enter(body, digest=False))
        return entity

    def fields(self, start: int, body: int) -> dict[str, bytes]:
        """What the header says, as far as the budgets go."""
        end = min(body, start + min(MAX_HEADER, self.header_octets))
        self.header_octets -= end - start
        return indexed_fields(self.content, start, end)

    def leave(self, level: int, end: int) -> None:
        """Closes every open entity from `level` on; their bodies end at `end`."""
        while len(self.open) > level:
            self.shut(len(self.open) - 1)
            entity = self.open.pop()
            entity.end = end = max(entity.body, end)  # an empty line may be the header's and precede a delimiter
            entity.lines = self.lines_until(entity.end) - entity.lines
            if entity.end > entity.body and self.content[entity.end - 1] != 10:
                entity.lines += 1  # the last line, whose end belongs to the delimiter
            if entity.type == "multipart" and not entity.children:
                entity.demote()

    def shut(self, level: int) -> None:
        """The multipart at `level` takes no more parts; what follows is its epilogue."""
        entity = self.open[level]
        levels = self.levels.get(entity.boundary)
        if levels and levels[-1] == level:
            levels.pop()
            if not levels:
                del self.levels[entity.boundary]
            self.aim()

    def aim(self) -> None:
        self.needle = b"\n--" + _shared_start(self.levels) if self.levels else b""

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
        if self.needle:
            found = self.delimiter(start, end)
            if found:
                return found[0]
        return end

    def blank_line(self, start: int) -> int:
        """The end of the first empty line after `start`, or of the message. What was found is remembered, and so is where
        nothing was, so that all calls together are linear (`start` only grows)."""
        if self.full < start:
            at = self.content.find(b"\n\r\n", start)
            self.full = at if at >= 0 else self.size
        if self.bare < start:
            at = self.content.find(b"\n\n", max(start, self.bare_from), self.full + 1)
            self.bare, self.bare_from = at, self.full if at < 0 else at
        return self.bare + 2 if self.bare >= 0 else min(self.full + 3, self.size)

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


def _read_type(entity: Entity, digest: bool) -> None:
    raw = entity.fields.get("content-type")
    if raw is None:
        if digest:  # RFC 2046 §5.1.5
            entity.type, entity.subtype = "message", "rfc822"
        return
    kind = params.media_type(raw)
    if kind is None:
        return
    entity.typed = True
    entity.type, entity.subtype = kind
    entity.sent_params = params.sent_params(raw)
    if entity.type == "multipart":
        entity.boundary = _boundary(entity.sent_params)
        if entity.encoding not in _IDENTITY:  # RFC 2045 §6.4 forbids it; its parts are there all the same
            entity.fields["content-transfer-encoding"] = b"7bit"


def _boundary(sent: params.SentPairs) -> bytes:
    for name, value in sent:
        if name.lower() == b"boundary":
            return value.rstrip(b" \t")
    if any(name.lower().startswith(b"boundary*") for name, _ in sent):
        return dict(params.decode_params(sent)).get("boundary", "").encode().rstrip(b" \t")
    return b""


def to_part(entity: Entity) -> Part:
    """The entity as a value."""
    fields = entity.fields
    disposition = fields.get("content-disposition", b"")
    identity = unfold(fields["content-id"]) if "content-id" in fields else b""
    return Part(
        entity.start,
        entity.body,
        entity.end,
        entity.type,
        entity.subtype,
        params.decoded_params(fields["content-type"]) if entity.sent_params else (),
        entity.encoding,
        params.leading_token(disposition),
        params.decoded_params(disposition) if disposition else (),
        decode_text(identity[1:-1] if identity[:1] == b"<" and identity[-1:] == b">" else identity) if identity else "",
        decode_text(fields["content-description"]) if "content-description" in fields else "",
        languages(fields),
        "".join(decode_text(fields["content-location"]).split()) if "content-location" in fields else "",
        entity.lines,
        tuple([to_part(child) for child in entity.children]),
    )


def languages(fields: dict[str, bytes]) -> tuple[str, ...]:
    """Content-Language's tags (RFC 3282 §2)."""
    raw = fields.get("content-language")
    if raw is None:
        return ()
    return tuple(tag for tag in (item.strip() for item in decode_text(raw).split(",")) if tag)
