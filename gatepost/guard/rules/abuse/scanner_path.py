"""Other people's software over HTTP.

Paths of programs that are not here, and of their holes (the list is in services/jmap/scanners.py).

The innocent: nobody who uses mail asks for them, but a link in a message may lead a curious reader to one. Three a day
are free. What mail programs ask any mail host for (autodiscover, autoconfig, ActiveSync) is not on the list.
"""

from __future__ import annotations

from gatepost.guard.rules.abuse.rule import AbuseRule, Weight

RULE = AbuseRule(
    kind="scanner-path",
    what="a path that only scanners ask a mail server for",
    spares="three a day are free; nothing that a mail program asks for is on the list",
    weight=lambda options: Weight(options.scanner_path, options.scanner_path_free),
)
