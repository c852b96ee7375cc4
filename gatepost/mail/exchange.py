"""One SASL exchange brought to its end: what SMTP, POP3 and ManageSieve do alike between the command and the reply.

Not here: mechanisms (`sasl`), and how a protocol carries challenges and responses (its engine).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import msgspec

from gatepost.mail.sasl import Exchange
from gatepost.mail.verdicts import Challenge, Verdict
from gatepost.proto.sasl_response import SaslCancelled, SaslMalformed, SaslResponse

Response: TypeAlias = SaslResponse | SaslCancelled | SaslMalformed


class Ended(msgspec.Struct, frozen=True):
    """`verdict` is None where the client gave up; `malformed` where it ended with a response that nobody could read."""

    verdict: Verdict | None
    malformed: bool = False


async def run_exchange(
    exchange: Exchange, initial: SaslResponse | SaslMalformed | None, ask: Callable[[bytes], Awaitable[Response]]
) -> Ended:
    """`initial` is the response on the command's line, if there was one; `ask` sends a challenge and waits for the response."""
    response: Response | None = initial
    while True:
        if isinstance(response, SaslCancelled):
            return Ended(None)
        if isinstance(response, SaslMalformed):
            return Ended(await exchange.malformed(), malformed=True)  # counts as any wrong password (law 1)
        answer = await exchange.step(response.data if response is not None else None)
        if not isinstance(answer, Challenge):
            return Ended(answer)
        response = await ask(answer.data)
