"""What an administrator may change about ManageSieve."""

from __future__ import annotations

from typing import Annotated

import msgspec

from gatepost.model.units import Duration, Size


class ManageSieveOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Defaults suit people who edit their filters by hand."""

    max_script: Annotated[
        Size, msgspec.Meta(description="Octets of one script; all of an account's have a quota besides.")
    ] = Size(256 * 1024)
    idle_timeout: Annotated[
        Duration,
        msgspec.Meta(description="Between commands, once signed in; RFC 5804 §1.2 asks for 30 minutes at least."),
    ] = Duration(1800)
    command_timeout: Annotated[Duration, msgspec.Meta(description="From a command's first octet to its last.")] = (
        Duration(60)
    )
    sign_in_timeout: Annotated[Duration, msgspec.Meta(description="From the connection's begin to the sign-in.")] = (
        Duration(60)
    )
    connection_timeout: Annotated[Duration, msgspec.Meta(description="The whole conversation; 0s for no end.")] = (
        Duration(24 * 3600)
    )
    max_errors: Annotated[
        int, msgspec.Meta(ge=1, description="Commands that make no sense before the conversation ends.")
    ] = 10
