"""Works with aioimaplib, in an interpreter of its own: peer_aioimaplib.py PORT USER PASSWORD prints what it saw as JSON.

aioimaplib is under the GPL: nothing of Gatepost imports it, and it is in no environment that Gatepost runs in.
"""

from __future__ import annotations

import asyncio
import json
import sys

import aioimaplib

LETTER = b"Subject: by aioimaplib\r\nMessage-ID: <a@example.org>\r\n\r\nhello\r\n"


async def main(port: int, user: str, password: str) -> dict[str, object]:
    seen: dict[str, object] = {}
    client, other = (aioimaplib.IMAP4("127.0.0.1", port, timeout=20) for _ in range(2))
    for each in (client, other):
        await each.wait_hello_from_server()
        assert (await each.login(user, password)).result == "OK"
    seen["create"] = (await client.create("Work")).result
    seen["append"] = (await client.append(LETTER, "INBOX", "\\Flagged")).result
    seen["select"] = (await client.select("INBOX")).result
    seen["search"] = (await client.search("FLAGGED")).lines[0].decode()
    fetched = await client.fetch("1", "(UID FLAGS RFC822)")
    seen["whole"] = bytes(fetched.lines[1]) == LETTER
    seen["store"] = (await client.store("1", "+FLAGS", "(\\Answered $Done)")).result
    seen["copy"] = (await client.copy("1", "Work")).result

    idle = await client.idle_start(timeout=20)
    await other.append(LETTER, "INBOX")
    pushed: list[str] = []
    while not any("EXISTS" in line for line in pushed):
        pushed += [line.decode() for line in await client.wait_server_push()]
    client.idle_done()
    await asyncio.wait_for(idle, 20)
    seen["pushed"] = [line for line in pushed if "EXISTS" in line]

    seen["move"] = (await client.uid("move", "1", "Archive")).result
    seen["uids"] = [line.decode() for line in (await client.uid_search("ALL")).lines[:1]]
    await client.store("1", "+FLAGS", "\\Deleted")
    seen["expunge"] = (await client.expunge()).lines[0].decode()
    seen["status"] = (await client.status("Work", "(MESSAGES UNSEEN)")).lines[0].decode()
    seen["close"] = (await client.close()).result
    for each in (client, other):
        await each.logout()
    return seen


print(json.dumps(asyncio.run(main(int(sys.argv[1]), *sys.argv[2:4]))))
