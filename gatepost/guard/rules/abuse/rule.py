"""What a kind of abuse is made of."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from gatepost.guard.abuse_options import AbuseOptions


class Weight(msgspec.Struct, frozen=True):
    """`points` of one, where a wrong password weighs 1; `free` of them a day cost nothing."""

    points: float
    free: int


class AbuseRule(msgspec.Struct, frozen=True, kw_only=True):
    """`kind` is the word in events and evidence, `what` it is, `spares` what keeps it from hitting the innocent.
    `proven_pay`: whether it counts at a source where accounts signed in rightly; `senders_earn`: whether a source has
    more of them free for each message that was delivered from it."""

    kind: str
    what: str
    spares: str
    weight: Callable[[AbuseOptions], Weight]
    proven_pay: bool = True
    senders_earn: bool = False
