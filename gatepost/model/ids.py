"""Object ids as clients see them: one letter and the number (RFC 8474 §7, RFC 8620 §1.2), the same in IMAP and JMAP.

Numbers are an account's own: an object in another's mail, which `owner` names, has the owner's id behind a hyphen.
"""

from __future__ import annotations

import re

from gatepost.model.account import AccountId
from gatepost.model.mail import EmailId, MailboxId, ThreadId

_NUMBER = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)


def mailbox_object_id(mailbox: MailboxId, owner: AccountId | None = None) -> str:
    """`M12`."""
    return f"M{mailbox}{_behind(owner)}"


def email_object_id(email: EmailId, owner: AccountId | None = None) -> str:
    """`E12`."""
    return f"E{email}{_behind(owner)}"


def thread_object_id(thread: ThreadId, owner: AccountId | None = None) -> str:
    """`T12`."""
    return f"T{thread}{_behind(owner)}"


def _behind(owner: AccountId | None) -> str:
    return "" if owner is None else f"-{owner}"


def split_owner(text: str) -> tuple[str, AccountId | None]:
    """The id by itself, and whose mail it is of where that is another's."""
    own, hyphen, owner = text.partition("-")
    return own, AccountId(owner) if hyphen else None


def _number(letter: str, text: str) -> int | None:
    return int(text[1:]) if text[:1] == letter and _NUMBER.fullmatch(text[1:]) else None


def parse_mailbox_id(text: str) -> MailboxId | None:
    """The mailbox's number, or None if the text is no mailbox id."""
    number = _number("M", text)
    return None if number is None else MailboxId(number)


def parse_email_id(text: str) -> EmailId | None:
    """The email's number, or None."""
    number = _number("E", text)
    return None if number is None else EmailId(number)


def parse_thread_id(text: str) -> ThreadId | None:
    """The thread's number, or None."""
    number = _number("T", text)
    return None if number is None else ThreadId(number)
