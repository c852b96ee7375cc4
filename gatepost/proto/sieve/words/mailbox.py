"""mailbox (RFC 5490 §3.1): the test mailboxexists. Its argument :create is fileinto's (delivery.py)."""

from __future__ import annotations

from gatepost.proto.sieve.binding import Bound, Check, Test


def _mailboxexists(bound: Bound) -> Check:
    names = bound.texts(0)
    return lambda run: all(run.message.mailbox_exists(name.value(run).decode("utf-8", "replace")) for name in names)


WORDS = (Test("mailboxexists", "mailbox", positional=("strings",), build=_mailboxexists),)
