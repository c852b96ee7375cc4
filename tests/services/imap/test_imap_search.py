"""SEARCH, SORT and THREAD against the real store."""

from __future__ import annotations

import pytest

from gatepost.model.mail import Draft


def message(subject: str, sender: str, date: str, extra: str = "", body: str = "text") -> bytes:
    return f"From: {sender}\r\nSubject: {subject}\r\nDate: {date}\r\n{extra}\r\n{body}\r\n".encode()


MESSAGES = [
    (message("Lunch", "bob@x.y", "Mon, 13 Nov 2023 10:00:00 +0000", "Message-ID: <1@x>\r\n"), 1700000000.0),
    (
        message("Re: Lunch", "Ann <ann@x.y>", "Mon, 13 Nov 2023 12:00:00 +0000", "Message-ID: <2@x>\r\nReferences: <1@x>\r\n"),
        1700000100.0,
    ),
    (message("Größe", "zoe@x.y", "Sun, 12 Nov 2023 12:00:00 +0000", "Cc: bob@x.y\r\n", "Würfel" * 50), 1795348000.0),
]  # fmt: skip


@pytest.fixture
async def ada(rooms):
    inbox = (await rooms.mail.mailbox("INBOX")).id
    for content, received in MESSAGES:
        await rooms.mail.append(Draft(content, (inbox,), received=received))
    return await rooms.ada("SELECT INBOX")


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("ALL", b" 1 2 3"),
        ("SUBJECT lunch", b" 1 2"),
        ("CHARSET UTF-8 SUBJECT {6+}\r\ngr\xc3\xb6\xc3\x9f".encode("latin-1"), b" 3"),
        ("FROM ann", b" 2"),
        ("CC BOB NOT FROM bob", b" 3"),
        ("OR FROM bob FROM zoe", b" 1 3"),
        ("2:* UNSEEN", b" 2 3"),
        ("UID 1,3", b" 1 3"),
        ("BEFORE 1-Jan-2024", b" 1 2"),
        ("SENTON 12-Nov-2023", b" 3"),
        ("SAVEDSINCE 22-Nov-2026", b" 1 2 3"),
        ("YOUNGER 3600", b" 3"),
        ("OLDER 3600", b" 1 2"),
        ("LARGER 300", b" 3"),
        ("HEADER References <1@x>", b" 2"),
        ("RECENT NEW NOT OLD", b" 1 2 3"),
        ("EMAILID E2", b" 2"),
        ("THREADID T1", b" 1 2"),
        ("KEYWORD $None", b""),
        ("TEXT {7+}\r\nw\xc3\xbcrfel".encode("latin-1"), b" 3"),
    ],
)
async def test_search(ada, key, found):
    octets = key if isinstance(key, bytes) else key.encode()
    assert await ada.ask(b"SEARCH " + octets) == [b"* SEARCH" + found, b"t OK SEARCH done"]


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("ARRIVAL", b"1 2 3"),
        ("REVERSE ARRIVAL", b"3 2 1"),
        ("DATE", b"3 1 2"),
        ("FROM", b"2 1 3"),
        ("SUBJECT REVERSE DATE", b"3 2 1"),
        ("REVERSE SUBJECT DATE", b"1 2 3"),
        ("REVERSE SIZE", b"3 2 1"),
        ("CC FROM", b"2 1 3"),
        ("TO", b"1 2 3"),
    ],
)
async def test_sort(ada, order, found):
    assert (await ada.ask(f"SORT ({order}) UTF-8 ALL"))[0] == b"* SORT " + found
    assert (await ada.ask(f"UID SORT ({order}) UTF-8 1:3"))[0] == b"* SORT " + found


async def test_thread(ada):
    assert (await ada.ask("THREAD REFERENCES UTF-8 ALL"))[0] == b"* THREAD (3)(1 2)"
    assert (await ada.ask("UID THREAD ORDEREDSUBJECT UTF-8 SUBJECT lunch"))[0] == b"* THREAD (1 2)"
    assert (await ada.ask("THREAD REFERENCES UTF-8 SUBJECT nothing"))[0] == b"* THREAD"


async def test_saved_results(ada):
    assert await ada.ask("SEARCH RETURN (SAVE MIN) SUBJECT lunch") == [
        b'* ESEARCH (TAG "t") MIN 1',
        b"t OK SEARCH done",
    ]
    assert (await ada.ask("FETCH $ UID"))[0] == b"* 1 FETCH (UID 1)"
    assert (await ada.ask("SEARCH RETURN (SAVE) SUBJECT lunch")) == [b"t OK SEARCH done"]
    assert (await ada.ask("SEARCH $ FROM ann"))[0] == b"* SEARCH 2"
    assert (await ada.ask("UID SEARCH RETURN (COUNT) UID $"))[0] == b'* ESEARCH (TAG "t") UID COUNT 2'
    assert (await ada.ask("SEARCH RETURN (SAVE) 99"))[-1] == b"t OK SEARCH done"
    assert await ada.ask("FETCH $ UID") == [b"t OK FETCH done"]


async def test_rev2_answers_with_esearch(rooms, ada):
    second = await rooms.ada("ENABLE IMAP4rev2", "SELECT INBOX")
    assert (await second.ask("SEARCH SUBJECT lunch"))[0] == b'* ESEARCH (TAG "t") ALL 1:2'
    assert (await second.ask("SEARCH SUBJECT nothing"))[0] == b'* ESEARCH (TAG "t")'
    assert (await second.ask("FETCH 1 FLAGS"))[0] == b"* 1 FETCH (FLAGS ())"
