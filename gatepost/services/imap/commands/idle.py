"""IDLE (RFC 9051 §6.3.13): the mailbox's changes are told as they happen, until DONE."""

from __future__ import annotations

from gatepost.proto.imap.commands import Idle
from gatepost.proto.imap.events import IdleDone
from gatepost.proto.imap.render.status import Status, bad, ok
from gatepost.services.imap.context import Context
from gatepost.services.imap.handler import Handler, State
from gatepost.services.imap.notifying import notify
from gatepost.services.imap.updates import report


async def idle(context: Context, command: Idle) -> Status:
    """See the module."""
    context.engine.idle()
    context.idling = True
    try:
        while True:
            await report(context, expunges=True)
            await notify(context)
            if context.over:
                return ok("IDLE ended")
            event = await context.talk.next()
            if isinstance(event, IdleDone):
                return ok("IDLE done")
            if event is not None:
                return bad("Expected DONE", "CLIENTBUG")
    finally:
        context.idling = False


HANDLERS: dict[type, Handler] = {Idle: Handler(idle, State.KNOWN)}
