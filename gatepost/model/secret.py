"""A submitted or generated secret: readable only by asking for it, never by printing, comparing or logging."""

from __future__ import annotations

from typing import Any, NoReturn


class Secret:
    """Wraps the octets of a password or token. `reveal()` is the only way to them; it cannot be pickled or encoded."""

    __slots__ = ("_octets",)

    def __init__(self, octets: bytes | str) -> None:
        self._octets = octets.encode() if isinstance(octets, str) else octets

    def reveal(self) -> bytes:
        """The octets, UTF-8 as the protocol carried them."""
        return self._octets

    def __len__(self) -> int:
        return len(self._octets)

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "***"

    def __eq__(self, other: object) -> NoReturn:
        raise TypeError("secrets are compared with hmac.compare_digest on what reveal() gives")

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> Any:
        raise TypeError("secrets do not leave the process")
