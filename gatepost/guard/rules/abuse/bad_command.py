"""Lines that are no commands.

Web requests, exploits and binary noise at a line protocol's door, from somebody who is not signed in.

The innocent: people who type, and clients that probe for an extension. The first two of each conversation are not even
noted (mail/conduct.py), and ten more a day are free. A sign-in is never one of them, however it fails (law 6).
"""

from __future__ import annotations

from gatepost.guard.rules.abuse.rule import AbuseRule, Weight

RULE = AbuseRule(
    kind="bad-command",
    what="a line that is no command of the protocol, from somebody not signed in",
    spares="two in each conversation are not noted, ten more a day are free",
    weight=lambda options: Weight(options.bad_command, options.bad_command_free),
)
