"""What an administrator may change about POP3."""

from __future__ import annotations

from typing import Annotated

import msgspec

from gatepost.model.units import Duration


class Pop3Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Defaults suit clients that fetch and leave."""

    idle_timeout: Annotated[
        Duration,
        msgspec.Meta(description="Between commands, once signed in; RFC 1939 §3 asks for 10 minutes at least."),
    ] = Duration(600)
    command_timeout: Annotated[
        Duration,
        msgspec.Meta(
            description="From a command's first octet to its last, and for a client to take what it asked for."
        ),
    ] = Duration(60)
    sign_in_timeout: Annotated[Duration, msgspec.Meta(description="From the connection's begin to the sign-in.")] = (
        Duration(60)
    )
    connection_timeout: Annotated[Duration, msgspec.Meta(description="The whole conversation; 0s for no end.")] = (
        Duration(4 * 3600)
    )
    ascii_headers: Annotated[
        bool,
        msgspec.Meta(
            description="Headers that are not ASCII are told in ASCII to clients that did not ask for UTF8 (RFC 6856 §2.1); off: "
            "every client gets the octets that came in."
        ),
    ] = True
    max_errors: Annotated[
        int, msgspec.Meta(ge=1, description="Lines that are no commands before the conversation ends.")
    ] = 10
