"""Sign-ins: refused ones a second once an account or address is closed, and right ones with a remembered password."""

from __future__ import annotations

import asyncio
import base64
import sys
import time

from measuring import ADA, ADA_PASSWORD, cpu_seconds, server, table

SESSIONS = 1500
AT_ONCE = 16


def token(password: str) -> str:
    return base64.b64encode(f"\0{ADA}\0{password}".encode()).decode()


async def imap(port: int, source: str, password: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    await reader.readline()
    writer.write(f'a LOGIN "{ADA}" "{password}"\r\nb LOGOUT\r\n'.encode())
    answer = b""
    while line := await reader.readline():
        answer = line if line.startswith(b"a ") else answer
    writer.close()
    return answer


async def smtp(port: int, source: str, password: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    await reader.readline()
    writer.write(f"EHLO x\r\nAUTH PLAIN {token(password)}\r\nQUIT\r\n".encode())
    lines = []
    while line := await reader.readline():
        lines.append(line)
    writer.close()
    return next((line for line in lines if line[:3] in (b"235", b"535", b"454")), b"")


async def rate(talk: object, port: int, source: str, password: str, expect: bytes) -> float:
    """Sessions a second."""
    assert callable(talk)
    slots = asyncio.Semaphore(AT_ONCE)

    async def one() -> None:
        async with slots:
            answer = await talk(port, source, password)
            assert expect in answer, answer

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(SESSIONS)))
    return SESSIONS / (time.perf_counter() - began)


async def run() -> None:
    rows = []
    with server() as running:
        # the owner's own address, remembered; then strangers close the account
        for name, talk, door, right in (("IMAP", imap, "imap", b"a OK"), ("SMTP", smtp, "submission", b"235")):
            await talk(running.ports[door], "127.0.31.1", ADA_PASSWORD)
            before = cpu_seconds(running.pid)
            per_second = await rate(talk, running.ports[door], "127.0.31.1", ADA_PASSWORD, right)
            cpu = (cpu_seconds(running.pid) - before) / SESSIONS * 1e6
            rows.append((f"{name}: connect, sign in (remembered), quit", f"{per_second:,.0f}", f"{cpu:.0f}"))
        for number in range(14):
            await imap(running.ports["imap"], f"127.32.{number}.1", f"guess-{number}")
        for name, talk, door, refused in (("IMAP", imap, "imap", b"UNAVAILABLE"), ("SMTP", smtp, "submission", b"454")):
            before = cpu_seconds(running.pid)
            per_second = await rate(talk, running.ports[door], "127.33.0.1", "whatever-it-is", refused)
            cpu = (cpu_seconds(running.pid) - before) / SESSIONS * 1e6
            rows.append((f"{name}: connect, refused on a closed account, quit", f"{per_second:,.0f}", f"{cpu:.0f}"))
    table(
        f"Sign-ins ({SESSIONS} sessions, {AT_ONCE} at once, client on the same machine)",
        ("", "a second", "server CPU us"),
        rows,
    )


if __name__ == "__main__":
    sys.exit(asyncio.run(run()))
