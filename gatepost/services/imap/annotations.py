"""The server's shared annotations: what the administrator says to all clients (RFC 5464 §3.2.1.1, RFC 5466 §3.2)."""

from __future__ import annotations

from collections.abc import Mapping

from gatepost.services.imap.context import Context


def shared_entries(context: Context) -> Mapping[str, bytes]:
    """By name, in lower case."""
    return {name.lower(): text.encode("utf-8") for name, text in context.house.options.metadata.items()}
