"""Octets to text under the charset a sender named, or under a good guess. Not here: transfer encodings (body.py).

Law: every octet string has a text; only codecs for character sets are used, never Python's other transformations.
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

# Names senders use that Python lacks, and the wider sets that the named ones are in practice (WHATWG Encoding §4.2).
_ALIASES = {
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "ansi_x3.4-1968": "utf-8",
    "unknown-8bit": "utf-8",
    "x-unknown": "utf-8",
    "utf8mb4": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "big5": "big5hkscs",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "iso-8859-6-i": "iso-8859-6",
    "windows-874": "cp874",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
}
_CHARSETS = re.compile(
    r"utf-(?:7|8|16|32)(?:-[bl]e|-sig)?|ascii|iso8859-[0-9]+|cp[0-9]+|koi8-[rut]|gb18030|big5(?:hkscs)?|euc_[a-z0-9_]+"
    r"|shift_jis[a-z0-9_]*|iso2022_[a-z0-9_]+|mac-[a-z0-9]+|hz|johab|tis-620|kz1048|ptcp154|hp-roman8"
)


@lru_cache(maxsize=256)
def codec_name(charset: str) -> str | None:
    """Python's name of the codec for a charset as mail names it, None if nobody knows it."""
    label = charset.strip().strip("\"'").lower()
    try:
        known = codecs.lookup(_ALIASES.get(label, label)).name
    except (LookupError, ValueError):
        return None
    return known if _CHARSETS.fullmatch(known) else None


def guess_text(data: bytes) -> str:
    """Octets of unknown charset: UTF-8 if they are, else Windows-1252 with Latin-1 where that has holes."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def to_text(data: bytes, charset: str) -> str:
    """Octets under `charset`; unknown or plainly wrong ones fall back to a guess, single faults to U+FFFD."""
    codec = codec_name(charset) if charset else None
    if codec is None:
        return guess_text(data)
    text = data.decode(codec, "replace")
    if codec == "utf-8" and "\ufffd" in text and not _TWO_OCTETS.search(data):
        return guess_text(data)  # no character of it is UTF-8: the label is wrong
    return text


_TWO_OCTETS = re.compile(rb"[\xc2-\xf4][\x80-\xbf]")
