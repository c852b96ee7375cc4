"""Which names a mailbox may have, and how a path is taken apart. Pure."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from gatepost.model.errors import BadMailboxName
from gatepost.model.mail import SEPARATOR

INBOX = "INBOX"
MAX_LEVEL_OCTETS = 255
MAX_DEPTH = 20


def check_level(name: str) -> str:
    """One level in NFC. Raises BadMailboxName: empty, too long, the separator or a control character in it."""
    level = unicodedata.normalize("NFC", name)
    if not level or level != level.strip():
        raise BadMailboxName("a level of a mailbox name is empty, or begins or ends with a space")
    try:
        octets = len(level.encode())
    except UnicodeEncodeError as error:  # a lone surrogate
        raise BadMailboxName("a mailbox name holds something that is no character") from error
    if octets > MAX_LEVEL_OCTETS:
        raise BadMailboxName(f"a level of a mailbox name is longer than {MAX_LEVEL_OCTETS} octets")
    # RFC 9051 §5.1: no control characters; U+2028 and U+2029 are line ends to many readers (RFC 5198 §2)
    if SEPARATOR in level or any(unicodedata.category(c) in ("Cc", "Zl", "Zp") for c in level):
        raise BadMailboxName("a mailbox name holds a control character or a separator")
    return level


@lru_cache(512)
def split_path(path: str) -> tuple[str, ...]:
    """The levels of a path, INBOX spelled in capitals (RFC 9051 §5.1). Raises BadMailboxName."""
    levels = [check_level(level) for level in path.split(SEPARATOR)]
    if len(levels) > MAX_DEPTH:
        raise BadMailboxName(f"a mailbox lies deeper than {MAX_DEPTH} levels")
    if levels[0].isascii() and levels[0].upper() == INBOX:
        levels[0] = INBOX
    return tuple(levels)


def join_path(levels: tuple[str, ...]) -> str:
    """The opposite of `split_path`."""
    return SEPARATOR.join(levels)


def shown_order(path: str) -> tuple[bool, list[str]]:
    """Sorts paths: INBOX and what lies under it first, children after their parent."""
    levels = path.split(SEPARATOR)
    return levels[0] != INBOX, levels
