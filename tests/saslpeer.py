"""A client that signs in by SASL at any door, by hand: base64 lines as each protocol carries them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import ssl
from collections.abc import Callable

from running import Running
from scramp import ScramClient

from gatepost.model.connection import Door

DOORS = (Door.IMAP, Door.POP3, Door.SUBMISSION, Door.MANAGESIEVE)
TLS_DOORS = (Door.IMAPS, Door.POP3S, Door.SUBMISSIONS)


class SaslPeer:
    """`ask(mechanism, initial)` and `answer(response)` give a challenge's octets, or the outcome's line as text."""

    def __init__(self, door: Door, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._kind = door.value.removesuffix("s") if door in TLS_DOORS else door.value
        self._reader, self._writer = reader, writer

    @property
    def binding(self) -> bytes:
        """tls-server-end-point (RFC 5929 §4) as the client sees it."""
        peer = self._writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return hashlib.sha256(peer).digest()

    async def begin(self) -> str:
        """Reads the greeting; what the server says that it can."""
        if self._kind == "managesieve":
            return await self._until(lambda line: line.startswith("OK"))
        await self._line()
        question, last = {
            "imap": ("c CAPABILITY", lambda line: line.startswith("c ")),
            "pop3": ("CAPA", lambda line: line == "."),
            "submission": ("EHLO client.example", lambda line: line[3:4] == " "),
        }[self._kind]
        self._send(question)
        return await self._until(last)

    async def ask(self, mechanism: str, initial: bytes | None = None) -> bytes | str:
        words = [{"imap": "a AUTHENTICATE", "managesieve": "AUTHENTICATE"}.get(self._kind, "AUTH")]
        encoded = None if initial is None else base64.b64encode(initial).decode()
        if self._kind == "managesieve":
            words.append(f'"{mechanism}"')
            encoded = None if encoded is None else f'"{encoded}"'
        else:
            words.append(mechanism)
            encoded = "=" if encoded == "" else encoded
        self._send(" ".join([*words, *([] if encoded is None else [encoded])]))
        return await self._heard()

    async def answer(self, response: bytes) -> bytes | str:
        encoded = base64.b64encode(response).decode()
        self._send(f'"{encoded}"' if self._kind == "managesieve" else encoded)
        return await self._heard()

    async def scram(self, mechanism: str, login: str, password: str, binding: bytes = b"") -> bytes | str:
        """A whole exchange with scramp's client; the outcome's line."""
        bound = ("tls-server-end-point", binding) if binding else None
        client = ScramClient([mechanism], login, password, channel_binding=bound)
        heard = await self.ask(mechanism, client.get_client_first().encode())
        if isinstance(heard, str):
            return heard
        client.set_server_first(heard.decode())
        heard = await self.answer(client.get_client_final().encode())
        if isinstance(heard, str):
            return heard
        client.set_server_final(heard.decode())
        return await self.answer(b"")

    async def leave(self) -> None:
        """Says goodbye; a maildrop is free when this returns."""
        self._send({"imap": "z LOGOUT", "managesieve": "LOGOUT"}.get(self._kind, "QUIT"))
        async with asyncio.timeout(20):
            await self._reader.read()

    async def _heard(self) -> bytes | str:
        line = await self._line()
        pattern = {"managesieve": r'"(.*)"', "submission": r"334 (.*)"}.get(self._kind, r"\+ (.*)")
        match = re.fullmatch(pattern, line)
        return line if match is None else base64.b64decode(match[1], validate=True)

    async def _line(self) -> str:
        async with asyncio.timeout(20):
            return (await self._reader.readuntil(b"\r\n"))[:-2].decode()

    async def _until(self, last: Callable[[str], bool]) -> str:
        lines = [await self._line()]
        while not last(lines[-1]):
            lines.append(await self._line())
        return "\n".join(lines)

    def _send(self, line: str) -> None:
        self._writer.write(line.encode() + b"\r\n")


async def sasl_peer(running: Running, door: Door, source: str = "127.0.0.1") -> SaslPeer:
    """Connected, with TLS where the door begins with it."""
    reader, writer = await running.open(door, source)
    if door in TLS_DOORS:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        await writer.start_tls(context)
    return SaslPeer(door, reader, writer)


def succeeded(outcome: bytes | str) -> bool:
    return isinstance(outcome, str) and outcome.startswith(("a OK", "+OK", "235 ", "OK"))


def failed(outcome: bytes | str) -> bool:
    return isinstance(outcome, str) and outcome.startswith(("a NO [AUTHENTICATIONFAILED]", "-ERR [AUTH]", "535 ", "NO"))
