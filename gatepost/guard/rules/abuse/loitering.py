"""Holding a door without knocking.

A connection at a sign-in door on which nobody tried to sign in, and which lasted at least 20 seconds before it
left, or until it was told to leave: slots held by those who want them to run out.

The innocent: a health checker connects and leaves at once, or says QUIT; a client that distrusts the certificate leaves in
the handshake; a client that was refused has tried. A phone that changes networks leaves a connection hanging now and
then: twenty a day are free. And where an account signed in rightly within 30 days nothing is counted at all.
"""

from __future__ import annotations

from gatepost.guard.rules.abuse.rule import AbuseRule, Weight

RULE = AbuseRule(
    kind="loitering",
    what="a connection at a sign-in door, held for 20 seconds or more, on which nobody tried to sign in",
    spares="leaving at once, a goodbye or a try is not noted; twenty a day are free, and all where accounts are proven",
    weight=lambda options: Weight(options.loitering, options.loitering_free),
    proven_pay=False,
)
