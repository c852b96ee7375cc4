"""An SMTP envelope (RFC 5321 §2.3.1) and what became of a message."""

from __future__ import annotations

import msgspec


class Envelope(msgspec.Struct, frozen=True):
    """`sender` is empty for the null reverse-path `<>`; addresses as given, without angle brackets. `helo` is what the
    client called itself, `protocol` the `with` clause of the Received field (RFC 3848: ESMTPSA and kin)."""

    sender: str
    recipients: tuple[str, ...]
    helo: str = ""
    protocol: str = "ESMTP"
    smtputf8: bool = False


class Receipt(msgspec.Struct, frozen=True):
    """A message that is on disk for everybody it was for. `id` names it in the log and in its Received field."""

    id: str
    recipients: int
