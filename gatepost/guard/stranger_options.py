"""What happens when somebody signs in rightly from where nobody knew the account: `[guard.stranger]`.

Nothing else bounds what an attacker gets who tries one stolen password from one address.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from gatepost.model.units import Duration, Rate

_DAY = 86400.0


class StrangerOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[guard.stranger]`. An account's very first sign-in is no news; nor is one from the allow list."""

    notice: Annotated[
        bool, Meta(description="Tell the owner by a message in INBOX of the first sign-in from a network new to them.")
    ] = True
    notice_every: Annotated[Duration, Meta(description="At most one such message to an account in this time.")] = (
        Duration(3600)
    )
    hold: Annotated[
        Duration, Meta(description="How long sending and redirecting from there are held back; 0s: not at all.")
    ] = Duration(_DAY)
    messages: Annotated[
        Rate, Meta(description="Recipients that the account may send to from there meanwhile; further ones get 451.")
    ] = Rate(20, _DAY)
    redirects: Annotated[
        bool, Meta(description="Whether Sieve scripts with a new redirect are taken from there meanwhile.")
    ] = False
    private_sources: Annotated[
        bool, Meta(description="Whether loopback and private addresses count too: a webmail's, the office's own.")
    ] = False
    max_held: Annotated[int, Meta(ge=64, description="Accounts' new networks remembered at once.")] = 4096
