"""Telling the client of keywords that are new to it: FLAGS and PERMANENTFLAGS anew (RFC 9051 §7.3.5)."""

from __future__ import annotations

from collections.abc import Iterable

from gatepost.model.flags import Flags
from gatepost.model.rights import ALL_RIGHTS, WRITE, right_for
from gatepost.proto.imap.render.mailbox import flags as known_flags
from gatepost.proto.imap.render.status import told
from gatepost.services.imap.context import Context
from gatepost.services.imap.selected import Selected


def tell_new_flags(context: Context, flags: Iterable[Flags]) -> None:
    """FLAGS and PERMANENTFLAGS anew where messages have a keyword that the client has not heard of, before it meets it in
    a FETCH."""
    view = context.selected
    if view.flags.learn(flags):
        tell_known_flags(context, view)


def tell_known_flags(context: Context, view: Selected) -> None:
    """FLAGS and PERMANENTFLAGS as they are now."""
    context.send(known_flags(view.flags.told.values()) + permanent_flags(view))


def permanent_flags(view: Selected) -> bytes:
    """PERMANENTFLAGS (RFC 9051 §7.1), as the client's rights go (RFC 4314 §5.1.1); `\\*`: keywords may be made."""
    flags = [] if view.examined else list(view.flags.told.values())
    if view.rights != ALL_RIGHTS:
        flags = [flag for flag in flags if right_for(flag) in view.rights]
    if flags and WRITE in view.rights:
        flags.append("\\*")
    return told(f"PERMANENTFLAGS ({' '.join(flags)})", "Flags that are kept")
