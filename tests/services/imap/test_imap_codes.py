"""Every response code of RFC 5530, and when it is given here; the few that never are, and why."""

from __future__ import annotations

import ssl

import pytest
from conftest import ADA, PASSWORD

from gatepost.adapters.clock import SystemClock
from gatepost.adapters.sqlite import SqliteMailstore
from gatepost.model import errors
from gatepost.model.account import AccountId
from gatepost.model.flags import MAX_KEYWORDS
from gatepost.services.imap.render import EXPECTED, answer

RFC_5530 = {
    "UNAVAILABLE", "AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "EXPIRED", "PRIVACYREQUIRED", "CONTACTADMIN", "NOPERM",
    "INUSE", "EXPUNGEISSUED", "CORRUPTION", "SERVERBUG", "CLIENTBUG", "CANNOT", "LIMIT", "OVERQUOTA", "ALREADYEXISTS",
    "NONEXISTENT",
}  # fmt: skip
NEVER = {
    "AUTHORIZATIONFAILED": "a refused sign-in tells nothing about its password",
    "EXPIRED": "the same",
    "CONTACTADMIN": "the same; and CORRUPTION says so in its text",
    "INUSE": "nothing is locked: a mailbox that others have selected may be renamed and deleted",
}
TOO_MANY = " ".join(f"k{number}" for number in range(MAX_KEYWORDS + 1))
SAID = [
    ("LOGIN ada@example.org wrong", "NO [AUTHENTICATIONFAILED] "),
    ("AUTHENTICATE NONSENSE", "NO [CANNOT] "),
    ("NOOP x", "BAD "),
    ("SELECT INBOX", "BAD [CLIENTBUG] "),
    (f"LOGIN {ADA} {PASSWORD}", "OK [CAPABILITY "),
    ("SELECT Nowhere", "NO [NONEXISTENT] "),
    ("DELETE Nowhere", "NO [NONEXISTENT] "),
    ("SUBSCRIBE Nowhere", "NO [NONEXISTENT] "),
    ("RENAME Nowhere There", "NO [NONEXISTENT] "),
    ("STATUS Nowhere (MESSAGES)", "NO [NONEXISTENT] "),
    ("GETQUOTA x", "NO [NONEXISTENT] "),
    ("APPEND Nowhere {1+}\r\nx", "NO [TRYCREATE] "),
    ("CREATE Sent", "NO [ALREADYEXISTS] "),
    ("RENAME Sent Archive", "NO [ALREADYEXISTS] "),
    ("RENAME INBOX Archive", "NO [ALREADYEXISTS] "),
    ("CREATE new (USE (\\Sent))", "NO [USEATTR] "),
    ("CREATE /x", "NO [CANNOT] "),
    ('CREATE "a//b"', "NO [CANNOT] "),
    ("CREATE &Jjo!", "NO [CANNOT] "),
    ("DELETE INBOX", "NO [CANNOT] "),
    ('SELECT "Other Users/bob@example.org/INBOX"', "NO [NONEXISTENT] "),
    ('CREATE "Other Users/bob@example.org/x"', "NO [NOPERM] "),
    ("CREATE Top/Under", "OK "),
    ("DELETE Top", "NO [HASCHILDREN] "),
    ("COMPRESS LZW", "NO [CANNOT] "),
    ("UID FETCH 1 UID (CHANGEDSINCE 1 VANISHED)", "BAD [CLIENTBUG] "),
    ("EXAMINE INBOX", "OK [READ-ONLY] "),
    ("STORE 1 FLAGS ()", "NO [NOPERM] "),
    ("EXPUNGE", "NO [NOPERM] "),
    ("UNSELECT", "OK "),
    ("FETCH 1 UID", "BAD [CLIENTBUG] "),
    ("SELECT INBOX", "OK [READ-WRITE] "),
    ("FETCH 9 UID", "BAD [CLIENTBUG] "),
    ("STORE 1 +FLAGS (\\Nonsense)", "NO [CANNOT] "),
    (f"STORE 1 +FLAGS ({TOO_MANY})", "NO [LIMIT] "),
    (f"SEARCH {'NOT ' * 60}SEEN", "NO [LIMIT] "),
    (f"LIST \"\" ({'x ' * 64}x)", "NO [LIMIT] "),
    ("UID REPLACE 99 INBOX {1+}\r\nx", "NO [NONEXISTENT] "),
    ("FETCH 1 BINARY[1]", "NO [UNKNOWN-CTE] "),
    ("SEARCH CHARSET X-UNHEARD ALL", "NO [BADCHARSET "),
    ("APPEND INBOX UTF8 (~{1+}\r\nx)", "BAD [CLIENTBUG] "),
    (f"APPEND INBOX {{{3_000_000}+}}\r\n{'x' * 3_000_000}", "NO [TOOBIG] "),
]  # fmt: skip
BY_ERROR = {
    errors.OverQuota: "OVERQUOTA",
    errors.StorageUnavailable: "UNAVAILABLE",
    errors.Overloaded: "UNAVAILABLE",
    errors.HeldBack: "UNAVAILABLE",
    errors.StorageDamaged: "CORRUPTION",
    errors.TooManyMailboxes: "LIMIT",
    errors.TooManyGrants: "LIMIT",
    errors.NotPermitted: "NOPERM",
    errors.NoSuchEmail: "EXPUNGEISSUED",
    errors.NoSuchBlob: "EXPUNGEISSUED",
}


async def test_what_is_said(rooms):
    await rooms.deliver(b"Content-Transfer-Encoding: x-unheard\r\n\r\nx")
    peer = await rooms.connect()
    for command, expected in SAID:
        last = (await peer.ask(command))[-1].decode()
        assert last.startswith(f"t {expected}"), (command[:60], last)


@pytest.mark.parametrize("error", BY_ERROR)
def test_what_an_error_says(error):
    assert answer(error("x")).code == BY_ERROR[error]


async def test_expunged_by_others(rooms):
    await rooms.deliver(b"a: b\r\n\r\n", count=2)
    one, other = await rooms.ada("SELECT INBOX"), await rooms.ada("SELECT INBOX")
    await other.ask("STORE 1:2 +FLAGS.SILENT (\\Deleted)")
    await other.ask("EXPUNGE")
    assert (await one.ask("FETCH 1 FLAGS"))[-1].startswith(b"t OK [EXPUNGEISSUED] ")
    assert (await one.ask("STORE 1 +FLAGS (\\Seen)"))[-1].startswith(b"t OK [EXPUNGEISSUED] ")
    assert (await one.ask("COPY 1 Archive"))[-1].startswith(b"t NO [EXPUNGEISSUED] ")


async def test_damaged_storage(tmp_path):
    """Waiting or trying again will not help."""
    (tmp_path / "a1").mkdir()
    (tmp_path / "a1" / "mail.db").write_bytes(b"no database" * 1000)
    store = SqliteMailstore(tmp_path, SystemClock())
    with pytest.raises(errors.StorageDamaged) as raised:
        await store.open(AccountId("a1")).mailboxes()
    assert answer(raised.value).code == "CORRUPTION"
    await store.close()


async def test_no_privacy(rooms):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    peer = await rooms.connect(greeted=False, tls=lambda: context, client="192.0.2.7")
    await peer.line()
    assert (await peer.ask(f"LOGIN {ADA} {PASSWORD}"))[-1].startswith(b"t NO [PRIVACYREQUIRED] ")
    assert (await peer.ask("AUTHENTICATE PLAIN"))[-1].startswith(b"t NO [PRIVACYREQUIRED] ")


def test_last_words(rooms):
    assert [rooms.service.farewell(why).split()[2] for why in ("busy", "stopping", "error")] == [
        b"[UNAVAILABLE]", b"[UNAVAILABLE]", b"[SERVERBUG]",
    ]  # fmt: skip


def test_no_code_is_forgotten():
    given = {expected.split("[")[1].rstrip("] ") for _, expected in SAID if "[" in expected} | set(BY_ERROR.values())
    assert given & RFC_5530 | {"PRIVACYREQUIRED", "SERVERBUG"} | NEVER.keys() == RFC_5530
    assert not given & NEVER.keys()


def test_every_error_has_a_code():
    for kind in EXPECTED[1:]:
        assert answer(kind("x")).code, kind
