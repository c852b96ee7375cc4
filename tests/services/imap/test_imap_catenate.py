"""CATENATE (RFC 4469): what may not be put together, and UTF8 parts (RFC 6855 §4)."""

from __future__ import annotations

LARGE = b"x" * 1_200_000


async def test_no_message_larger_than_may_be(rooms):
    await rooms.deliver(LARGE)
    ada = await rooms.ada("SELECT INBOX")
    [answer] = await ada.ask('APPEND INBOX CATENATE (URL ";UID=1" URL ";UID=1")')
    assert answer == b"t NO [TOOBIG] The message is too large"  # RFC 4469 §4.2
    lines = await ada.ask('APPEND INBOX CATENATE (URL ";UID=1" URL ";UID=1/;PARTIAL=0.10")')
    assert b" OK [APPENDUID " in lines[-1]


async def test_a_short_command_cannot_ask_for_gigabytes(rooms):
    await rooms.deliver(LARGE)
    ada = await rooms.ada("SELECT INBOX")
    [answer] = await ada.ask("APPEND INBOX" + ' CATENATE (URL ";UID=1")' * 1000)
    assert answer == b"t NO [TOOBIG] The message is too large"
    assert (await rooms.mail.mailbox("INBOX")).messages == 1


async def test_too_many_parts(rooms):
    ada = await rooms.ada()
    [answer] = await ada.ask("APPEND INBOX CATENATE (" + " ".join(['URL ";UID=1"'] * 501) + ")")
    assert answer == b"t NO [LIMIT] Too many parts"


async def test_parts_in_utf8(rooms):
    ada = await rooms.ada("ENABLE UTF8=ACCEPT")
    text = "Subject: Größe\r\n\r\n".encode()
    lines = await ada.ask(b"APPEND INBOX CATENATE (UTF8 (~{%d+}\r\n%b) TEXT {2+}\r\nhi)" % (len(text), text))
    assert b" OK [APPENDUID " in lines[-1]


async def test_seen_is_not_set(rooms):
    await rooms.deliver(b"hi")
    ada = await rooms.ada("SELECT INBOX")
    assert b" OK " in (await ada.ask('APPEND Sent CATENATE (URL "/INBOX/;UID=1")'))[-1]
    assert (await ada.ask("FETCH 1 FLAGS"))[0] == b"* 1 FETCH (FLAGS (\\Recent))"
