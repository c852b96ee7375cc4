"""The grammar: what each command's text means, and that nothing else is taken."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.model import search as model
from gatepost.model.uidset import UidSet
from gatepost.proto.imap.commands import (
    Append,
    Authenticate,
    Create,
    Enable,
    Fetch,
    Id,
    List,
    Rename,
    Search,
    Select,
    Sort,
    Status,
    Store,
)
from gatepost.proto.imap.commands.access import DeleteAcl, GetAcl, ListRights, MyRights, SetAcl
from gatepost.proto.imap.commands.append import AppendMessage
from gatepost.proto.imap.commands.fetch import Attribute, Binary, BinarySize, Body, Section
from gatepost.proto.imap.commands.keys import AllOf, Either, InMailOf, Inverse, Numbers, Recent, Term, Within
from gatepost.proto.imap.commands.mailboxes import Qresync
from gatepost.proto.imap.events import Malformed, Received
from gatepost.proto.imap.grammar import parse_command
from gatepost.proto.imap.sequence import SequenceSet

ONE = SequenceSet(((1, 1),))


def read(text: str | bytes, *literals: bytes):
    heard = parse_command(b"t " + (text.encode() if isinstance(text, str) else text), literals)
    assert isinstance(heard, Received), heard
    return heard.command


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("authenticate plain", Authenticate("PLAIN")),
        ("AUTHENTICATE PLAIN =", Authenticate("PLAIN", b"=")),
        ("ENABLE condstore UTF8=ACCEPT", Enable(("CONDSTORE", "UTF8=ACCEPT"))),
        ("ID NIL", Id()),
        ('ID ("Name" "x" "os" NIL)', Id((("name", "x"), ("os", "")))),
        ('SELECT "a \\"b\\\\"', Select(b'a "b\\', False)),
        ("EXAMINE x (CONDSTORE)", Select(b"x", True, True)),
        (
            "SELECT x (QRESYNC (7 20 1:9 (1,3 2,5)))",
            Select(b"x", False, False, Qresync(7, 20, UidSet([(1, 9)]), ((1, 2), (3, 5)))),
        ),
        ("SELECT x (QRESYNC (7 20 (1 2)))", Select(b"x", False, False, Qresync(7, 20, None, ((1, 2),)))),
        ("CREATE x (USE (\\Sent))", Create(b"x", ("\\Sent",))),
        ("RENAME a b", Rename(b"a", b"b")),
        ("SETACL x David lrswida", SetAcl(b"x", "David", "replace", "lrswitea")),
        ("SETACL x b +cda", SetAcl(b"x", "b", "add", "kxtea")),
        ('SETACL x b ""', SetAcl(b"x", "b", "replace", "")),
        ("SETACL x -b -w", SetAcl(b"x", "-b", "remove", "w")),
        ('DELETEACL "x y" b', DeleteAcl(b"x y", "b")),
        ("GETACL x", GetAcl(b"x")),
        # RFC 4013 §3: a soft hyphen is mapped to nothing; the answer repeats it
        ('LISTRIGHTS x "I\u00adX"', ListRights(b"x", "IX", "I\u00adX".encode())),
        ("MYRIGHTS x", MyRights(b"x")),
        ('LIST "" %', List(b"", (b"%",))),
        ('LIST "" "" RETURN (SPECIAL-USE)', List(b"", (b"",), returns=frozenset({"SPECIAL-USE"}), extended=True)),
        (
            'LIST (SUBSCRIBED) x (a "b*") RETURN (CHILDREN STATUS (MESSAGES))',
            List(
                b"x", (b"a", b"b*"), frozenset({"SUBSCRIBED"}), frozenset({"CHILDREN"}), ("MESSAGES",), extended=True
            ),
        ),
        ("STATUS x (messages UIDNEXT)", Status(b"x", ("MESSAGES", "UIDNEXT"))),
        ("STORE 1 +flags.silent (\\Seen x)", Store(ONE, "add", ("\\Seen", "x"), silent=True)),
        ("UID STORE 1 (UNCHANGEDSINCE 0) FLAGS a b", Store(ONE, "replace", ("a", "b"), uid=True, unchanged_since=0)),
        ("FETCH 1 flags", Fetch(ONE, (Attribute("FLAGS"),))),
        ("FETCH 1 (PREVIEW (LAZY) UID)", Fetch(ONE, (Attribute("PREVIEW", True), Attribute("UID")))),
        ("FETCH 1 PREVIEW (CHANGEDSINCE 7)", Fetch(ONE, (Attribute("PREVIEW"),), changed_since=7)),
        ("FETCH 1 PREVIEW (lazy) (CHANGEDSINCE 7)", Fetch(ONE, (Attribute("PREVIEW", True),), changed_since=7)),
        ("FETCH 1 BODY", Fetch(ONE, (Attribute("BODY"),))),
        ("FETCH 1 BODY.PEEK[1.2.MIME]<0.5>", Fetch(ONE, (Body(Section((1, 2), "MIME"), (0, 5), True),))),
        (
            "FETCH 1 body[HEADER.FIELDS.NOT (a \"b\")]",
            Fetch(ONE, (Body(Section((), "HEADER.FIELDS.NOT", (b"a", b"b"))),)),
        ),
        ("FETCH 1 RFC822.TEXT", Fetch(ONE, (Body(Section((), "TEXT"), None, False, "RFC822.TEXT"),))),
        ("FETCH 1 (BINARY[1] BINARY.SIZE[])", Fetch(ONE, (Binary((1,)), BinarySize(())))),
        (
            "UID FETCH 1 UID (CHANGEDSINCE 5 VANISHED)",
            Fetch(ONE, (Attribute("UID"),), uid=True, changed_since=5, vanished=True),
        ),
        ("SORT (REVERSE DATE SUBJECT) UTF-8 RECENT", Sort((("DATE", True), ("SUBJECT", False)), Recent())),
    ],
)  # fmt: skip
def test_commands(text, command):
    assert read(text) == command


def test_append_with_blanks_to_spare():
    """As imapclient writes it."""
    command = read(b"APPEND x {1+}\r\n  {1+}\r\n", b"a", b"b")
    assert command == Append(b"x", (AppendMessage(b"a"), AppendMessage(b"b")))


def test_append_of_several_messages():
    command = read(
        b'APPEND x (\\Seen) "14-Nov-2023 22:13:20 +0000" {1}\r\n {1+}\r\n UTF8 (~{2}\r\n)', b"a", b"b", b"c\0"
    )
    assert command == Append(
        b"x", (AppendMessage(b"a", ("\\Seen",), 1700000000.0), AppendMessage(b"b"), AppendMessage(b"c\0")), utf8=True
    )


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("ALL", Term(model.Everything())),
        ("2:4 UID 7", AllOf((Numbers(SequenceSet(((2, 4),)), False), Numbers(SequenceSet(((7, 7),)), True)))),
        ("(SEEN NOT DRAFT)", AllOf((Term(model.HasFlag("\\Seen")), Inverse(Term(model.HasFlag("\\Draft")))))),
        ('OR FROM x BODY "y z"', Either(Term(model.Addresses(("from",), "x")), Term(model.Body("y z")))),
        ('HEADER List-Id ""', Term(model.Header("list-id", ""))),
        ("ON 14-Nov-2023", Term(model.Received(1699920000.0, 1700006400.0))),
        ('SENTSINCE "14-Nov-2023"', Term(model.Sent(after=1699920000.0))),
        ("SAVEDBEFORE 14-Nov-2023", Term(model.Saved(before=1699920000.0))),
        ("LARGER 5 SMALLER 9", AllOf((Term(model.Size(over=5)), Term(model.Size(under=9))))),
        ("KEYWORD $Work", Term(model.HasFlag("$Work"))),
        ("NEW", AllOf((Recent(), Term(model.Not(model.HasFlag("\\Seen")))))),
        ("OLDER 60", Within(60, True)),
        ('MODSEQ "/flags/\\\\seen" all 5', Term(model.ModSeqAtLeast(5))),
        ("EMAILID E7", InMailOf(None, model.EmailIs(7))),
        ("THREADID T7-a1b2", InMailOf("a1b2", model.ThreadIs(7))),
        ("EMAILID nonsense", Term(model.Or(()))),
        ("EMAILID -E7", Term(model.Or(()))),
        ('CHARSET iso-8859-1 SUBJECT "x"', Term(model.Header("subject", "x"))),
    ],
)
def test_search_keys(text, key):
    command = read(f"SEARCH {text}")
    assert isinstance(command, Search)
    assert command.key == key


def test_search_strings_are_in_their_charset():
    assert read(b"SEARCH CHARSET ISO-8859-1 TEXT {1}\r\n", b"\xfc").key == Term(model.Text("ü"))
    assert isinstance(parse_command(b"t SEARCH CHARSET UTF-8 TEXT {1}\r\n", [b"\xfc"]), Malformed)


@pytest.mark.parametrize(
    "text",
    [
        "SEARCH",
        "SEARCH FROB",
        "SEARCH OR ALL",
        "SEARCH RETURN (FROB) ALL",
        "SEARCH BEFORE 31-Feb-2023",
        "SEARCH LARGER 99999999999999999999",
        "SEARCH " + "NOT " * 100 + "ALL",
        "SEARCH " + "(" * 100 + "ALL" + ")" * 100,
        "SEARCH " + "ALL " * 2000 + "ALL",
        "SORT (FROB) UTF-8 ALL",
        "SORT () UTF-8 ALL",
        "THREAD FROB UTF-8 ALL",
        "FETCH 1 ()",
        "FETCH 1 BODY[MIME]",
        "FETCH 1 BODY[1.FROB]",
        "FETCH 1 BODY[HEADER.FIELDS ()]",
        "FETCH 1 BODY[]<0.0>",
        "FETCH 1 BINARY[TEXT]",
        "FETCH 1 FLAGS (CHANGEDSINCE 5 VANISHED)",
        "FETCH 1 PREVIEW (EAGER)",
        "FETCH 1 BODY[" + "1." * 200 + "1]",
        "STORE 1 FLAGS",
        "STORE 1 +FROB (x)",
        "LIST (RECURSIVEMATCH) \"\" *",
        "LIST (FROB) \"\" *",
        "LIST \"\" * RETURN (FROB)",
        "STATUS x ()",
        "STATUS x (FROB)",
        "SELECT x (QRESYNC (7))",
        "SELECT x (QRESYNC (7 0))",
        "SELECT x (QRESYNC (7 1 (1:3 1:2)))",
        "SELECT x (CONDSTORE CONDSTORE)",
        "APPEND x",
        "APPEND x (\\Seen)",
        "APPEND x \"31-Feb-2023 00:00:00 +0000\" {1}\r\n",
        "ID (\"a\")",
        "ENABLE",
        "LOGIN \"a\tb\" \"\0\"",
        "COPY 1:2",
        "CREATE x (USE ())x",
        "SETACL x b lrQ",
        "SETACL x b +0",
        "SETACL x b",
        "SETACL x \"\" lr",
        "SETACL x \"a\u0007b\" lr",
        "SETACL x \"\u00ad\" lr",
        "DELETEACL x",
        "MYRIGHTS",
    ],
)  # fmt: skip
def test_what_is_not_taken(text):
    assert isinstance(parse_command(f"t {text}".encode(), [b"x"]), Malformed)


def test_header_fields_have_a_budget():
    for names in (["a"] * 201, ["x" * 1000] * 9):
        heard = parse_command(f"t FETCH 1 BODY[HEADER.FIELDS ({' '.join(names)})]".encode(), ())
        assert heard == Malformed("t", "Too many header fields", "LIMIT", no=True)


@given(
    st.text('()[]{}<>"\\*%$.,:+-~ 0129 abUIDFETCHSEARCHBODYNOTORALL\r\n\0é', max_size=60),
    st.lists(st.binary(max_size=4)),
)
@settings(max_examples=300)
def test_nothing_raises(text, literals):
    for prefix in ("", "FETCH 1 ", "SEARCH ", "LIST ", "STORE 1 ", "APPEND x ", "SELECT x ", "UID SORT "):
        heard = parse_command(f"t {prefix}{text}".encode(), literals)
        assert isinstance(heard, Received | Malformed)
