"""More connections at once than one source may have.

Counted by the second, however many were refused in it, past `[limits] connections_per_source`.

The innocent: an office behind one address comes back all at once after a restart of ours. Thirty seconds a day are free,
and where accounts signed in rightly within 30 days nothing is counted: those are refused for the moment, never banned for it.
"""

from __future__ import annotations

from gatepost.guard.rules.abuse.rule import AbuseRule, Weight

RULE = AbuseRule(
    kind="too-many-connections",
    what="a second in which the source was refused connections beyond its limit",
    spares="thirty seconds a day are free; sources with proven accounts pay nothing",
    weight=lambda options: Weight(options.too_many_connections, options.too_many_connections_free),
    proven_pay=False,
)
