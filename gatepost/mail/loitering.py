"""Watches for connections at the sign-in doors that hold on to their place without trying to sign in.

It hears the journal and tells it; what that weighs, and for whom nothing, is the guard's rule `loitering`. Who leaves at
once (a health checker, a phone that found another network) or says goodbye is not told.
"""

from __future__ import annotations

from gatepost.journal import Journal
from gatepost.model.connection import Door
from gatepost.model.events import (
    Abuse,
    ConnectionClosed,
    ConnectionOpened,
    Event,
    SignedIn,
    SignInFailed,
    SignInRefused,
    SignInUntried,
)

DOORS = frozenset(door.value for door in Door if door not in (Door.SMTP, Door.HTTP, Door.HTTPS))
"""Where one comes to sign in. Over HTTP a request without credentials is how a client asks what is wanted."""
HELD = 20.0
"""Seconds from which on a connection that left by itself held its place."""


class Loitering:
    """Keeps one entry for each open connection at a sign-in door: whether somebody tried to sign in on it."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._tried: dict[str, bool] = {}

    def hear(self, event: Event) -> None:
        """A sink of the journal."""
        if isinstance(event, ConnectionOpened):
            if event.door in DOORS:
                self._tried[event.connection] = False
        elif isinstance(event, (SignedIn, SignInFailed, SignInRefused, SignInUntried)):
            if event.connection in self._tried:
                self._tried[event.connection] = True
        elif isinstance(event, ConnectionClosed):
            held = event.why == "timeout" or (event.why == "peer" and event.seconds >= HELD)
            if not self._tried.pop(event.connection, True) and held:
                self._journal.note(Abuse(event.at, event.connection, event.door, event.client, "loitering"))
