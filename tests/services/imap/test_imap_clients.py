"""Real clients: imaplib and imapclient in a thread, against the service on a loopback port; and the opening sequences of
mbsync, neomutt, Thunderbird and Apple Mail as they send them."""

from __future__ import annotations

import asyncio
import imaplib
from collections.abc import AsyncIterator

import pytest
from conftest import ADA, PASSWORD
from dialogue import _serve
from imapclient import IMAPClient

from gatepost.model.address import parse_address
from gatepost.model.connection import Connection, Door
from gatepost.net.wire import Wire

MESSAGE = b"From: bob@example.net\r\nTo: ada@example.org\r\nSubject: hello\r\n\r\nHow are you?\r\n"


@pytest.fixture
async def port(rooms) -> AsyncIterator[int]:
    """The service, listening."""
    tasks: set[asyncio.Task[None]] = set()
    here = parse_address("127.0.0.1")

    def opened(wire: Wire) -> None:
        tasks.add(asyncio.create_task(_serve(rooms.service, wire)))

    def make() -> Wire:
        return Wire(Connection("t", Door.IMAP, here, 1, here, here, 2), None, opened, lambda wire: None)

    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    async with asyncio.timeout(20):
        await asyncio.gather(*tasks)


async def test_imaplib(port):
    def session() -> None:
        with imaplib.IMAP4("127.0.0.1", port) as client:
            client.login(ADA, PASSWORD)
            assert client.select()[0] == "OK"
            assert client.append("INBOX", "(\\Flagged)", imaplib.Time2Internaldate(1700000000), MESSAGE)[0] == "OK"
            assert client.noop()[0] == "OK"
            assert client.search(None, "FLAGGED", "SUBJECT", '"HELLO"') == ("OK", [b"1"])
            _, data = client.fetch("1", "(RFC822)")
            assert data[0][1] == MESSAGE
            assert client.store("1", "+FLAGS", "\\Deleted")[0] == "OK"
            assert client.expunge() == ("OK", [b"1"])
            assert client.create("Plain")[0] == "OK"
            assert client.status("Plain", "(MESSAGES UIDNEXT)") == ("OK", [b"Plain (MESSAGES 0 UIDNEXT 1)"])
            assert client.list()[0] == "OK"

    await asyncio.to_thread(session)


async def test_imapclient(port):
    def session() -> None:
        with IMAPClient("127.0.0.1", port, ssl=False, use_uid=True) as client:
            client.login(ADA, PASSWORD)
            assert {b"IMAP4REV1", b"IMAP4REV2", b"MOVE", b"QRESYNC"} <= set(client.capabilities())
            client.id_({"name": "tests"})
            client.create_folder("Größe & Co")
            assert "Größe & Co" in [name for _, _, name in client.list_folders()]
            client.append("Größe & Co", MESSAGE, ["\\Seen", "$Work"])
            client.multiappend("Größe & Co", [{"msg": MESSAGE, "flags": ["$Two"]}, {"msg": MESSAGE, "flags": []}])
            assert client.select_folder("Größe & Co")[b"EXISTS"] == 3
            assert client.search(["UNSEEN"]) == [2, 3]
            got = client.fetch([1, 2], ["FLAGS", "ENVELOPE", "BODYSTRUCTURE", "BODY.PEEK[]", "MODSEQ", "INTERNALDATE"])
            assert got[1][b"FLAGS"] == (b"\\Seen", b"$Work", b"\\Recent")
            assert got[1][b"BODY[]"] == MESSAGE
            assert got[2][b"ENVELOPE"].subject == b"hello"
            assert got[2][b"ENVELOPE"].from_[0].mailbox == b"bob"
            assert got[2][b"BODYSTRUCTURE"][:2] in ((b"text", b"plain"), (b"TEXT", b"PLAIN"))
            client.add_flags([2], ["\\Flagged"])
            assert client.sort("REVERSE ARRIVAL") in ([1, 2, 3], [3, 2, 1])
            assert client.thread("REFERENCES")
            client.move([2], "Trash")
            assert client.search() == [1, 3]
            client.delete_messages([1])
            client.uid_expunge([1])
            assert client.folder_status("Größe & Co", ["MESSAGES"])[b"MESSAGES"] == 1
            assert client.get_quota_root("INBOX")[1][0].limit == 48828
            client.idle()
            client.idle_done()
            client.unselect_folder()
            client.enable("CONDSTORE")
            client.delete_folder("Größe & Co")

    await asyncio.to_thread(session)


OPENINGS = {
    "mbsync": [
        "CAPABILITY",
        f'LOGIN "{ADA}" "{PASSWORD}"',
        "CAPABILITY",
        "NAMESPACE",
        'LIST "" "*"',
        "SELECT INBOX",
        "UID FETCH 1:* (UID FLAGS)",
        "UID FETCH 1 (BODY.PEEK[HEADER.FIELDS (X-TUID)])",
        "UID FETCH 1 (FLAGS BODY.PEEK[])",
        "UID STORE 1 +FLAGS.SILENT (\\Seen)",
        "CLOSE",
    ],
    "neomutt": [
        "CAPABILITY",
        f'LOGIN "{ADA}" "{PASSWORD}"',
        "CAPABILITY",
        "ENABLE UTF8=ACCEPT",
        'LIST "" ""',
        'STATUS "INBOX" (UIDNEXT UIDVALIDITY UNSEEN RECENT MESSAGES)',
        'LSUB "" "*"',
        'SELECT "INBOX" (CONDSTORE)',
        "FETCH 1:1 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (DATE FROM SENDER SUBJECT TO CC MESSAGE-ID "
        "REFERENCES CONTENT-TYPE CONTENT-DESCRIPTION IN-REPLY-TO REPLY-TO LINES LIST-POST X-LABEL X-ORIGINAL-TO)])",
        "UID FETCH 1 BODY.PEEK[]",
        "UID STORE 1 +FLAGS.SILENT (\\Seen)",
        "EXPUNGE",
    ],
    "thunderbird": [
        "CAPABILITY",
        "AUTHENTICATE PLAIN AGFkYUBleGFtcGxlLm9yZwBhbmFseXRpY2FsLWVuZ2luZQ==",
        "CAPABILITY",
        'ID ("name" "Thunderbird" "version" "128.0")',
        "NAMESPACE",
        'LIST (SUBSCRIBED) "" "*" RETURN (SPECIAL-USE)',
        'LIST "" "%" RETURN (SPECIAL-USE)',
        'SELECT "INBOX" (CONDSTORE)',
        "UID FETCH 1:* (FLAGS)",
        "UID FETCH 1 (UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From To Cc Bcc Subject Date Message-ID Priority "
        "X-Priority References Newsgroups In-Reply-To Content-Type Reply-To)])",
        "UID FETCH 1 (UID RFC822.SIZE BODY[])",
        'STATUS "Sent" (UIDNEXT MESSAGES UNSEEN RECENT)',
        "GETQUOTAROOT INBOX",
        "NOOP",
    ],
    "apple-mail": [
        "CAPABILITY",
        'ID ("name" "Mac OS X Mail" "version" "16.0" "os" "Mac OS X" "vendor" "Apple Inc.")',
        f'LOGIN {ADA} "{PASSWORD}"',
        "CAPABILITY",
        "NAMESPACE",
        "ENABLE CONDSTORE",
        'LIST "" "" RETURN (SPECIAL-USE)',
        'LIST "" "*" RETURN (SPECIAL-USE)',
        'LSUB "" "*"',
        "SELECT INBOX",
        "FETCH 1:1 (INTERNALDATE UID RFC822.SIZE FLAGS MODSEQ BODY.PEEK[HEADER.FIELDS (date subject from to cc message-id "
        "in-reply-to references content-type x-priority)])",
        "UID FETCH 1 (BODYSTRUCTURE BODY.PEEK[HEADER])",
        "UID FETCH 1 BODY.PEEK[1]<0.65536>",
        "UID SEARCH 1:* NOT DELETED",
        'STATUS "Trash" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ)',
        "CHECK",
    ],
    "curl": [
        "CAPABILITY",
        "AUTHENTICATE PLAIN AGFkYUBleGFtcGxlLm9yZwBhbmFseXRpY2FsLWVuZ2luZQ==",
        "SELECT INBOX",
        "FETCH 1 BODY[TEXT]",
        "SEARCH ALL",
        "LOGOUT",
    ],
}


@pytest.mark.parametrize("client", OPENINGS)
async def test_openings(rooms, client):
    await rooms.deliver(MESSAGE)
    peer = await rooms.connect()
    for command in OPENINGS[client]:
        answer = await peer.ask(command)
        assert answer[-1].startswith(b"t OK "), (command, answer)
