"""MESSAGELIMIT and SAVELIMIT (RFC 9738), with a limit that a test can reach."""

from __future__ import annotations

import pytest

from gatepost.services.imap.options import ImapOptions


@pytest.fixture
async def ada(rooms):
    await rooms.deliver(b"Subject: x\r\n\r\n", count=7)
    return await rooms.ada("ENABLE IMAP4rev2", "SELECT INBOX")


limited = pytest.mark.parametrize("imap_options", [ImapOptions(message_limit=3, save_limit=9)])


@limited
async def test_fetch_and_store_work_from_the_last_message_down(ada):
    assert b" MESSAGELIMIT=3" in (await ada.ask("CAPABILITY"))[0]
    assert await ada.ask("FETCH 2:6 UID") == [
        b"* 6 FETCH (UID 6)", b"* 5 FETCH (UID 5)", b"* 4 FETCH (UID 4)", b"t OK [MESSAGELIMIT 3 4] Only the last of the messages",
    ]  # fmt: skip
    assert await ada.ask("FETCH 2:4 UID") == [
        b"* 2 FETCH (UID 2)", b"* 3 FETCH (UID 3)", b"* 4 FETCH (UID 4)", b"t OK FETCH done",
    ]  # fmt: skip
    assert await ada.ask("UID FETCH 1:* UID (PARTIAL -1:-4)") == [b"t NO [MESSAGELIMIT 3] Too many messages at once"]
    assert len(await ada.ask("UID FETCH 1:* UID (PARTIAL -1:-3)")) == 4
    assert (await ada.ask("UID STORE 1:5 +FLAGS (\\Seen)"))[::3] == [
        b"* 3 FETCH (UID 3 FLAGS (\\Seen))", b"t OK [MESSAGELIMIT 3 3] Only the last of the messages",
    ]  # fmt: skip
    answer = await ada.ask("UID STORE 1:* (UNCHANGEDSINCE 1) +FLAGS.SILENT (\\Seen)")
    assert answer[-2:] == [
        b"* NO [MESSAGELIMIT 3 5] Only the last of the messages", b"t OK [MODIFIED 5:7] Some were changed meanwhile",
    ]  # fmt: skip


@limited
async def test_search_counts_what_it_looks_at(ada):
    assert await ada.ask("UID SEARCH RETURN (SAVE ALL) UID 1:5 UNDELETED") == [
        b'* ESEARCH (TAG "t") UID ALL 3:5', b"t OK [MESSAGELIMIT 3 3] Only the last of the messages",
    ]  # fmt: skip
    assert (await ada.ask("SEARCH $"))[0] == b'* ESEARCH (TAG "t") ALL 3:5'
    assert (await ada.ask("SEARCH DELETED"))[-1] == b"t OK [MESSAGELIMIT 3 5] Only the last of the messages"
    assert (await ada.ask("SEARCH UIDBEFORE 4 OR SEEN UNSEEN"))[-1] == b"t OK SEARCH done"
    for command in ("SORT (SIZE) UTF-8 1:2", "UID THREAD REFERENCES UTF-8 ALL"):
        assert await ada.ask(command) == [b"t NO [MESSAGELIMIT 3] Too many messages at once"]


@limited
async def test_moving_copying_and_expunging(ada):
    assert await ada.ask("COPY 1:5 Archive") == [b"t NO [MESSAGELIMIT 3 3] Too many messages at once"]
    answer = await ada.ask("MOVE 1:5 Archive")
    assert answer[0].endswith(b" 3:5 1:3] Moved")
    assert answer[1:] == [
        b"* 5 EXPUNGE", b"* 4 EXPUNGE", b"* 3 EXPUNGE", b"t OK [MESSAGELIMIT 3 3] Only the last of the messages",
    ]  # fmt: skip
    await ada.ask("STORE 2:4 +FLAGS.SILENT (\\Deleted)")
    assert (await ada.ask("UID EXPUNGE 1:*"))[-1] == b"t OK EXPUNGE done"
    await ada.ask("SELECT Archive")
    await ada.ask("APPEND Archive (\\Deleted) {1+}\r\nx")
    await ada.ask("STORE 1:3 +FLAGS.SILENT (\\Deleted)")
    assert await ada.ask("UID EXPUNGE 1:*") == [
        b"* 4 EXPUNGE", b"* 3 EXPUNGE", b"* 2 EXPUNGE", b"t OK [MESSAGELIMIT 3 2] Only the last of the messages",
    ]  # fmt: skip
    four = " ".join(["{1+}\r\nx"] * 4)
    assert await ada.ask(f"APPEND Archive {four}") == [b"t NO [MESSAGELIMIT 3] Too many messages at once"]
    assert b"MESSAGES 1" in (await ada.ask("STATUS Archive (MESSAGES)"))[0]


@pytest.mark.parametrize("imap_options", [ImapOptions(message_limit=3)])
async def test_expunge_and_close_are_not_bounded(ada):
    await ada.ask("STORE 1:3 +FLAGS.SILENT (\\Deleted)")
    await ada.ask("STORE 4:5 +FLAGS.SILENT (\\Deleted)")
    assert len(await ada.ask("EXPUNGE")) == 6


@pytest.mark.parametrize("imap_options", [ImapOptions(save_limit=3)])
async def test_only_what_adds_messages_is_bounded(ada):
    assert b" SAVELIMIT=3" in (await ada.ask("CAPABILITY"))[0]
    assert len(await ada.ask("FETCH 1:* UID")) == 8
    assert await ada.ask("COPY 1:4 Archive") == [b"t NO [MESSAGELIMIT 3 2] Too many messages at once"]
    assert (await ada.ask("COPY 1:3 Archive"))[0].startswith(b"t OK [COPYUID ")
    assert (await ada.ask("MOVE 1:4 Archive"))[-1] == b"t OK MOVE done"


async def test_there_is_no_limit_unless_asked_for(ada):
    assert b"LIMIT=" not in (await ada.ask("CAPABILITY"))[0].replace(b"APPENDLIMIT=", b"")
    assert len(await ada.ask("FETCH 1:* UID")) == 8
