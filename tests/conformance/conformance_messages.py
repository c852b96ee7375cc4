"""Messages that the suites store."""

from __future__ import annotations


def message(
    number: int = 1,
    subject: str = "hello",
    body: str = "text",
    reply_to: int | None = None,
    sender: str = "Ada <ada@example.org>",
    extra: str = "",
) -> bytes:
    """A small message; `number` makes its Message-ID, `reply_to` its In-Reply-To."""
    lines = [
        f"From: {sender}",
        "To: Bob <bob@example.net>",
        f"Subject: {subject}",
        f"Message-ID: <{number}@example.org>",
        "Date: Mon, 1 Jan 2024 23:30:00 -0500",
    ]
    if reply_to is not None:
        lines.append(f"In-Reply-To: <{reply_to}@example.org>")
    if extra:
        lines.append(extra)
    return "\r\n".join([*lines, "", body, ""]).encode()
