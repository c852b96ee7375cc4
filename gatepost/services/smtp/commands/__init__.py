"""Commands: a file a subject, a line a command.

A handler returns the reply to send, or None where it sent everything itself or the conversation is over.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from gatepost.proto.smtp.commands import (
    Auth,
    Bdat,
    Data,
    Hello,
    Help,
    Mail,
    Noop,
    Quit,
    Rcpt,
    Reset,
    StartTls,
    Verify,
)
from gatepost.proto.smtp.reply import Reply
from gatepost.services.smtp.commands.content import bdat, data
from gatepost.services.smtp.commands.envelope import mail, rcpt
from gatepost.services.smtp.commands.hello import hello
from gatepost.services.smtp.commands.sign_in import auth
from gatepost.services.smtp.commands.small import help_, noop, quit_, reset, verify
from gatepost.services.smtp.commands.tls import starttls

if TYPE_CHECKING:
    from gatepost.services.smtp.session import Session

Handler: TypeAlias = "Callable[[Session, Any], Awaitable[Reply | None]]"

HANDLERS: Mapping[type, Handler] = {
    Hello: hello,
    Mail: mail,
    Rcpt: rcpt,
    Data: data,
    Bdat: bdat,
    Reset: reset,
    Noop: noop,
    Help: help_,
    Verify: verify,
    Quit: quit_,
    StartTls: starttls,
    Auth: auth,
}

FRUITLESS = frozenset({Hello, Reset, Noop, Help, Verify})
"""What brings no message forward; many of them in a row end the conversation."""
