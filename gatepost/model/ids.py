"""Object ids as clients see them: one letter and the number (RFC 8474 §7, RFC 8620 §1.2), the same in IMAP and JMAP."""

from __future__ import annotations

import re

from gatepost.model.mail import EmailId, MailboxId, ThreadId

_NUMBER = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)


def mailbox_object_id(mailbox: MailboxId) -> str:
    """`M12`."""
    return f"M{mailbox}"


def email_object_id(email: EmailId) -> str:
    """`E12`."""
    return f"E{email}"


def thread_object_id(thread: ThreadId) -> str:
    """`T12`."""
    return f"T{thread}"


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
