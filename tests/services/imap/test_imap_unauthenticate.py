"""UNAUTHENTICATE (RFC 8437): what a stranger gets afterwards, and how compression ends."""

from __future__ import annotations

import zlib

import pytest
from conftest import ADA, PASSWORD

from gatepost.model.account import AccountId
from gatepost.model.address import parse_address
from gatepost.model.connection import Connection, Door
from gatepost.net.live import LiveConnection, LiveConnections
from gatepost.services.imap.options import ImapOptions

LOGIN = f"f LOGIN {ADA} {PASSWORD}\r\n".encode()


@pytest.mark.parametrize("ended", [True, False], ids=["stream-ended", "stream-flushed"])
async def test_compression_ends_with_the_answer(rooms, ended):
    ada = await rooms.ada("COMPRESS DEFLATE")
    deflate, inflate = zlib.compressobj(9, zlib.DEFLATED, -15), zlib.decompressobj(-15)
    last = deflate.compress(b"e UNAUTHENTICATE\r\n") + deflate.flush(zlib.Z_FINISH if ended else zlib.Z_SYNC_FLUSH)
    # only a stream with an end lets the next command come in the same packet
    await ada.send(last + (LOGIN if ended else b""))
    heard = b""
    while not inflate.eof:
        heard += inflate.decompress(await ada.reader.read(1))
    assert heard == b"e OK Signed out\r\n"
    if not ended:
        await ada.send(LOGIN)
    [line] = await ada.until("f")
    assert line.startswith(b"f OK [CAPABILITY ")
    assert b" COMPRESS=DEFLATE " in line


async def test_the_patience_with_strangers_begins_anew(rooms):
    ada = await rooms.ada(*["NOOP"] * 60, "UNAUTHENTICATE")
    for _ in range(48):
        assert await ada.ask("NOOP") == [b"t OK NOOP done"]
    await ada.send(b"a NOOP\r\nb NOOP\r\n")
    assert (await ada.reader.read()).endswith(b"* BYE Enough of this\r\n")


async def test_a_stranger_may_send_no_large_literal_again(rooms):
    ada = await rooms.ada("UNAUTHENTICATE")
    await ada.send(b"a LOGIN {20000}\r\n")
    assert await ada.line() == b"a NO [TOOBIG] Literal too large"


async def test_a_wrong_password_afterwards_counts_like_any(rooms):
    ada = await rooms.ada("UNAUTHENTICATE")
    [line] = await ada.ask(f"LOGIN {ADA} wrong")
    assert line == b"t NO [AUTHENTICATIONFAILED] Authentication failed"


@pytest.mark.parametrize("imap_options", [ImapOptions(unauthenticate=False)])
async def test_it_can_be_turned_off(rooms):
    ada = await rooms.ada()
    assert b"UNAUTHENTICATE" not in (await ada.ask("CAPABILITY"))[0]
    assert (await ada.ask("UNAUTHENTICATE"))[-1].startswith(b"t BAD ")
    assert b" OK " in (await ada.ask("CREATE still-here"))[-1]


def test_the_connection_is_nobodys_again():
    """What is confined to known accounts, or ended with an account, must not take it for one that is signed in."""
    here = parse_address("192.0.2.7")
    connection, live = Connection("c", Door.IMAP, here, 4000, here, here, 143), LiveConnections()
    live.add(LiveConnection(connection, lambda why: None, lambda: None))
    live.signed_in(connection, AccountId("a1"))
    assert len(live.of_account(AccountId("a1"))) == 1
    live.signed_out(connection)
    assert live.of_account(AccountId("a1")) == []
