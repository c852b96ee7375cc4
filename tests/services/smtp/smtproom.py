"""Clients of SMTP doors over the real adapters."""

from __future__ import annotations

from typing import Any, Literal

from lineroom import HOST, Peer, Room, plain

from gatepost.model.connection import Door
from gatepost.services.smtp.options import SmtpOptions
from gatepost.services.smtp.service import SmtpService


class Smtp:
    """`mx` and `submission` give clients that have read the greeting."""

    def __init__(self, room: Room) -> None:
        self.room = room

    def service(self, role: Literal["mx", "submission"], **options: Any) -> SmtpService:
        return SmtpService(
            role=role,
            auth=self.room.auth,
            intake=self.room.intake,
            submission=self.room.submission,
            journal=self.room.journal,
            clock=self.room.clock,
            budget=self.room.budget,
            hostname=HOST,
            options=SmtpOptions(**options),
        )

    async def port(self, role: Literal["mx", "submission"], **options: Any) -> int:
        return await self.room.door(self.service(role, **options), Door.SMTP if role == "mx" else Door.SUBMISSION)

    async def mx(self, hello: bytes = b"EHLO client.example", **options: Any) -> Client:
        client = Client(await self.room.peer(await self.port("mx", **options)))
        await client.greeted(hello)
        return client

    async def submission(self, sign_in: bool = True, **options: Any) -> Client:
        client = Client(await self.room.peer(await self.port("submission", **options)))
        await client.greeted(b"EHLO client.example")
        if sign_in:
            assert (await client.says(b"AUTH PLAIN " + plain("ada@example.org"))).startswith(b"235 2.7.0")
        return client


class Client:
    """Says commands, reads whole replies."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer

    async def greeted(self, hello: bytes) -> None:
        assert (await self.reply()).startswith(b"220 ")
        assert (await self.says(hello)).startswith(b"250")

    async def reply(self) -> bytes:
        return await self.peer.lines(lambda line: line[3:4] == b" ")

    async def says(self, command: bytes) -> bytes:
        self.peer.write(command + b"\r\n")
        return await self.reply()

    async def envelope(self, sender: bytes = b"<x@elsewhere.example>", recipient: bytes = b"<ada@example.org>") -> None:
        assert (await self.says(b"MAIL FROM:" + sender)).startswith(b"250 2.1.0")
        assert (await self.says(b"RCPT TO:" + recipient)).startswith(b"250 2.1.5")

    async def chunk(self, octets: bytes, last: bool = False) -> bytes:
        """BDAT with its octets."""
        self.peer.write(b"BDAT %d%b\r\n" % (len(octets), b" LAST" if last else b"") + octets)
        return await self.reply()

    async def sends(self, stuffed: bytes) -> bytes:
        """DATA with octets as they go over the wire, final dot included."""
        assert (await self.says(b"DATA")).startswith(b"354 ")
        self.peer.write(stuffed)
        return await self.reply()
