"""An EmailSubmission's envelope, given or made from the message (RFC 8621 §7)."""

from __future__ import annotations

from typing import Any

from gatepost.model.message import Part
from gatepost.proto.jmap.errors import SetError, invalid
from gatepost.proto.mime import MimeAddress, header_fields, parse_addresses

MAX_RECIPIENTS = 1000


def read_envelope(value: Any) -> tuple[str, tuple[str, ...]]:
    """Sender and recipients, each once. Raises SetError invalidProperties: wrong types, or parameters, since no SMTP
    extension is offered (RFC 8621 §1.3.2)."""
    if not isinstance(value, dict) or set(value) != {"mailFrom", "rcptTo"} or not isinstance(value["rcptTo"], list):
        raise invalid(["envelope"])
    recipients = [_address(item) for item in value["rcptTo"]]
    return _address(value["mailFrom"]), tuple(dict.fromkeys(recipients))


def _address(value: Any) -> str:
    if not isinstance(value, dict) or not set(value) <= {"email", "parameters"} or value.get("parameters"):
        raise invalid(["envelope"])
    email = value.get("email")
    if not isinstance(email, str) or len(email) > 320 or any(c <= " " or c in "\x7f<>" for c in email):
        raise invalid(["envelope"])
    return email


def envelope_of(content: bytes, root: Part) -> tuple[str, tuple[str, ...]]:
    """From the message's own header. Raises SetError invalidEmail where it does not say who sends it."""
    found: dict[str, list[list[MimeAddress]]] = {}
    for name, raw in header_fields(content, root):
        if name.lower() in ("sender", "from", "to", "cc", "bcc"):
            addresses = [item for item in parse_addresses(raw) if item.email]
            found.setdefault(name.lower(), []).append(addresses)
    senders = found.get("sender") or found.get("from") or []
    if len(senders) != 1 or len(senders[0]) != 1:
        raise SetError("invalidEmail", properties=["sender" if found.get("sender") else "from"])
    recipients = [item.email for name in ("to", "cc", "bcc") for field in found.get(name, ()) for item in field]
    return senders[0][0].email, tuple(dict.fromkeys(recipients))
