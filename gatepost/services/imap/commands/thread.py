"""THREAD (RFC 5256 §3)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from gatepost.model.mail import Email
from gatepost.proto.imap.commands import Thread
from gatepost.proto.imap.render.status import Status, ok
from gatepost.proto.imap.threading import Facts, Node, ordered_subject, references, render
from gatepost.services.imap.bounds import must_be_few
from gatepost.services.imap.commands.search import find
from gatepost.services.imap.context import Context
from gatepost.services.imap.criteria import expanded
from gatepost.services.imap.handler import Handler, State
from gatepost.services.imap.sorting import emails_of, sent
from gatepost.services.imap.updates import report

_ALGORITHMS: dict[str, Callable[[Sequence[Facts]], list[Node]]] = {
    "ORDEREDSUBJECT": ordered_subject,
    "REFERENCES": references,
}


async def thread(context: Context, command: Thread) -> Status:
    """See the module."""
    key, _ = await expanded(context, command.key)
    if command.uid:
        await report(context, expunges=False)
    must_be_few(context, len(context.selected.uids))
    uids = await find(context, key)
    view = context.selected
    messages = [
        _facts(email, uid if command.uid else view.number(uid) or 0) async for uid, email, _ in emails_of(context, uids)
    ]
    # a large mailbox takes a while: not on the event loop
    threads = await asyncio.to_thread(lambda: render(_ALGORITHMS[command.algorithm](messages)))
    context.send(b"* THREAD%b\r\n" % (b" " + threads if threads else b""))
    return ok("THREAD done")


def _facts(email: Email, number: int) -> Facts:
    index = email.index
    base = index.base_subject.casefold()
    return Facts(
        number=number,
        sent=sent(email),
        subject=base,
        reply=base != " ".join(index.subject.casefold().split()),
        message_id=index.message_id,
        references=index.references or index.in_reply_to[:1],  # RFC 5256 §3: In-Reply-To where References is missing
    )


HANDLERS: dict[type, Handler] = {Thread: Handler(thread, State.SELECTED, by_number=True)}
