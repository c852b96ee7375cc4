"""i;unicode-casemap (RFC 5051 §2), the order in which IMAP sorts text (RFC 5256 §2)."""

from __future__ import annotations

import unicodedata


def casemap(text: str) -> str:
    """What is compared, code point by code point: every letter in its title case, then taken apart (RFC 5051 §2). So
    `_` and `[` stand behind all letters."""
    if text.isascii():
        return text.upper()
    titled = "".join(map(_titlecase, text))
    return unicodedata.normalize("NFKD", titled)


def _titlecase(letter: str) -> str:
    """Of mappings to more than one letter the simple form is the letter itself."""
    mapped = letter.title()
    return mapped if len(mapped) == 1 else letter
