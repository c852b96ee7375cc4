"""CAPABILITY, NOOP, LOGOUT, STARTTLS, COMPRESS, ID, ENABLE, NAMESPACE (RFC 9051 §6.1-6.3, RFC 4978)."""

from __future__ import annotations

import re

from gatepost.mail.shared import OTHERS
from gatepost.proto.imap.commands import Capability, Compress, Enable, Id, Logout, Namespace, Noop, StartTls
from gatepost.proto.imap.render.mailbox import namespace, words
from gatepost.proto.imap.render.status import Status, bad, bye, no, ok
from gatepost.services.imap.capability import capabilities
from gatepost.services.imap.context import Context
from gatepost.services.imap.handler import Handler, State
from gatepost.services.imap.notices import Notices
from gatepost.services.imap.notifying import listen

_KIND = re.compile(r"[^a-z0-9]+")
_MAX_KIND = 40

# ENABLE's names, and what else each turns on: QRESYNC implies CONDSTORE (RFC 7162 §3.2.3)
_ENABLING: dict[str, tuple[str, ...]] = {
    "IMAP4REV2": (),
    "UTF8=ACCEPT": (),
    "CONDSTORE": (),
    "QRESYNC": ("CONDSTORE",),
    "METADATA": (),
}
_SPELLED = {"IMAP4REV2": "IMAP4rev2"}


async def capability(context: Context, command: Capability) -> Status:
    """What may be done in this state of the session."""
    context.send(words("CAPABILITY", capabilities(context)))
    return ok("CAPABILITY done")


async def noop(context: Context, command: Noop) -> Status:
    """Nothing but the news of the mailbox, which every command ends with."""
    return ok("NOOP done")


async def logout(context: Context, command: Logout) -> Status:
    """BYE, then the end (§6.1.3)."""
    context.unselect()
    context.send(bye("Goodbye").render())
    context.over = True
    return ok("LOGOUT done")


async def start_tls(context: Context, command: StartTls) -> Status:
    """The session begins the handshake once the answer is queued (§6.2.1)."""
    if not context.wire.offers_tls:
        return bad("TLS is not available")
    context.upgrade = True
    return ok("Begin TLS now")


async def compress(context: Context, command: Compress) -> Status:
    """RFC 4978 §3. The session begins it once the answer is queued."""
    if command.mechanism != "DEFLATE":
        return no("That mechanism is not offered", "CANNOT")
    if context.compressed:
        return no("Compressed already", "COMPRESSIONACTIVE")
    context.compressed = True
    return ok("Compressed from here on")


async def identify(context: Context, command: Id) -> Status:
    """RFC 2971. The client's name becomes part of its coarse kind; nothing is decided by it (§2: never trusted)."""
    if context.account is None:
        name = _KIND.sub("-", dict(command.fields).get("name", "").lower()).strip("-")[:_MAX_KIND]
        context.kind = f"imap:{name}" if name else "imap"
    context.send(b'* ID ("name" "Gatepost")\r\n')
    return ok("ID done")


async def enable(context: Context, command: Enable) -> Status:
    """Names that are unknown, or enabled already, are left out of the answer (RFC 5161 §3.1)."""
    enabled = []
    for name in command.names:
        if name in _ENABLING and name not in context.enabled:
            enabled.append(_SPELLED.get(name, name))
            if "CONDSTORE" in (name, *_ENABLING[name]):
                context.use_condstore()
            context.enabled.update((name, *_ENABLING[name]))
    if "METADATA" in enabled:  # RFC 5464 §4.1: others' changes are told from now on
        context.notices = context.notices or Notices(context.user)
        context.notices.metadata = True
        await listen(context)
    context.send(words("ENABLED", enabled))
    return ok("ENABLE done")


async def namespaces(context: Context, command: Namespace) -> Status:
    """One's own, and what others share (RFC 2342 §5)."""
    context.send(namespace(OTHERS))
    return ok("NAMESPACE done")


HANDLERS: dict[type, Handler] = {
    Capability: Handler(capability, State.ANY),
    Noop: Handler(noop, State.ANY),
    Logout: Handler(logout, State.ANY),
    StartTls: Handler(start_tls, State.STRANGER),
    Compress: Handler(compress, State.KNOWN),
    Id: Handler(identify, State.ANY),
    Enable: Handler(enable, State.KNOWN),
    Namespace: Handler(namespaces, State.KNOWN),
}
