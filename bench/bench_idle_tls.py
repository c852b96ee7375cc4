"""Memory of 1,000 idle TLS connections, signed out and signed in with IDLE."""

from __future__ import annotations

import asyncio
import ssl
import sys

from measuring import ADA, ADA_PASSWORD, resident_kib, server, table

CONNECTIONS = 1000


async def run() -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    rows = []
    with server() as running:
        kept = []

        async def connect(number: int) -> None:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", running.ports["imaps"], ssl=context, local_addr=(f"127.0.{40 + number % 8}.1", 0)
            )
            await reader.readline()
            kept.append((reader, writer))

        await connect(0)
        before = resident_kib(running.pid)
        for start in range(0, CONNECTIONS, 50):
            await asyncio.gather(*(connect(start + n) for n in range(50)))
        rows.append(("greeted", f"{(resident_kib(running.pid) - before) / CONNECTIONS:.1f}"))
        for reader, writer in kept:
            writer.write(f'a LOGIN "{ADA}" "{ADA_PASSWORD}"\r\nb SELECT INBOX\r\nc IDLE\r\n'.encode())
            while not (await reader.readline()).startswith(b"+"):
                pass
        rows.append(("signed in, INBOX selected, IDLE", f"{(resident_kib(running.pid) - before) / CONNECTIONS:.1f}"))
        for _, writer in kept:
            writer.transport.abort()
    table(f"Memory of {CONNECTIONS:,} idle TLS connections", ("", "KiB each"), rows)


if __name__ == "__main__":
    sys.exit(asyncio.run(run()))
