"""PARTIAL's ranges (RFC 9394 §4): a page of results, counted from the first or, with minus signs, from the last."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from gatepost.proto.imap.cursor import MAX_NUMBER, Cursor, SyntaxFault

T = TypeVar("T")

_RANGE = re.compile(rb"(-?)([1-9][0-9]{0,9}):\1([1-9][0-9]{0,9})(?![0-9])")


class Partial(msgspec.Struct, frozen=True):
    """Results `low` to `high`, 1 being the first, or the last where `backwards`; `text` is how the answer names it: as
    asked for, and counted from the first with the lower end first (RFC 5267 §4.4)."""

    low: int
    high: int
    backwards: bool
    text: str

    def of(self, results: Sequence[T]) -> Sequence[T]:
        """Those of `results` that lie in the range, in their order."""
        if not self.backwards:
            return results[self.low - 1 : self.high]
        count = len(results)
        return results[max(0, count - self.high) : max(0, count - self.low + 1)]


def parse_partial(cursor: Cursor) -> Partial:
    """` partial-range`; 500:400 is the same as 400:500 (RFC 9394 §4)."""
    cursor.space()
    text = cursor.match(_RANGE, "a range of results")
    minus, first, second = (part.decode("ascii") for part in _RANGE.fullmatch(text).groups())  # type: ignore[union-attr]
    low, high = sorted((int(first), int(second)))
    if high > MAX_NUMBER:
        raise SyntaxFault("Number too large")
    return Partial(low, high, bool(minus), text.decode("ascii") if minus else f"{low}:{high}")
