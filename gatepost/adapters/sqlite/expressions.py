"""SQL expressions with their bindings, and how they are joined. No input of anybody is ever in the text."""

from __future__ import annotations


class Sql:
    """An expression and its bindings. Every expression is 0 or 1, never NULL."""

    __slots__ = ("bindings", "text")

    def __init__(self, text: str, *bindings: int | float | str) -> None:
        self.text, self.bindings = text, bindings


TRUE, FALSE = Sql("1"), Sql("0")


def join(word: str, empty: Sql, parts: list[Sql]) -> Sql:
    """A balanced tree, so that a thousand criteria are not a thousand levels to SQLite's parser."""
    if not parts:
        return empty
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    left, right = join(word, empty, parts[:half]), join(word, empty, parts[half:])
    return Sql(f"({left.text}{word}{right.text})", *left.bindings, *right.bindings)
