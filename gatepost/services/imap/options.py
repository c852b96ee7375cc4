"""What an administrator may set for IMAP."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from gatepost.model.annotation import BadAnnotationName, check_name
from gatepost.model.units import Duration


class ImapOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[imap]`."""

    login_timeout: Annotated[Duration, Meta(description="How long a client may take to sign in.")] = Duration(60)
    idle_timeout: Annotated[
        Duration, Meta(description="How long a signed-in client may be silent, IDLE included; RFC 9051 asks for 30m.")
    ] = Duration(31 * 60)
    command_timeout: Annotated[
        Duration, Meta(description="How long a signed-in client may take to send one command, or to take an answer.")
    ] = Duration(600)
    unauthenticate: Annotated[
        bool,
        Meta(
            description="Whether a client may sign out and sign in as somebody else on one connection (RFC 8437)."
            " Turn it off behind a proxy that only looks at the first sign-in."
        ),
    ] = True
    metadata: Annotated[
        dict[str, str],
        Meta(
            description="Annotations of the server, which every client may read and none may change (RFC 5464):"
            " `/shared/comment`, `/shared/admin` (a URI to reach you by), `/shared/filters/values/NAME` (a search, RFC 5466)."
        ),
    ] = {}
    message_limit: Annotated[
        int,
        Meta(
            ge=0,
            description="Messages that one command works on, 0 for any number (RFC 9738). Clients that do not know of such"
            " limits see only the last messages of larger mailboxes; the RFC asks for 1000 at least.",
        ),
    ] = 0
    save_limit: Annotated[
        int,
        Meta(ge=0, description="Messages that one COPY or APPEND adds, 0 for any number, where `message_limit` is 0."),
    ] = 0
    commands_before_login: Annotated[
        int, Meta(ge=5, description="Commands that a client may send before it is signed in.")
    ] = 50
    bad_commands: Annotated[
        int, Meta(ge=1, description="Commands that are no IMAP before the connection is ended, not signed in.")
    ] = 5

    def __post_init__(self) -> None:
        """Raises ValueError with what was expected."""
        for name in self.metadata:
            try:
                shared = check_name(name).startswith("/shared/")
            except BadAnnotationName:
                shared = False
            if not shared:
                raise ValueError(f"{name}: an annotation's name such as /shared/comment")
