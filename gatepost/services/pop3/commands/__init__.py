"""Commands: a file a subject, a line a command.

A handler returns the reply to send, or None where it sent everything itself or the conversation is over.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from gatepost.proto.pop3.commands import (
    Auth,
    Capa,
    Dele,
    Lang,
    List,
    Noop,
    Pass,
    Quit,
    Retr,
    Rset,
    Stat,
    Stls,
    Top,
    Uidl,
    User,
    Utf8,
)
from gatepost.proto.pop3.reply import Reply
from gatepost.services.pop3.commands.listing import list_, stat, uidl
from gatepost.services.pop3.commands.retrieval import retr, top
from gatepost.services.pop3.commands.sign_in import auth, pass_, user
from gatepost.services.pop3.commands.small import capa, dele, lang, noop, quit_, rset, utf8
from gatepost.services.pop3.commands.tls import stls

if TYPE_CHECKING:
    from gatepost.services.pop3.session import Session

Handler: TypeAlias = "Callable[[Session, Any], Awaitable[Reply | None]]"

HANDLERS: Mapping[type, Handler] = {
    User: user,
    Pass: pass_,
    Auth: auth,
    Stls: stls,
    Capa: capa,
    Utf8: utf8,
    Lang: lang,
    Stat: stat,
    List: list_,
    Uidl: uidl,
    Retr: retr,
    Top: top,
    Dele: dele,
    Noop: noop,
    Rset: rset,
    Quit: quit_,
}

BEFORE_SIGN_IN = frozenset({User, Pass, Auth, Stls, Utf8})
"""Valid in the AUTHORIZATION state only."""

SIGN_IN = frozenset({User, Pass, Auth})
"""Whoever sends one of them tries to sign in."""

ANY_STATE = frozenset({Capa, Lang, Quit})
"""Valid in every state; all others in the TRANSACTION state only."""
