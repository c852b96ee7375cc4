"""Keywords as JMAP spells them (RFC 8621 §4.1.1) against flags. A client cannot reach \\Deleted or any other system flag by
its IMAP name: a backslash is no part of a keyword."""

from __future__ import annotations

import re

from gatepost.model.flags import MAX_KEYWORDS, BadFlag, Flags, from_keywords
from gatepost.proto.jmap.errors import SetError, invalid

_KEYWORD = re.compile(r"[!#$&'+,\-./0-9:;<=>?@A-Z\[^_`a-z|}~]{1,255}", re.ASCII)


def keyword_flags(keywords: list[str]) -> Flags:
    """The flags of a keywords property. Raises SetError tooManyKeywords, invalidProperties."""
    if len(keywords) > MAX_KEYWORDS:
        raise SetError("tooManyKeywords")
    flags = [keyword_flag(keyword) for keyword in keywords]
    if None in flags:
        raise invalid(["keywords"])
    return from_keywords(keywords)


def keyword_flag(keyword: object) -> str | None:
    """The flag of one keyword; None if it is none, or cannot be kept."""
    if not isinstance(keyword, str) or not _KEYWORD.fullmatch(keyword):
        return None
    try:
        return str(from_keywords([keyword]))
    except BadFlag:
        return None
