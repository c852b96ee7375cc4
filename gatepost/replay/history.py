"""What happened before a journal begins, as far as it can be told from it: who was known where.

A journal from a server's first start lacks nothing. One that begins later holds each attempt's lane, which says that the
account had signed in from there (familiar), or from its network with the same kind of client (near) or another (seen).
Bans and counters from before are not in it.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from gatepost.guard.plan import NEAR_LENGTH
from gatepost.guard.prefixes import address_key, source_key
from gatepost.guard.verdicts import Attempt, Lane
from gatepost.model.address import Address
from gatepost.model.events import SignedIn, SignInFailed
from gatepost.replay.driving import Player
from gatepost.replay.reading import Ask, Recording

_OTHER_KIND = "before the journal"


def seeds(recording: Recording, player: Player) -> Iterator[Attempt]:
    """Right sign-ins that must have been before the journal began, for its lanes to be what they are."""
    known: set[tuple[str, int, str]] = set()
    near: set[tuple[str, int, str]] = set()
    seen: set[tuple[str, int]] = set()
    for step in recording.steps:
        event = step.event
        if step.ask is not Ask.SETTLE or not isinstance(event, (SignedIn, SignInFailed)):
            continue
        attempt = player.attempt(event)
        login, kind, source = attempt.login.key, attempt.kind, attempt.source
        key, network = source_key(source), address_key(source, NEAR_LENGTH[source.version])
        if event.lane == Lane.FAMILIAR and (login, key, kind) not in known:
            yield attempt
        elif event.lane == Lane.NEAR and (login, network, kind) not in near:
            yield msgspec.structs.replace(attempt, source=_elsewhere(source))
        elif event.lane == Lane.SEEN and (login, network) not in seen:
            yield msgspec.structs.replace(attempt, source=_elsewhere(source), kind=_OTHER_KIND)
        elif not isinstance(event, SignedIn):
            continue
        known.add((login, key, kind))
        near.add((login, network, kind))
        seen.add((login, network))


def _elsewhere(source: Address) -> Address:
    """The first address of the same network, which is no client's."""
    return Address(source.version, source.network(NEAR_LENGTH[source.version]).value)
