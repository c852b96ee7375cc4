"""Slow hashing of passwords, which stands behind the guard."""

from __future__ import annotations

from typing import Protocol

from gatepost.model.account import ScramKeys
from gatepost.model.secret import Secret


class Passwords(Protocol):
    """Runs beside the event loop, a bounded number at a time. `evaluations` counts every hash that was computed to check a
    password; `scram` names the SCRAM mechanisms that keys are made for."""

    evaluations: int
    scram: tuple[str, ...]

    @property
    def crowded(self) -> bool:
        """Whether a check that is not urgent would be refused now (Overloaded)."""
        ...

    async def verify(self, hashed: str, secret: Secret, urgent: bool = False) -> bool:
        """Whether `secret` is right. The empty hash is nobody's: a dummy of the same cost is computed, and the answer
        is False. `urgent` ones (the owner's lane) go first. Raises Overloaded when the queue is full."""
        ...

    async def hash(self, secret: Secret) -> str:
        """A new argon2id PHC string with OWASP's parameters (t=2, m=19 MiB, p=1), of the SASLprep'd password."""
        ...

    async def scram_keys(self, secret: Secret) -> tuple[ScramKeys, ...]:
        """Keys of the (SASLprep'd) password, for each mechanism of `scram`; none where SASLprep forbids it."""
        ...

    def check_new(self, secret: Secret, login: str) -> None:
        """Raises WeakPassword for one of the 10,000 commonest, one that contains the login, or one shorter than 8."""
        ...

    def is_common(self, secret: Secret) -> bool:
        """Whether it is one of the 10,000 commonest; microseconds."""
        ...

    def knows_form(self, hashed: str) -> bool:
        """Whether an imported hash is of a kind that can be checked here."""
        ...

    async def close(self) -> None:
        """Finishes what runs, and ends."""
        ...
