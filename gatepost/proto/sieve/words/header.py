"""What a script asks of header, envelope and size (RFC 5228 §5), of parts of addresses (§2.7.4, RFC 5233), and of one
field among several (index, RFC 5260 §6)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial

from gatepost.proto.sieve.binding import Bound, Check, TagRule, Test
from gatepost.proto.sieve.matching import MATCH_TAGS, matcher
from gatepost.proto.sieve.message import addresses, decoded
from gatepost.proto.sieve.run import Run

INDEX_TAGS = {"index": TagRule("number", "index"), "last": TagRule(extension="index")}
PART_TAGS = {
    "all": TagRule(group="address part"),
    "localpart": TagRule(group="address part"),
    "domain": TagRule(group="address part"),
    "user": TagRule(extension="subaddress", group="address part"),
    "detail": TagRule(extension="subaddress", group="address part"),
}

# The fields that hold addresses (RFC 5322 §3.6, RFC 8098 §2.1); RFC 5228 §5.1 lets others be refused or never match.
_ADDRESS_FIELDS = frozenset(
    {"from", "to", "cc", "bcc", "sender", "reply-to", "resent-from", "resent-to", "resent-cc", "resent-bcc",
     "resent-sender", "resent-reply-to", "return-path", "delivered-to", "x-original-to", "errors-to",
     "disposition-notification-to", "mail-followup-to", "apparently-to"}
)  # fmt: skip
_FIELD_NAME = re.compile(r"[!-9;-~]+", re.ASCII)


def field_name(raw: bytes) -> str:
    """A header field's name as MessageView wants it; what is none matches none."""
    return raw.decode("latin-1").lower()


def chooser(bound: Bound) -> Callable[[Sequence[bytes]], Sequence[bytes]]:
    """What :index and :last leave of the fields, which are counted in the order of their names in the test."""
    if bound.has("last") and not bound.has("index"):
        raise bound.wrong('":last" goes with ":index" only')
    if not bound.has("index"):
        return lambda values: values
    number, last = bound.number("index"), bound.has("last")
    if number < 1:
        raise bound.wrong('":index" counts from 1')

    def choose(values: Sequence[bytes]) -> Sequence[bytes]:
        if number > len(values):
            return ()
        return (values[-number if last else number - 1],)

    return choose


def address_part(bound: Bound) -> Callable[[bytes], bytes | None]:
    """What ADDRESS-PART takes of an address; None where there is no such part, which matches nothing."""
    return _PARTS[bound.one_of(*PART_TAGS) or "all"]


def _split(address: bytes) -> tuple[bytes, bytes] | None:
    local, at, domain = address.rpartition(b"@")
    if not at or not local or not domain:
        return None
    if local[:1] == b'"' and local[-1:] == b'"' and len(local) > 1:
        local = local[1:-1].replace(b'\\"', b'"').replace(b"\\\\", b"\\")
    return local, domain


def _localpart(address: bytes) -> bytes | None:
    split = _split(address)
    return split[0] if split else None


def _domain(address: bytes) -> bytes | None:
    split = _split(address)
    return split[1] if split else None


def _user(address: bytes) -> bytes | None:
    local = _localpart(address)
    return None if local is None else local.partition(b"+")[0]


def _detail(address: bytes) -> bytes | None:
    """RFC 5233 §4: without a separator there is no detail; `user+@` has an empty one."""
    _, plus, detail = (_localpart(address) or b"").partition(b"+")
    return detail if plus else None


_PARTS: dict[str, Callable[[bytes], bytes | None]] = {
    "all": lambda address: address,
    "localpart": _localpart,
    "domain": _domain,
    "user": _user,
    "detail": _detail,
}


_DECODING = 100
_PARSING = 250
"""How much dearer an octet of a field is to decode, or to parse as addresses, than to look at."""


def _cost(raw: bytes, factor: int) -> int:
    return len(raw) * factor


def _decoded(raw: bytes) -> list[bytes]:
    return [decoded(raw)]


def _header(bound: Bound) -> Check:
    names, match, choose = bound.texts(0), matcher(bound, bound.texts(1), bound.records), chooser(bound)

    def header(run: Run) -> bool:
        raws: list[bytes] = []
        for name in names:
            raws += run.message.raw_values(field_name(name.value(run)))
        values: list[bytes] = []
        for raw in choose(raws):
            values += run.once(("text", raw), partial(_cost, raw, _DECODING), partial(_decoded, raw))
        return match(run, values)

    return header


def _address(bound: Bound) -> Check:
    names, match, choose = bound.texts(0), matcher(bound, bound.texts(1), bound.records), chooser(bound)
    part = address_part(bound)
    for name in names:
        field = field_name(name.constant or b"")
        if (
            _FIELD_NAME.fullmatch(field) and field not in _ADDRESS_FIELDS
        ):  # RFC 5228 §2.4.2.2: what is no name is no error
            raise bound.wrong(f"{field[:80]!r} is not a header field with addresses")

    def address(run: Run) -> bool:
        raws: list[bytes] = []
        for name in names:
            field = field_name(name.value(run))
            raws += run.message.raw_values(field) if field in _ADDRESS_FIELDS else []
        found: list[bytes | None] = []
        for raw in choose(raws):
            found += map(part, run.once(("addresses", raw), partial(_cost, raw, _PARSING), partial(addresses, raw)))
        return match(run, [text for text in found if text is not None])

    return address


def _envelope(bound: Bound) -> Check:
    match, part = matcher(bound, bound.texts(1), bound.records), address_part(bound)
    names = bound.texts(0)
    for name in names:
        if name.constant is not None and field_name(name.constant) not in ("from", "to"):
            raise bound.wrong(f"unknown envelope part {field_name(name.constant)[:80]!r}")  # RFC 5228 §5.4
    counted, whole = bound.has("count"), bound.one_of("localpart", "domain", "user", "detail") is None

    def envelope(run: Run) -> bool:
        found: list[bytes] = []
        for name in names:
            which = field_name(name.value(run))
            if which not in ("from", "to"):
                raise run.error("unknown envelope part")
            path = (run.message.envelope_from if which == "from" else run.message.envelope_to).encode()
            if path:
                text = part(path)
                found += [] if text is None else [text]
            elif not counted and whole:
                found.append(b"")  # the null reverse-path is the empty string; RFC 5231 §4.2 does not count it
        return match(run, found)

    return envelope


def _exists(bound: Bound) -> Check:
    names = bound.texts(0)
    return lambda run: all(run.message.raw_values(field_name(name.value(run))) for name in names)


def _size(bound: Bound) -> Check:
    which = bound.one_of("over", "under")
    if which is None:
        raise bound.wrong('"size" wants ":over" or ":under"')
    limit = bound.number(which)
    if which == "over":
        return lambda run: len(run.message.content) > limit
    return lambda run: len(run.message.content) < limit


WORDS = (
    Test("header", tags={**MATCH_TAGS, **INDEX_TAGS}, positional=("strings", "strings"), build=_header),
    Test("address", tags={**MATCH_TAGS, **PART_TAGS, **INDEX_TAGS}, positional=("strings", "strings"), build=_address),
    Test("envelope", "envelope", {**MATCH_TAGS, **PART_TAGS}, ("strings", "strings"), build=_envelope),
    Test("exists", positional=("strings",), build=_exists),
    Test("size", tags={"over": TagRule("number", group="size"), "under": TagRule("number", group="size")}, build=_size),
)
