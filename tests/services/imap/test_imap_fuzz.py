"""Any well-formed command, in any order, is answered once; nothing a client says ends the session by a fault of ours."""

from __future__ import annotations

import random
import re

import pytest

SETS = ["1", "1:*", "*", "2,1", "$", "7", "4294967295", "5:3"]
NAMES = [
    "INBOX",
    "inbox",
    "Archive",
    "A/B",
    '""',
    '"x y"',
    "Nowhere",
    "&AOQ-",
    '"ä"',
    "a/b/",
    "/x",
    '"%"',
    "A",
    "{1+}\r\nA",
]
ITEMS = [
    "UID", "FLAGS", "(UID MODSEQ)", "ALL", "FULL", "BODY[]", "BODY.PEEK[1.2.3]<0.9>", "BINARY.SIZE[1]", "BINARY[]", "PREVIEW",
    "(BODY[HEADER.FIELDS (X)] BODYSTRUCTURE)", "BODY[1.MIME]", "RFC822", "(EMAILID THREADID SAVEDATE)", "BODY[2.HEADER]",
]  # fmt: skip
KEYS = [
    "ALL",
    "NOT SEEN",
    "OR 1 UID 2",
    "$",
    "RECENT",
    "TEXT x",
    "HEADER X y",
    "MODSEQ 3",
    "SENTON 1-Jan-2020",
    "LARGER 5",
    "FILTER f",
    "OR UIDAFTER 2 UIDBEFORE 1",
    "7",
]
ENTRIES = [
    "/private/comment",
    "/shared/comment",
    "/private/vendor/x/y",
    "/private/specialuse",
    '"/shared/a b"',
    "/private/%",
]
VALUES = ["NIL", '"SEEN"', '"FILTER f"', '"x"', '"\\Sent"', "{3+}\r\na\r\n", "~{2+}\r\n\0x", '""']
FLAGS = ["\\Seen", "(\\Deleted x)", "()", "(\\Foo)", "x y", "\\Recent"]
SHAPES = [
    "SELECT {n}", "EXAMINE {n} (CONDSTORE)", "SELECT {n} (QRESYNC (1 1))", "CREATE {n}", "CREATE {n} (USE (\\Sent))", "DELETE {n}",
    "RENAME {n} {n}", "SUBSCRIBE {n}", "UNSUBSCRIBE {n}", 'LIST "" {n}', 'LIST (SUBSCRIBED) {n} (% *) RETURN (STATUS (UNSEEN))',
    "LSUB {n} *", "STATUS {n} (MESSAGES RECENT DELETED-STORAGE HIGHESTMODSEQ)", "APPEND {n} {{3+}}\r\na:b",
    "APPEND {n} (\\Seen) {{1+}}\r\n\0",
    "ENABLE QRESYNC", "ENABLE IMAP4rev2 FROB", "NAMESPACE", "ID NIL", "NOOP", "CHECK", "CLOSE", "UNSELECT", "EXPUNGE",
    "UID EXPUNGE {s}", "FETCH {s} {i}", "UID FETCH {s} {i}", "UID FETCH {s} {i} (CHANGEDSINCE 1 VANISHED)", "STORE {s} +FLAGS {f}",
    "UID STORE {s} FLAGS.SILENT {f}", "STORE {s} (UNCHANGEDSINCE 2) -FLAGS {f}", "COPY {s} {n}", "UID MOVE {s} {n}", "MOVE {s} {n}",
    "SEARCH {k}", "UID SEARCH RETURN (SAVE MIN COUNT) {k}", "SEARCH RETURN () {k}", "SORT (SUBJECT) UTF-8 {k}",
    "UID THREAD REFERENCES UTF-8 {k}", "GETQUOTAROOT {n}", "STARTTLS", "LOGIN a b", "AUTHENTICATE PLAIN", "CAPABILITY",
    "REPLACE {s} {n} {{3+}}\r\na:b", "UID REPLACE {s} {n} (\\Seen) {{1+}}\r\nx", "UID FETCH {s} {i} (PARTIAL -1:-2)",
    "UID SEARCH RETURN (SAVE PARTIAL 2:9 MAX) {k}", "SORT RETURN (MIN ALL) (REVERSE DISPLAYFROM DISPLAYTO) UTF-8 {k}",
    "SEARCH RETURN (UPDATE ALL) {k}", "UID SEARCH RETURN (UPDATE (UID FLAGS) CONTEXT) {k}", "CANCELUPDATE {s}", 'CANCELUPDATE "t"',
    "UID SORT RETURN (UPDATE PARTIAL 2:1) (REVERSE SUBJECT SIZE) UTF-8 {k}", "SORT (SIZE) UTF-8 RETURN (PARTIAL 1:2) {k}",
    'SETMETADATA "" (/private/filters/values/f {v})',
    "NOTIFY NONE", "NOTIFY SET STATUS (personal (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange))",
    "NOTIFY SET (selected (MessageNew {i} MessageExpunge)) (subtree {n} (MailboxName ServerMetadataChange))",
    "NOTIFY SET (selected-delayed (MessageNew (UID BODY[]) MessageExpunge FlagChange)) (mailboxes ({n} {n}) (MailboxMetadataChange))",
    "ENABLE METADATA", "GETMETADATA {n} {e}", "GETMETADATA (DEPTH infinity MAXSIZE 3) {n} (/private {e})", "SETMETADATA {n} ({e} {v})",
    "SETMETADATA {n} ({e} {v} /private/comment NIL)",
    'APPEND {n} CATENATE (URL "/INBOX/;UID=1" URL ";UID=2/;SECTION=1" TEXT {{1+}}\r\nx)',
]  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
async def test_every_command_is_answered(rooms, seed):
    dice = random.Random(seed)
    await rooms.deliver(
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\n\r\ny\r\n--b--\r\n", count=3
    )
    ada = await rooms.ada()
    for _ in range(150):
        command = dice.choice(SHAPES).format(
            n=dice.choice(NAMES),
            s=dice.choice(SETS),
            i=dice.choice(ITEMS),
            k=dice.choice(KEYS),
            f=dice.choice(FLAGS),
            e=dice.choice(ENTRIES),
            v=dice.choice(VALUES),
        )
        answer = await ada.ask(command)
        assert re.match(rb"t (OK|NO|BAD) [ -~]+", answer[-1]), (command, answer)
        if any(line.startswith(b"* BYE") for line in answer):
            ada = await rooms.ada()
        if answer[-1] == b"t BAD [CLIENTBUG] Not now":
            await ada.ask("SELECT INBOX")
