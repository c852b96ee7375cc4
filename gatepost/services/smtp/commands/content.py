"""DATA and BDAT: the message itself. Whatever is wrong with it is said at its true end, and only there.

250 is said after the door returned: the message is on disk for everybody it is for.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from gatepost.model.envelope import Envelope
from gatepost.model.errors import GatepostError
from gatepost.model.mailaddr import BadMailAddress
from gatepost.net.conversation import ClockRanOut
from gatepost.proto.smtp.commands import Bdat, Content, ContentEnd, Data
from gatepost.proto.smtp.reply import Reply, reply
from gatepost.services.smtp import render
from gatepost.services.smtp.transaction import Collector, Transaction

if TYPE_CHECKING:
    from gatepost.services.smtp.session import Session


async def data(session: Session, command: Data) -> Reply:
    """DATA (RFC 5321 §4.1.1.4)."""
    transaction = session.transaction
    if transaction is None:
        return render.MAIL_FIRST
    if transaction.chunked:
        return render.CHUNKS_BEGUN  # RFC 3030 §2
    if not transaction.recipients:
        return render.NO_RECIPIENTS
    session.engine.accept_content(render.GO_AHEAD)
    end = await _receive(session, transaction.collector)
    return await _finish(session, transaction, end)


async def bdat(session: Session, command: Bdat) -> Reply:
    """BDAT (RFC 3030 §2). The octets come whatever we think of them; a failed transaction's are swallowed."""
    transaction = session.transaction
    usable = transaction is not None and bool(transaction.recipients)
    end = await _receive(session, transaction.collector if transaction is not None and usable else None)
    if transaction is None:
        return render.MAIL_FIRST
    if not usable:
        session.forget_transaction()
        return render.NO_RECIPIENTS
    transaction.chunked = True
    if command.last:
        return await _finish(session, transaction, end)
    if transaction.collector.refusal is not None:
        answer = transaction.collector.refusal
        session.forget_transaction()
        return answer
    return reply(250, "2.0.0", f"{command.size} octets received")


async def _receive(session: Session, collector: Collector | None) -> ContentEnd:
    """Takes in octets up to the end of DATA or of the chunk. A stopping server waits for it (RFC 5321 §3.8)."""
    try:
        async with asyncio.timeout(session.options.message_timeout):
            while True:
                event = await session.next_event(finishing=True)
                if isinstance(event, ContentEnd):
                    return event
                if collector is not None and isinstance(event, Content):
                    collector.add(event.octets)
    except TimeoutError:
        raise ClockRanOut("message") from None


async def _finish(session: Session, transaction: Transaction, end: ContentEnd) -> Reply:
    """Hands the message over, and ends the transaction however that went."""
    try:
        if end.bare_line_end:
            return render.BARE_LINE_END
        if transaction.collector.refusal is not None:
            return transaction.collector.refusal
        receipt = await session.doors.take(
            session.wire.connection, session.account, _envelope(session, transaction), transaction.collector.take()
        )
    except (GatepostError, BadMailAddress) as error:
        return render.content_error_reply(error)
    finally:
        session.forget_transaction()
    session.conduct.delivered()
    return reply(250, "2.0.0", f"Taken as {receipt.id}")


def _envelope(session: Session, transaction: Transaction) -> Envelope:
    return Envelope(
        sender=transaction.mail.sender,
        recipients=tuple(transaction.recipients),
        helo=transaction.hello.name,
        protocol=_protocol(session, transaction),
        smtputf8=transaction.mail.smtputf8,
    )


def _protocol(session: Session, transaction: Transaction) -> str:
    """The `with` clause (RFC 3848; RFC 6531 §4.3 for UTF8SMTP and kin)."""
    if not transaction.hello.extended:
        return "SMTP"
    name = "UTF8SMTP" if transaction.mail.smtputf8 else "ESMTP"
    return name + ("S" if session.wire.connection.tls else "") + ("A" if session.account else "")
