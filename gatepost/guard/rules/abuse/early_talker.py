"""Talking before the greeting.

RFC 5321 §3.1 has the client wait for 220; programs that pour a prepared dialogue into any open port do not.

The innocent: a few old mailers and monitors do the same, once in a while. Three a day are free, and whoever is let in
anyway may deliver (`[smtp] early_talkers` decides that, not this).
"""

from __future__ import annotations

from gatepost.guard.rules.abuse.rule import AbuseRule, Weight

RULE = AbuseRule(
    kind="early-talker",
    what="octets came before the greeting was sent",
    spares="three a day are free; each further one weighs as much as a wrong password",
    weight=lambda options: Weight(options.early_talker, options.early_talker_free),
)
