"""MAIL and RCPT (RFC 5321 §4.1.1.2 and §4.1.1.3): who sends to whom, asked of the doors one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatepost.model.errors import GatepostError, NoSuchAccount, NotLocal
from gatepost.model.mailaddr import BadMailAddress
from gatepost.proto.smtp.commands import Fault, FaultKind, Mail, Rcpt
from gatepost.proto.smtp.reply import Reply
from gatepost.services.smtp import render
from gatepost.services.smtp.transaction import Collector, Transaction

if TYPE_CHECKING:
    from gatepost.services.smtp.session import Session

_SENDER = render.fault_reply(Fault(FaultKind.SENDER))
_RECIPIENT = render.fault_reply(Fault(FaultKind.RECIPIENT))
_ABUSES: dict[type[Exception], str] = {NoSuchAccount: "no-such-recipient", NotLocal: "relay-attempt"}


async def mail(session: Session, command: Mail) -> Reply:
    """Begins a transaction."""
    if session.hello is None:
        return render.HELLO_FIRST
    if session.doors.requires_sign_in and session.account is None:
        return render.SIGN_IN_REQUIRED  # RFC 4954 §6, RFC 6409 §4.3
    if session.transaction is not None:
        return render.ONE_AT_A_TIME
    if command.spaced and session.options.strict_paths:
        return _SENDER
    if command.international and not command.smtputf8:
        return render.NEEDS_SMTPUTF8_SENDER  # RFC 6531 §3.5
    if command.size is not None and command.size > session.doors.max_message:
        return render.TOO_LARGE  # RFC 1870 §6.1
    try:
        session.doors.check_sender(session.account, command.sender)
    except BadMailAddress:
        return _SENDER
    except GatepostError as error:
        return render.error_reply(error)
    collector = Collector(session.budget, session.doors.max_message)
    session.transaction = Transaction(session.hello, command, collector)
    return render.SENDER_OK


async def rcpt(session: Session, command: Rcpt) -> Reply:
    """One more recipient. Naming one twice is no fault, and delivers once."""
    transaction = session.transaction
    if transaction is None or transaction.chunked:
        return render.MAIL_FIRST if transaction is None else render.CHUNKS_BEGUN
    if command.spaced and session.options.strict_paths:
        return _RECIPIENT
    if command.international and not transaction.mail.smtputf8:
        return render.NEEDS_SMTPUTF8_RECIPIENT  # RFC 6531 §3.5
    if len(transaction.recipients) >= session.options.max_recipients:
        return render.TOO_MANY_RECIPIENTS  # RFC 5321 §4.5.3.1.10: 452, and what was accepted stands
    try:
        session.doors.check_recipient(session.wire.connection, session.account, command.recipient)
    except (GatepostError, BadMailAddress) as error:
        kind = _ABUSES.get(type(error))
        if kind is not None and session.account is None:
            session.conduct.abuse(kind)
        return render.error_reply(error)
    if command.recipient not in transaction.recipients:
        transaction.recipients.append(command.recipient)
    return render.RECIPIENT_OK
