"""What can go wrong in JMAP, at its three levels: request, method, single object (RFC 8620 §3.6, §5.3).

Every text here is a fixed sentence, or names properties that the client itself sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

Object: TypeAlias = dict[str, Any]
"""A JSON object."""


class RequestError(Exception):
    """The request as a whole is refused (RFC 8620 §3.6.1). `kind` is the end of the problem type's URN."""

    def __init__(self, kind: str, detail: str, limit: str | None = None) -> None:
        super().__init__(detail)
        self.kind, self.detail, self.limit = kind, detail, limit


class MethodError(Exception):
    """One method call is refused (RFC 8620 §3.6.2); nothing was changed."""

    def __init__(self, kind: str, description: str = "", **more: Any) -> None:
        super().__init__(kind)
        self.kind, self.description, self.more = kind, description, more

    def arguments(self) -> Object:
        """The arguments of the `error` response."""
        described = {"description": self.description} if self.description else {}
        return {"type": self.kind, **described, **self.more}


class SetError(Exception):
    """One object of a /set is refused (RFC 8620 §5.3); the others go on."""

    def __init__(self, kind: str, description: str = "", **more: Any) -> None:
        super().__init__(kind)
        self.kind, self.description, self.more = kind, description, more

    def object(self) -> Object:
        """As it stands in notCreated, notUpdated, notDestroyed."""
        described = {"description": self.description} if self.description else {}
        return {"type": self.kind, **described, **self.more}


def invalid(properties: Iterable[str], description: str = "") -> SetError:
    """`invalidProperties`, naming them all (RFC 8620 §5.3)."""
    return SetError("invalidProperties", description, properties=sorted(set(properties)))
