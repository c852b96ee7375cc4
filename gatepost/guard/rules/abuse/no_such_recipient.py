"""Recipients that do not exist.

Harvesters try names by the thousand to learn which exist.

The innocent: every mail server has dead addresses in its lists, and queues that come back to them. What protects it:
one weighs a tenth of a wrong password; twenty a day are free; and each message that was delivered here from the same
source makes two more of them free a day (at most 500), for as long as mail keeps coming from there (30 days). A server
that sends one dead recipient, or ten a day for ever, never pays a point; a newsletter that delivers 200 messages may
name 420 dead ones a day. Points come back at ten a day on top. A harvester that delivers nothing is banned at the 111th.
"""

from __future__ import annotations

from gatepost.guard.rules.abuse.rule import AbuseRule, Weight

RULE = AbuseRule(
    kind="no-such-recipient",
    what="a recipient that nobody here has",
    spares="a tenth of a point; twenty a day are free, and two more for each message delivered from the source",
    weight=lambda options: Weight(options.no_such_recipient, options.no_such_recipient_free),
    senders_earn=True,
)
