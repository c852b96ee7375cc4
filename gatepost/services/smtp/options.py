"""What an administrator may change about SMTP, for the MX and for submission alike."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from gatepost.model.units import Duration

MINUTE = 60


class SmtpOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Defaults suit both doors; the largest message is set where messages enter, not here."""

    sign_in: Annotated[
        bool | None,
        msgspec.Meta(description="Offer AUTH. Unset: on submission only, since other mail servers never sign in."),
    ] = None
    max_recipients: Annotated[
        int, msgspec.Meta(ge=100, description="Recipients of one message (RFC 5321 §4.5.3.1.8 asks for 100 at least).")
    ] = 100
    max_errors: Annotated[
        int,
        msgspec.Meta(
            ge=1,
            description="Refused commands before the conversation ends; a refused recipient counts as a fifth of one.",
        ),
    ] = 20
    max_fruitless: Annotated[
        int,
        msgspec.Meta(
            ge=5,
            description="Commands that bring no message forward (NOOP, RSET, EHLO, VRFY...) before the conversation ends.",
        ),
    ] = 50
    early_talkers: Annotated[
        Literal["note", "refuse"],
        msgspec.Meta(
            description="A client that talks before the greeting: only tell the guard, or refuse it with 554 too."
        ),
    ] = "note"
    greeting_delay: Annotated[
        Duration,
        msgspec.Meta(
            description="Wait this long before the greeting to see who talks first. 0s looks only at what is there."
        ),
    ] = Duration(0)
    strict_paths: Annotated[
        bool,
        msgspec.Meta(description="Refuse `MAIL FROM: <a@b>`, with the space that PHP's mailers and old Outlooks send."),
    ] = False
    idle_timeout: Annotated[
        Duration, msgspec.Meta(description="Between commands, and between pieces of a message (RFC 5321 §4.5.3.2.7).")
    ] = Duration(5 * MINUTE)
    command_timeout: Annotated[Duration, msgspec.Meta(description="From a command's first octet to its last.")] = (
        Duration(MINUTE)
    )
    message_timeout: Annotated[Duration, msgspec.Meta(description="From DATA's go-ahead to the message's end.")] = (
        Duration(30 * MINUTE)
    )
    sign_in_timeout: Annotated[
        Duration, msgspec.Meta(description="On submission: from the connection's begin to the sign-in.")
    ] = Duration(2 * MINUTE)
    connection_timeout: Annotated[Duration, msgspec.Meta(description="The whole conversation; 0s for no end.")] = (
        Duration(120 * MINUTE)
    )
