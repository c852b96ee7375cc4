"""No trace of a submitted password: not in memory structures, not in the log, not in the journal, not on disk."""

from __future__ import annotations

import asyncio
import base64
import gc
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
from running import ADA, Running

from gatepost.cli.knock import Answer
from gatepost.model.connection import Door
from gatepost.model.events import SignedIn, SignInFailed

Start = Callable[..., Awaitable[Running]]

RIGHT = "zebra-right-crossing-4711"
WRONG = [f"zebra-wrong-crossing-{n}" for n in range(4)]
DOORS = (Door.IMAP, Door.POP3, Door.SUBMISSION, Door.MANAGESIEVE, Door.HTTP)


def traces() -> list[bytes]:
    """What would betray a password: itself, its base64, and unkeyed digests as octets and hexadecimal."""
    out: list[bytes] = [b"zebra-right", b"zebra-wrong"]
    for password in (RIGHT, *WRONG):
        octets = password.encode()
        out.append(base64.b64encode(octets)[:20])
        for name in ("md5", "sha1", "sha256", "sha512", "blake2b"):
            digest = hashlib.new(name, octets).digest()
            out += [digest, digest.hex().encode()]
    return out


def reachable(*roots: object) -> list[object]:
    """Every object that can be reached from `roots` and is data: containers and what is in them."""
    seen: dict[int, object] = {}
    waiting = list(roots)
    while waiting:
        item = waiting.pop()
        if id(item) in seen or isinstance(item, type):
            continue
        seen[id(item)] = item
        waiting += [inner for inner in gc.get_referents(item) if not callable(inner) or hasattr(inner, "__self__")]
    return list(seen.values())


@pytest.mark.timeout(120)
@pytest.mark.parametrize("policy", ["full", "simple"])
async def test_no_trace_of_a_submitted_password(start: Start, tmp_path: Path, policy: str) -> None:
    log = tmp_path / "log.json"
    running = await start(f'policy = "{policy}"', f'---\n[log]\nformat = "json"\nlevel = "debug"\nfile = "{log}"')
    await running.call("user.passwd", email=ADA, password=RIGHT)
    for number, door in enumerate(DOORS):
        source = f"127.{50 + number}.0.1"
        assert await running.sign_in(source, RIGHT, door=door) is Answer.GRANTED
        for password in WRONG[:2]:
            await running.sign_in(source, password, door=door)
        # typed into the wrong field
        await running.sign_in(f"127.{60 + number}.0.1", "whatever", login=WRONG[3], door=door)
    assert len(running.of(SignedIn)) == len(DOORS)
    assert len(running.of(SignInFailed)) >= len(DOORS)
    server = running.server
    assert server is not None
    await server.house.gate.save()
    await asyncio.sleep(0.05)
    gc.collect()
    found = traces()
    for item in reachable(server.house.gate, server.house.remembered, server.house.passwords, server.house.live):
        if isinstance(item, (str, bytes, bytearray)):
            octets = item.encode("utf-8", "surrogatepass") if isinstance(item, str) else bytes(item)
            assert not any(trace in octets for trace in found), item
    journal = msgspec.json.encode(running.events)
    assert not any(trace in journal for trace in found)
    await running.stop()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert log in files
    for path in files:
        octets = path.read_bytes()
        assert not any(trace in octets for trace in found), path


async def test_nothing_but_the_wrong_ones_are_tagged(start: Start) -> None:
    running = await start('policy = "full"')
    await running.call("user.passwd", email=ADA, password=RIGHT)
    assert await running.sign_in("127.50.0.1", RIGHT) is Answer.GRANTED
    assert await running.sign_in("127.50.0.1", WRONG[0]) is Answer.ANSWERED
    signed_in, failed = running.of(SignedIn)[-1], running.of(SignInFailed)[-1]
    assert "tags" not in msgspec.to_builtins(signed_in)
    assert all(msgspec.to_builtins(failed)["tags"])
