"""Email objects submitted for creation, read into a message to be written (RFC 8621 §4.6)."""

from __future__ import annotations

import re
from typing import Any

from gatepost.proto.jmap.bodies import PART_PROPERTIES
from gatepost.proto.jmap.composed import Branch, Composed, Field, Leaf
from gatepost.proto.jmap.errors import Object, invalid
from gatepost.proto.jmap.header_writing import WRITERS, message_ids, parameter
from gatepost.proto.jmap.headers import CONVENIENCE, HeaderProperty, header_property

MAX_DEPTH, MAX_PARTS = 20, 1000
_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`{|}~]{1,100}", re.ASCII)
_PLACE = frozenset({"mailboxIds", "keywords", "receivedAt"})
_BODY = frozenset({"bodyStructure", "textBody", "htmlBody", "attachments", "bodyValues"})
_OURS = frozenset({"content-type", "content-transfer-encoding", "content-disposition", "mime-version"})
"""Fields that are made from other properties."""


def compose(email: Object, now: str, message_id: str) -> Composed:
    """The message of an Email to be created; `now` (a Date) and `message_id` are used where it has none of its own.
    Raises SetError invalidProperties, naming every property that is wrong."""
    wrong = {name for name in email if not (name in _PLACE or name in _BODY or _header_of(name))}
    fields = _fields(email, wrong, within_part=False)
    taken = {field.name.lower() for field in fields}
    if "message-id" not in taken:
        fields.append(Field("Message-ID", message_ids([message_id])))
    if "date" not in taken:
        fields.append(Field("Date", WRITERS["Date"](now)))
    body = _Body(email.get("bodyValues"), taken, wrong)
    root = body.structure(email)
    if wrong or root is None:
        raise invalid(wrong or {"bodyStructure"}, "See RFC 8621, section 4.6.")
    return Composed(tuple(fields), root)


def _header_of(name: str) -> HeaderProperty | None:
    return CONVENIENCE.get(name) or header_property(name)


def _fields(source: Object, wrong: set[str], within_part: bool) -> list[Field]:
    """The header fields among the properties; those that cannot be written are added to `wrong`."""
    fields: list[Field] = []
    seen: set[str] = set()
    for name, value in source.items():
        wanted = header_property(name) if within_part else _header_of(name)
        if wanted is None or value is None:
            continue
        # RFC 8621 §4.6: not twice, Content-* only within body parts, and not what we make ourselves
        if wanted.key in seen or wanted.key in _OURS or (wanted.key.startswith("content-") and not within_part):
            wrong.add(name)
            continue
        seen.add(wanted.key)
        try:
            fields.extend(Field(wanted.name, text) for text in _written(wanted, value))
        except ValueError:
            wrong.add(name)
    return fields


def _written(wanted: HeaderProperty, value: Any) -> list[str]:
    write = WRITERS[wanted.form]
    if not wanted.every:
        return [write(value)] if value != [] else []
    if not isinstance(value, list):
        raise ValueError("not a list")
    return [write(item) for item in value]


class _Body:
    """Reads the body's properties; `taken` are the names of the message's own header fields."""

    def __init__(self, values: Any, taken: set[str], wrong: set[str]) -> None:
        self._values: dict[str, Any] = values if isinstance(values, dict) else {}
        self._taken, self._wrong, self._parts = taken, wrong, 0
        if values is not None and not (isinstance(values, dict) and all(map(_is_value, values.values()))):
            wrong.add("bodyValues")

    def structure(self, email: Object) -> Leaf | Branch | None:
        """The tree that bodyStructure, or the flat lists, ask for."""
        if email.get("bodyStructure") is not None:
            self._wrong |= {name for name in ("textBody", "htmlBody", "attachments") if email.get(name) is not None}
            return self._part(email["bodyStructure"], "bodyStructure", 0, root=True)
        text = self._one(email.get("textBody"), "textBody", "text/plain")
        html = self._one(email.get("htmlBody"), "htmlBody", "text/html")
        return self._arrange(text, html, self._attachments(email.get("attachments")))

    def _arrange(
        self, text: Leaf | Branch | None, html: Leaf | Branch | None, attached: list[tuple[Leaf | Branch, bool]]
    ) -> Leaf | Branch | None:
        """alternative(text, related(html, what it shows)), mixed with the attachments; as few levels as will do."""
        shown = [part for part, inline in attached if inline and html is not None]
        others = [part for part, inline in attached if not (inline and html is not None)]
        if html is not None and shown:
            html = Branch("multipart/related", (), (html, *shown))
        body = text or html
        if text is not None and html is not None:
            body = Branch("multipart/alternative", (), (text, html))
        if not others:
            return body or Leaf("text/plain", "; charset=utf-8", (), "")
        return Branch("multipart/mixed", (), tuple(part for part in (body, *others) if part is not None))

    def _one(self, value: Any, where: str, media: str) -> Leaf | Branch | None:
        if value is None or value == []:
            return None
        if not isinstance(value, list) or len(value) != 1 or not isinstance(value[0], dict):
            self._wrong.add(where)
            return None
        if value[0].get("type", media) != media:
            self._wrong.add(where)
        return self._part({**value[0], "type": media}, where, 0)

    def _attachments(self, value: Any) -> list[tuple[Leaf | Branch, bool]]:
        if value is None:
            return []
        if not isinstance(value, list):
            self._wrong.add("attachments")
            return []
        found = []
        for item in value:
            if not isinstance(item, dict):
                self._wrong.add("attachments")
                continue
            inline = item.get("disposition") == "inline" and item.get("cid") is not None
            part = self._part({"disposition": "attachment", **item}, "attachments", 0)
            if part is not None:
                found.append((part, inline))
        return found

    def _part(self, part: Any, where: str, depth: int, root: bool = False) -> Leaf | Branch | None:
        self._parts += 1
        if not isinstance(part, dict) or depth > MAX_DEPTH or self._parts > MAX_PARTS:
            self._wrong.add(where)
            return None
        faults: set[str] = {
            name for name in part if name == "headers" or not (name in PART_PROPERTIES or header_property(name))
        }
        fields = _fields(part, faults, within_part=True)
        names = {field.name.lower() for field in fields}
        if root and names & self._taken:
            faults.add("headers")
        media = part.get("type") or ("multipart/mixed" if part.get("subParts") else "text/plain")
        if not isinstance(media, str) or not _TYPE.fullmatch(media):
            faults.add("type")
            media = "application/octet-stream"
        media = media.lower()
        try:
            fields += _described(part, names)
            params = _type_params(part, media)
        except ValueError:
            faults.add("part")
            params = ""
        made: Leaf | Branch | None
        if media.startswith("multipart/"):
            made = self._branch(part, media, fields, where, depth)
        else:
            made = self._leaf(part, media, params, fields, faults)
        if faults:
            self._wrong.add(where)
            return None
        return made

    def _branch(self, part: Object, media: str, fields: list[Field], where: str, depth: int) -> Branch | None:
        inner = part.get("subParts")
        if not isinstance(inner, list) or not inner or part.get("partId") or part.get("blobId"):
            self._wrong.add(where)
            return None
        parts = [self._part(item, where, depth + 1) for item in inner]
        return Branch(media, tuple(fields), tuple(item for item in parts if item is not None))

    def _leaf(self, part: Object, media: str, params: str, fields: list[Field], faults: set[str]) -> Leaf | None:
        """RFC 8621 §4.6: a partId or a blobId, not both; charset and size only with a blobId."""
        part_id, blob = part.get("partId"), part.get("blobId")
        if part.get("subParts"):
            faults.add("subParts")
        if isinstance(blob, str) and part_id is None:
            return Leaf(media, params, tuple(fields), None, blob)
        value = self._text(part_id)
        if blob is not None or part.get("charset") is not None or part.get("size") is not None or value is None:
            faults.add("partId")
            return None
        charset = "; charset=utf-8" if media.startswith("text/") else ""
        return Leaf(media, charset + params, tuple(fields), value)

    def _text(self, part_id: Any) -> str | None:
        value = self._values.get(part_id) if isinstance(part_id, str) else None
        return str(value["value"]) if value is not None and _is_value(value) else None


def _is_value(value: Any) -> bool:
    """An EmailBodyValue that may be sent: neither truncated nor misencoded."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("value"), str)
        and value.get("isTruncated", False) is False
        and value.get("isEncodingProblem", False) is False
    )


def _described(part: Object, names: set[str]) -> list[Field]:
    """Content-Disposition, -ID, -Language, -Location. Raises ValueError."""
    fields = []
    disposition, name = part.get("disposition"), part.get("name")
    if disposition is not None or name is not None:
        value = disposition if disposition is not None else "attachment"
        if not isinstance(value, str) or not _TOKEN.fullmatch(value):
            raise ValueError("disposition")
        fields.append(Field("Content-Disposition", f" {value.lower()}{_optional('filename', name)}"))
    if (cid := part.get("cid")) is not None:
        fields.append(Field("Content-ID", message_ids([cid])))
    if (language := part.get("language")) is not None:
        if not isinstance(language, list) or not all(isinstance(x, str) and _TOKEN.fullmatch(x) for x in language):
            raise ValueError("language")
        fields.append(Field("Content-Language", " " + ", ".join(language)))
    if (location := part.get("location")) is not None:
        if not isinstance(location, str) or not location.isascii() or not location.isprintable() or len(location) > 900:
            raise ValueError("location")
        fields.append(Field("Content-Location", f" {location}"))
    if names & {field.name.lower() for field in fields}:
        raise ValueError("a field twice")
    return fields


def _type_params(part: Object, media: str) -> str:
    """The Content-Type's parameters. Raises ValueError."""
    charset = part.get("charset")
    if charset is not None and (not isinstance(charset, str) or not _TOKEN.fullmatch(charset)):
        raise ValueError("charset")
    given = f"; charset={charset}" if charset is not None and media.startswith("text/") else ""
    return given + _optional("name", part.get("name"))


def _optional(name: str, value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(name)
    return parameter(name, value)


def keys_of(value: Any, name: str, least: int = 0) -> list[str]:
    """The keys of an `Id[Boolean]` whose values are all true. Raises SetError invalidProperties."""
    if not isinstance(value, dict) or len(value) < least or not all(item is True for item in value.values()):
        raise invalid([name])
    return list(value)
