"""What somebody may do in a mailbox: rights, and the access lists in which they stand (RFC 4314 §2). Pure.

Rights are kept as one string of letters in a fixed order, so that the same rights always have the same text; "" is none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NewType

import msgspec

from gatepost.model.flags import DELETED, SEEN, Flags, add_flags, remove_flags, split_flags
from gatepost.model.mail import MailboxId

Rights = NewType("Rights", str)

LOOKUP, READ, SEE, WRITE, INSERT, POST, CREATE, DELETE, MARK_DELETED, EXPUNGE, ADMINISTER = _LETTERS = "lrswipkxtea"
"""RFC 4314 §2.1, in the order in which they are kept."""
ALL_RIGHTS, NO_RIGHTS = Rights(_LETTERS), Rights("")

# RFC 4314 §2.1.1: the virtual rights of older clients, and what each stands for
_VIRTUAL = {"c": CREATE + DELETE, "d": MARK_DELETED + EXPUNGE}
_MODES = {"+": "add", "-": "remove"}

Grantee = NewType("Grantee", str)
"""Whom a grant is for: an account's id, or `@domain` for all accounts of a domain."""


class BadRights(ValueError):
    """The text holds a letter that is no right."""


class Grant(msgspec.Struct, frozen=True):
    """One line of a mailbox's access list; `negative` ones are taken away from whom they are for (RFC 4314 §2)."""

    grantee: Grantee
    rights: Rights
    negative: bool = False


class MailboxAccess(msgspec.Struct, frozen=True):
    """A mailbox's access list, by grantee. The owner does not stand in it: they have every right, always."""

    mailbox: MailboxId
    grants: tuple[Grant, ...]


def everybody(domain: str) -> Grantee:
    """All accounts of a domain."""
    return Grantee("@" + domain)


def parse_rights(text: str) -> Rights:
    """Letters as a client sends them, virtual ones too. Raises BadRights: unknown letters, capitals, digits (RFC 4314 §3.1)."""
    found: set[str] = set()
    for letter in text:
        if letter not in _LETTERS and letter not in _VIRTUAL:
            raise BadRights(letter)
        found.update(_VIRTUAL.get(letter, letter))
    return make_rights(found)


def parse_rights_change(text: str) -> tuple[str, Rights]:
    """`+lr`, `-lr` or `lr` (RFC 4314 §3.1): the mode of `combine_rights`, and the rights. Raises BadRights."""
    mode = _MODES.get(text[:1], "replace")
    return mode, parse_rights(text[mode != "replace" :])


def make_rights(letters: Iterable[str]) -> Rights:
    """The rights of these letters, which are all known."""
    return Rights("".join(sorted(letters, key=_LETTERS.index)))


def shown_rights(rights: Rights) -> str:
    """As clients are told them: `c` and `d` too, where a right that they stand for is there (RFC 4314 §2.1.1)."""
    virtual = "".join(letter for letter, members in _VIRTUAL.items() if set(members) & set(rights))
    return rights.removesuffix(ADMINISTER) + virtual + (ADMINISTER if ADMINISTER in rights else "")


def combine_rights(old: Rights, mode: str, rights: Rights) -> Rights:
    """`old` changed; `mode` is `add`, `remove` or `replace` (RFC 4314 §3.1)."""
    if mode == "add":
        return make_rights({*old, *rights})
    if mode == "remove":
        return make_rights(set(old) - set(rights))
    if mode == "replace":
        return rights
    raise ValueError(f"no way to change rights: {mode!r}")


def effective_rights(grants: Iterable[Grant], grantees: Collection[Grantee]) -> Rights:
    """What somebody who is all of `grantees` may do: what any line grants, without what any negative line takes away."""
    granted: set[str] = set()
    taken: set[str] = set()
    for grant in grants:
        if grant.grantee in grantees:
            (taken if grant.negative else granted).update(grant.rights)
    return make_rights(granted - taken)


def right_for(flag: str) -> str:
    """The right that setting or clearing a flag needs (RFC 4314 §4)."""
    return MARK_DELETED if flag == DELETED else SEE if flag == SEEN else WRITE


def permitted_flags(flags: Flags, rights: Rights) -> Flags:
    """Those of `flags` that may be set or cleared."""
    if rights == ALL_RIGHTS:
        return flags
    return Flags(" ".join(flag for flag in split_flags(flags) if right_for(flag) in rights))


def replaced_flags(old: Flags, new: Flags, rights: Rights) -> Flags:
    """`old` replaced by `new` as far as `rights` go: other flags stay as they were."""
    if rights == ALL_RIGHTS:
        return new
    return add_flags(remove_flags(old, permitted_flags(old, rights)), permitted_flags(new, rights))
