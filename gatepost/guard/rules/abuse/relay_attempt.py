"""Recipients elsewhere, from strangers.

Whoever looks for an open relay names recipients in domains that are not held here.

The innocent: mail servers that still believe this host to be the MX of a domain that has moved. Five a day are free, two
more for each message that was delivered from the same source within 30 days, and one weighs half a wrong password.
"""

from __future__ import annotations

from gatepost.guard.rules.abuse.rule import AbuseRule, Weight

RULE = AbuseRule(
    kind="relay-attempt",
    what="a recipient in a domain that is not held here, from somebody not signed in",
    spares="half a point; five a day are free, and two more for each message delivered from the source",
    weight=lambda options: Weight(options.relay_attempt, options.relay_attempt_free),
    senders_earn=True,
)
