"""Sequence sets as written (RFC 9051 §9): `*` and `$` are not yet resolved."""

from __future__ import annotations

import re

import msgspec

from gatepost.model.uidset import MAX_UID, UidSet

STAR = 0
"""Stands for `*` in a range."""

_ITEM = re.compile(rb"([1-9][0-9]{0,9}|\*)(?::([1-9][0-9]{0,9}|\*))?")


class SequenceSet(msgspec.Struct, frozen=True):
    """`ranges` with STAR for `*`; `saved` for `$`, the last saved search result (RFC 5182)."""

    ranges: tuple[tuple[int, int], ...] = ()
    saved: bool = False

    def resolve(self, star: int) -> UidSet:
        """With `star` in the place of `*`: the highest number in use."""
        return UidSet([(low or star, high or star) for low, high in self.ranges])

    @property
    def starred(self) -> bool:
        """Whether it names `*`."""
        return any(not low or not high for low, high in self.ranges)

    @property
    def highest(self) -> int:
        """The highest number it names, `*` set aside."""
        return max((max(pair) for pair in self.ranges), default=0)


def parse_sequence(text: bytes) -> SequenceSet | None:
    """None where the text is no sequence set."""
    if text == b"$":
        return SequenceSet(saved=True)
    ranges: list[tuple[int, int]] = []
    for item in text.split(b","):
        found = _ITEM.fullmatch(item)
        if found is None:
            return None
        low = _number(found[1])
        high = low if found[2] is None else _number(found[2])
        if low > MAX_UID or high > MAX_UID:
            return None
        ranges.append((low, high))
    return SequenceSet(tuple(ranges))


def parse_uids(text: bytes) -> UidSet | None:
    """A set without `*` and `$` (RFC 7162 known-uids), or None."""
    parsed = parse_sequence(text)
    return None if parsed is None or parsed.saved or parsed.starred else parsed.resolve(0)


def _number(text: bytes) -> int:
    return STAR if text == b"*" else int(text)
