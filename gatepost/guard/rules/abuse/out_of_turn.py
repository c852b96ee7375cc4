"""Commands that make no sense before signing in.

SELECT, RETR or PUTSCRIPT from somebody who never tried to sign in: no client does that, scripts that look for open doors do.

The innocent: a client that sends LOGIN and SELECT in one go and whose LOGIN fails has tried to sign in, so that nothing
of that conversation is noted (law 6). MAIL without AUTH at submission is not noted at all: it is how a mail program
behaves whose owner forgot to switch on sign-in.
"""

from __future__ import annotations

from gatepost.guard.rules.abuse.rule import AbuseRule, Weight

RULE = AbuseRule(
    kind="out-of-turn",
    what="a command for those signed in, in a conversation where nobody tried to sign in",
    spares="what is sent along with a sign-in that fails is not noted; ten a day are free",
    weight=lambda options: Weight(options.out_of_turn, options.out_of_turn_free),
)
