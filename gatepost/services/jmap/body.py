"""Reading a request's body within a budget of octets and time."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request


class TooLarge(Exception):
    """The body has more octets than are taken."""


class TooSlow(Exception):
    """The body did not come in time, or not at all."""


async def read_body(request: Request, limit: int, seconds: float) -> bytes:
    """The whole body. Raises TooLarge, before it is read where Content-Length says so; TooSlow."""
    announced = request.headers.get("content-length", "0")
    if not (announced.isascii() and announced.isdigit()) or len(announced) > 15 or int(announced) > limit:
        raise TooLarge
    pieces: list[bytes] = []
    held = 0
    try:
        async with asyncio.timeout(seconds):
            async for piece in request.stream():
                held += len(piece)
                if held > limit:
                    raise TooLarge
                pieces.append(piece)
    except (TimeoutError, ClientDisconnect):
        raise TooSlow from None
    return b"".join(pieces)
