"""The journal: what happened is noted once, and every sink hears of it: the log, the guard, later metrics and webhooks.

A sink must not block and must not raise; one that raises is reported to the others and loses that event only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from gatepost.model.events import Event, Failed

Sink: TypeAlias = Callable[[Event], None]


class Journal:
    """Hands events over in the order they are noted."""

    def __init__(self, *sinks: Sink) -> None:
        self._sinks = list(sinks)

    def add(self, sink: Sink) -> None:
        """`sink` hears every event from now on."""
        self._sinks.append(sink)

    def note(self, event: Event) -> None:
        """Tells every sink."""
        for sink in self._sinks:
            try:
                sink(event)
            except Exception as error:
                if not isinstance(event, Failed):
                    self.note(Failed(at=event.at, topic="journal", text=f"sink {sink!r}: {error!r}"))
