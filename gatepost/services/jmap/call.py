"""One method call's surroundings: whose mail, which limits, what earlier calls of the request created."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

import msgspec

from gatepost.mail.submission import SubmissionDoor
from gatepost.model.account import Account
from gatepost.model.connection import Connection
from gatepost.model.ids import parse_mailbox_id
from gatepost.model.mail import MailboxId
from gatepost.ports.mailstore import AccountMail
from gatepost.proto.jmap.errors import MethodError, Object
from gatepost.proto.jmap.references import Budget
from gatepost.proto.jmap.request import Invocation
from gatepost.services.jmap.options import JmapOptions

T = TypeVar("T")
_PATH = re.compile(r"`(\$[A-Za-z.\[\]]{0,100})`", re.ASCII)


class Room(msgspec.Struct, frozen=True):
    """What every call may use."""

    submission: SubmissionDoor
    options: JmapOptions
    hostname: str
    max_message: int
    now: Callable[[], float]


class Call:
    """What a method may use: `mail` is the account's; `also` adds a further response to the same call (RFC 8620 §3.2)."""

    def __init__(
        self,
        room: Room,
        connection: Connection,
        account: Account,
        mail: AccountMail,
        created_ids: dict[str, str],
        budget: Budget,
        using: tuple[str, ...],
    ) -> None:
        self.room, self.connection, self.account, self.mail = room, connection, account, mail
        self.created_ids, self.budget, self.using = created_ids, budget, using
        self.extra: list[tuple[str, Object]] = []

    @property
    def options(self) -> JmapOptions:
        """The service's."""
        return self.room.options

    def arguments(self, arguments: Object, shape: type[T]) -> T:
        """The arguments as `shape`. Raises MethodError: invalidArguments, accountNotFound."""
        try:
            parsed = msgspec.convert(arguments, shape)
        except (msgspec.ValidationError, RecursionError) as error:
            # Of the exception's text, only the path is told, which is made of our own names
            where = _PATH.search(str(error))
            raise MethodError(
                "invalidArguments", f"{where[1] if where else '$'}: something is missing, unknown or of the wrong type."
            ) from None
        if arguments.get("accountId") != self.account.id:
            raise MethodError("accountNotFound")
        return parsed

    def real_id(self, text: str) -> str:
        """An id as it is, or what `#creation-id` stands for (RFC 8620 §5.3); an unknown one stays as it is and is no id."""
        return self.created_ids.get(text[1:], text) if text.startswith("#") else text

    def mailbox_id(self, text: str) -> MailboxId | None:
        """The mailbox that an id or creation reference names, None if it can be none."""
        return parse_mailbox_id(self.real_id(text))

    def also(self, name: str, arguments: Object) -> None:
        """A response of an implicit call, after this one's own."""
        self.extra.append((name, arguments))

    def spend(self, octets: int) -> None:
        """Raises MethodError requestTooLarge where the answers of this request would become too large together."""
        if not self.budget.take(octets):
            raise MethodError(
                "requestTooLarge", "The answer would be too large: ask for fewer objects or less of them."
            )


Method: TypeAlias = Callable[[Call, Object], Awaitable[Object]]


def responses(invocation: Invocation, result: Object, call: Call) -> list[Invocation]:
    """The call's own response and those of implicit calls."""
    own = Invocation(invocation.name, result, invocation.call_id)
    return [own, *(Invocation(name, arguments, invocation.call_id) for name, arguments in call.extra)]
