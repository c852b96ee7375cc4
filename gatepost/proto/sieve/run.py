"""One run of a script over one message: its variables, flags, actions, and how much of its budget is left."""

from __future__ import annotations

from collections.abc import Callable

from gatepost.model.flags import NO_FLAGS, Flags
from gatepost.proto.sieve.limits import Limits, RunError
from gatepost.proto.sieve.message import MessageView
from gatepost.proto.sieve.outcome import Action, Discard, FileInto, Keep, Outcome, Redirect, Reject

_ENTRY = 200
"""Octets that an entry takes besides its values."""


class Stopped(Exception):
    """`stop` was reached (RFC 5228 §3.3)."""


class Run:
    """`line` is where the script is, for error messages. `enabled` grows with `ihave` (RFC 5463 §4)."""

    def __init__(self, message: MessageView, limits: Limits, enabled: frozenset[str]) -> None:
        self.message, self.limits = message, limits
        self.enabled = set(enabled)
        self.line = 1
        self.flags: Flags = NO_FLAGS
        """imap4flags' internal variable (RFC 5232 §3)."""
        self._steps = limits.steps
        self._variables: dict[bytes, bytes] = {}
        self._matched: list[bytes] = []
        self._actions: list[Action] = []
        self._implicit_keep = True
        self._now: float | None = None
        self._made: dict[tuple[object, ...], list[bytes]] = {}
        self._room = limits.remembered

    @property
    def now(self) -> float:
        """One point in time for the whole run (RFC 5260 §5)."""
        if self._now is None:
            self._now = self.message.now()
        return self._now

    def spend(self, octets: int = 0) -> None:
        """Pays for one step, and for looking at `octets()`. Raises RunError when the budget is used up."""
        self._steps -= 1 + (octets >> 10)
        if self._steps < 0:
            raise self.error("the script takes too long")

    def once(self, key: tuple[object, ...], octets: Callable[[], int], make: Callable[[], list[bytes]]) -> list[bytes]:
        """What `make` gives, made once in a run as far as there is room to keep it. Making it costs as much as looking at
        `octets()`. Raises RunError when the budget is used up."""
        made = self._made.get(key)
        if made is None:
            self.spend(octets())
            made = make()
            size = sum(map(len, made)) + _ENTRY
            if size <= self._room:
                self._room -= size
                self._made[key] = made
        self.spend(len(made) << 8)
        return made

    def error(self, reason: str) -> RunError:
        """To be raised: what went wrong, and where."""
        return RunError(reason, self.line)

    # -- variables (RFC 5229) ----------------------------------------------------------------------------------------
    def variable(self, name: bytes) -> bytes:
        """Empty for unknown ones (§3). Raises RunError when the budget is used up, since values add up."""
        value = self._variables.get(name, b"")
        self.spend(len(value))
        return value

    def set_variable(self, name: bytes, value: bytes) -> None:
        """Too long a value is cut (§6), not within a UTF-8 character. Raises RunError for too many variables."""
        if len(value) > self.limits.variable:
            value = value[: self.limits.variable].decode("utf-8", "ignore").encode()
        if name not in self._variables and len(self._variables) >= self.limits.variables:
            raise self.error("too many variables")
        self._variables[name] = value

    def match_variable(self, index: int) -> bytes:
        """§3.2. Raises RunError when the budget is used up."""
        value = self._matched[index] if index < len(self._matched) else b""
        self.spend(len(value))
        return value

    def set_matched(self, texts: list[bytes]) -> None:
        """After a successful `:matches`; the first is the whole value."""
        self._matched = [text[: self.limits.variable] for text in texts]

    # -- actions -----------------------------------------------------------------------------------------------------
    def act(self, action: Action) -> None:
        """Takes an action into the outcome. Raises RunError where it does not go with those before, or there are too many."""
        others = [other for other in self._actions if not isinstance(other, Discard)]
        if isinstance(action, Reject) and others:
            raise self.error("reject does not go with other actions")  # RFC 5429 §2.4
        if any(isinstance(other, Reject) for other in others):
            raise self.error("no other action goes with reject")
        if len(self._actions) >= self.limits.actions:
            raise self.error("too many actions")
        if isinstance(action, Redirect):
            if action in self._actions:
                return
            if sum(isinstance(other, Redirect) for other in self._actions) >= self.limits.redirects:
                raise self.error("too many redirects")
        self._actions.append(action)
        # RFC 5228 §2.10.2; RFC 3894 §3: a copy leaves the implicit keep alone
        if not (isinstance(action, FileInto | Redirect) and action.copy):
            self._implicit_keep = False

    def outcome(self) -> Outcome:
        """The actions so far and the implicit keep, if nothing cancelled it; it takes the internal flags (RFC 5232 §3)."""
        actions = list(self._actions)
        if self._implicit_keep:
            actions.append(Keep(self.flags, implicit=True))
        return Outcome(tuple(actions))
