"""Kinds of abuse that are not about passwords; they feed the same points, and the same bans, as wrong passwords do.

Doors only note that something happened (`model.events.Abuse`); what it weighs is said here and nowhere else. A new kind is
a new file, its two options, and one line in this table.
"""

from __future__ import annotations

from collections.abc import Mapping

from gatepost.guard.rules.abuse import (
    bad_command,
    early_talker,
    loitering,
    no_such_recipient,
    out_of_turn,
    relay_attempt,
    scanner_path,
    tls_garbage,
    tls_injection,
    too_many_connections,
)
from gatepost.guard.rules.abuse.rule import AbuseRule, Weight

__all__ = ["ABUSES", "AbuseRule", "Weight"]

ABUSES: Mapping[str, AbuseRule] = {
    module.RULE.kind: module.RULE
    for module in (
        early_talker,
        bad_command,
        out_of_turn,
        no_such_recipient,
        relay_attempt,
        loitering,
        scanner_path,
        tls_garbage,
        tls_injection,
        too_many_connections,
    )
}
"""By kind."""
