"""Messages delivered a second, each durable before its 250."""

from __future__ import annotations

import asyncio
import sys
import time

from measuring import ADA, cpu_seconds, server, table

MESSAGES = 2000
LETTER = b"From: a@elsewhere.example\r\nTo: ada@example.org\r\nSubject: bench\r\n\r\n" + b"line of text\r\n" * 150


async def session(port: int, count: int) -> None:
    """One connection, `count` messages one after another."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def reply() -> bytes:
        while (line := await reader.readline())[3:4] == b"-":
            pass
        return line

    await reply()
    writer.write(b"EHLO bench\r\n")
    await reply()
    for _ in range(count):
        writer.write(f"MAIL FROM:<a@elsewhere.example>\r\nRCPT TO:<{ADA}>\r\nDATA\r\n".encode())
        for _ in range(3):
            await reply()
        writer.write(LETTER + b".\r\n")
        line = await reply()
        assert line.startswith(b"250"), line
    writer.write(b"QUIT\r\n")
    await reply()
    writer.close()


async def run() -> None:
    rows = []
    with server() as running:
        for connections in (1, 8, 32):
            count = MESSAGES if connections > 1 else MESSAGES // 4
            before, began = cpu_seconds(running.pid), time.perf_counter()
            await asyncio.gather(*(session(running.ports["smtp"], count // connections) for _ in range(connections)))
            took = time.perf_counter() - began
            sent = count // connections * connections
            cpu = (cpu_seconds(running.pid) - before) / sent * 1e6
            rows.append((f"{connections} connections", f"{sent / took:,.0f}", f"{cpu:.0f}"))
    table(
        f"Delivery to one INBOX ({len(LETTER)} octets each, durable)", ("", "messages a second", "server CPU us"), rows
    )


if __name__ == "__main__":
    sys.exit(asyncio.run(run()))
