"""Keeps the kernel's bans in step with the guard's, by the journal: bans begin and end, the allow list changes.

Only what the guard answers with DROP is dropped: not a ban in a dry run, not a confined address (its proven accounts
may still sign in), not a neighbourhood whose strangers alone are refused (law 3). Not here: deciding on a ban.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from gatepost.adapters.kernel.drop import KernelDrop
from gatepost.guard.bans import Ban
from gatepost.guard.verdicts import Admission
from gatepost.model.address import Address, Network, parse_network
from gatepost.model.events import Administered, BanEnded, Banned, Event

Admit: TypeAlias = Callable[[Address], Admission]
"""What the gate answers about a peer now."""


def dropped(network: Network, scope: str, by_hand: bool, admit: Admit) -> bool:
    """Whether everybody in a banned network gets nothing, so that it may be dropped unseen.

    A ban by hand does, exempt addresses apart; one that the guard made of a source does unless that is confined.
    """
    if scope != "all":
        return False
    return by_hand or admit(Address(network.version, network.value)) is Admission.DROP


def exempted(event: Administered) -> tuple[Network, bool] | None:
    """(network, whether it is allowed now) of an event that changed the allow list; None of any other."""
    if event.operation in ("allow.add", "allow.remove"):
        return parse_network(event.subject), event.operation == "allow.add"
    return None


class KernelSink:
    """A journal's sink. `never`: networks that no ban touches, whatever the allow list says (law 9)."""

    def __init__(self, drop: KernelDrop, admit: Admit, never: Iterable[Network]) -> None:
        self._drop, self._admit = drop, admit
        self._never = frozenset(never)
        for network in self._never:
            drop.allow(network)

    def load(self, allowed: Iterable[Network], bans: Iterable[Ban]) -> None:
        """What the guard holds at start. Call it once, before the listeners accept."""
        for network in allowed:
            self._drop.allow(network)
        self._drop.load(ban.network for ban in bans if dropped(ban.network, ban.scope, ban.by_hand, self._admit))

    def __call__(self, event: Event) -> None:
        """Told by the journal, after the guard has changed."""
        if isinstance(event, Banned):
            network = parse_network(event.network)
            if event.enforced and dropped(network, event.scope, event.by != "guard", self._admit):
                self._drop.ban(network)
            else:
                self._drop.lift(network)  # a ban that replaces a harder one of the same network
        elif isinstance(event, BanEnded):
            self._drop.lift(parse_network(event.network))
        elif isinstance(event, Administered) and (change := exempted(event)):
            network, allowed = change
            if allowed:
                self._drop.allow(network)
            elif network not in self._never:
                self._drop.disallow(network)
