"""Annotations of mailboxes and of the server: small named values beside the mail (RFC 5464 §3).

Names are paths, kept in lower case because they are compared without regard to case. What lies under `/private` is one
user's, what lies under `/shared` everybody's who may see the mailbox.
"""

from __future__ import annotations

import re

import msgspec

from gatepost.model.account import AccountId

MAX_NAME = 255
"""Octets of a name."""
MAX_VALUE = 32 * 1024
"""Octets of one value; RFC 5464 §4.1 asks for 1,024 at least."""
MAX_COUNT = 200
"""Annotations of one mailbox, or of the server, that one user has or that all share; RFC 5464 §4.1 asks for 10 at least."""
MAX_OCTETS = 1024 * 1024
"""Octets of names and values that one user has, or that all share, in one account's mail together."""

_SPECIFIER = re.compile(r"/(?:private|shared)(?:/[^\x00-\x1f\x7f-\U0010ffff*%/]+)*")


class BadAnnotationName(ValueError):
    """The text is no name of an annotation (RFC 5464 §3.2)."""


class Annotation(msgspec.Struct, frozen=True):
    """One that exists."""

    name: str
    value: bytes


def check_specifier(text: str) -> str:
    """What GETMETADATA may ask for: a name, or the top of a tree. In lower case. Raises BadAnnotationName."""
    name = text.lower()
    if not _SPECIFIER.fullmatch(name):
        raise BadAnnotationName("not the name of an annotation")
    return name


def check_name(text: str) -> str:
    """The name of an annotation that may be set, in lower case. Raises BadAnnotationName."""
    name = check_specifier(text)
    levels = name.split("/")[1:]
    # RFC 5464 §3.2: two components, four under the vendors' trees
    if len(levels) < (4 if levels[1:2] == ["vendor"] else 2):
        raise BadAnnotationName("the name has too few components")
    return name


def owner_of(name: str, user: AccountId) -> str:
    """Whose the annotation of this name is when `user` speaks of it: the user's, or, empty, everybody's."""
    return user if name.startswith("/private/") else ""
