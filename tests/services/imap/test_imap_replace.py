"""REPLACE (RFC 8508): what a whole change means for threads and those who look on."""

from __future__ import annotations

from gatepost.model.uidset import ALL_UIDS

OLD = b"Message-ID: <one@x>\r\nSubject: a plan\r\n\r\nfirst\r\n"
NEW = b"Message-ID: <one@x>\r\nSubject: a plan\r\n\r\nsecond\r\n"


def replace(content: bytes, message: str = "1") -> bytes:
    return b"REPLACE %b INBOX {%d+}\r\n%b" % (message.encode(), len(content), content)


async def test_a_new_version_stays_in_its_thread_and_is_another_email(rooms):
    await rooms.deliver(OLD)
    ada = await rooms.ada("SELECT INBOX")
    [before, _] = await ada.ask("FETCH 1 (EMAILID THREADID)")
    await ada.ask(replace(NEW))
    [after, _] = await ada.ask("FETCH 1 (EMAILID THREADID)")
    assert before.split(b"THREADID")[1] == after.split(b"THREADID")[1]
    assert before != after  # RFC 8508 §4.6


async def test_those_who_look_on_see_one_go_and_one_come(rooms):
    await rooms.deliver(OLD)
    other = await rooms.ada("ENABLE QRESYNC", "SELECT INBOX")
    ada = await rooms.ada("ENABLE QRESYNC", "SELECT INBOX")
    lines = await ada.ask(replace(NEW))
    assert b"* VANISHED 1" in lines
    assert lines[-1].startswith(b"t OK [HIGHESTMODSEQ ")  # RFC 8508 §4.5
    told = await other.ask("NOOP")
    assert told[:2] == [b"* VANISHED 1", b"* 1 EXISTS"]


async def test_what_another_session_removed_is_not_replaced(rooms):
    await rooms.deliver(OLD)
    ada = await rooms.ada("SELECT INBOX")
    await rooms.mail.expunge((await rooms.mail.mailbox("INBOX")).id, ALL_UIDS, only_deleted=False)
    lines = await ada.ask(replace(NEW))
    assert lines[-1] == b"t NO [EXPUNGEISSUED] Some of the messages are gone"
    assert (await rooms.mail.mailbox("INBOX")).messages == 0
