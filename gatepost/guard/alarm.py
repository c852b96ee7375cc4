"""Attack mode: whether far more wrong passwords are counted than on a quiet day.

It tightens never-proven sources only, and tells the operator; nobody who is known here feels it.
"""

from __future__ import annotations

from math import exp

_HOUR = 3600.0
_LEARN = 7 * 86400.0  # how slowly the quiet rate is learned
_LEARN_UNDER_ATTACK = 28 * 86400.0  # an attack that never ends becomes the weather


class Alarm:
    """`rate` counted failures an hour now, `quiet` the learned usual, `on` whether the site is under attack."""

    def __init__(self, least: float, factor: float, hold: float) -> None:
        self.on = False
        self._hold = hold
        self._last = 0.0  # when the rate was last that of an attack
        self.rate = 0.0
        self.quiet = 0.0
        self._at = 0.0
        self._least = least
        self._factor = factor
        self._threshold = least  # failures an hour that make an attack
        self.dirty = False

    def _pass(self, now: float) -> None:
        elapsed = now - self._at
        if self._at and elapsed > 0:
            slow = _LEARN_UNDER_ATTACK if self.on else _LEARN
            self.quiet += (self.rate - self.quiet) * (1.0 - exp(-elapsed / slow))
            self.rate *= exp(-elapsed / _HOUR)
            self._set_threshold()
        self._at = now

    def _set_threshold(self) -> None:
        """Follows from what is usual."""
        self._threshold = max(self._least, self._factor * self.quiet)

    def count(self, now: float) -> None:
        """One more counted failure."""
        if now != self._at:
            self._pass(now)
        self.rate += 1.0
        threshold = self._threshold
        if self.rate > threshold / 2 and (self.on or self.rate > threshold):
            self.on = True
            self._last = now
        self.dirty = True

    def look(self, now: float) -> None:
        """Ends the attack when the rate has long been under half of what made it one. Not at once: while the attackers'
        addresses are banned it is quiet too."""
        if self._at and now - self._at >= 1.0:
            self._pass(now)
            if self.on and now - self._last > self._hold:
                self.on = False
                self.dirty = True

    def restore(self, rate: float, quiet: float, at: float, last: float, on: bool) -> None:
        """Puts back what was saved."""
        self.rate, self.quiet, self._at, self._last, self.on = rate, quiet, at, last, on
        self._set_threshold()

    def saved(self) -> tuple[float, float, float, float, bool]:
        """What to save."""
        return self.rate, self.quiet, self._at, self._last, self.on
