"""What a script decided: frozen actions in the order that they are to be taken."""

from __future__ import annotations

import msgspec

from gatepost.model.flags import NO_FLAGS, Flags


class Keep(msgspec.Struct, frozen=True):
    """Into INBOX (RFC 5228 §4.3); `implicit` where no command asked for it (§2.10.2)."""

    flags: Flags = NO_FLAGS
    implicit: bool = False


class FileInto(msgspec.Struct, frozen=True):
    """Into a mailbox (RFC 5228 §4.1), made if missing and `create` (RFC 5490 §3.2)."""

    mailbox: str
    flags: Flags = NO_FLAGS
    create: bool = False
    copy: bool = False


class Redirect(msgspec.Struct, frozen=True):
    """On to an address (RFC 5228 §4.2)."""

    address: str
    copy: bool = False


class Discard(msgspec.Struct, frozen=True):
    """No implicit keep (RFC 5228 §4.4)."""


class Reject(msgspec.Struct, frozen=True):
    """Refused with a reason (RFC 5429 §2); `ereject` prefers refusal in the protocol over the reason's exact text."""

    reason: str
    ereject: bool = False


Action = Keep | FileInto | Redirect | Discard | Reject


class Outcome(msgspec.Struct, frozen=True):
    """At least one action, the implicit keep included."""

    actions: tuple[Action, ...]
