"""What an administrator may set for IMAP."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

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
    commands_before_login: Annotated[
        int, Meta(ge=5, description="Commands that a client may send before it is signed in.")
    ] = 50
    bad_commands: Annotated[
        int, Meta(ge=1, description="Commands that are no IMAP before the connection is ended, not signed in.")
    ] = 5
