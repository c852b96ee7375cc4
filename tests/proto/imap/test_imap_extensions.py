"""The grammar of METADATA, NOTIFY and contexts: what is taken, what is not, and that nonsense does no harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.model import search as model
from gatepost.model.uidset import MAX_UID, UidSet
from gatepost.proto.imap.commands import CancelUpdate, GetMetadata, Notify, Search, SetMetadata
from gatepost.proto.imap.commands.fetch import Attribute
from gatepost.proto.imap.commands.keys import Filter, Term
from gatepost.proto.imap.commands.metadata import ANY_DEPTH
from gatepost.proto.imap.commands.notify import EventGroup
from gatepost.proto.imap.commands.search import Returns
from gatepost.proto.imap.events import Malformed, Received
from gatepost.proto.imap.grammar import parse_command

NEW = frozenset({"MessageNew", "MessageExpunge"})
WORDS = [
    b"NOTIFY", b"SET", b"STATUS", b"NONE", b"(", b")", b"selected", b"subtree", b"mailboxes", b"MessageNew", b"MessageExpunge",
    b"FlagChange", b"x", b"GETMETADATA", b"SETMETADATA", b"(MAXSIZE 3)", b"DEPTH", b"infinity", b"/private/a", b"/shared",
    b"NIL", b'""', b"{1+}\r\n", b"~{1+}\r\n", b"SEARCH", b"RETURN", b"UPDATE", b"CONTEXT", b"FILTER", b"CANCELUPDATE",
    b"UIDAFTER", b"1", b"UIDBEFORE", b"(UID)", b"SORT", b"PARTIAL",
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ('GETMETADATA "" /shared/Comment', GetMetadata(b"", ("/shared/comment",))),
        ("GETMETADATA x (DEPTH INFINITY) (/private)", GetMetadata(b"x", ("/private",), None, ANY_DEPTH)),
        ("GETMETADATA (MAXSIZE 7 depth 1) x (/private/a /shared/b)", GetMetadata(b"x", ("/private/a", "/shared/b"), 7, 1)),
        ('SETMETADATA x (/private/a NIL "/shared/b" "c")', SetMetadata(b"x", (("/private/a", None), ("/shared/b", b"c")))),
        ("NOTIFY NONE", Notify()),
        (
            "NOTIFY set status (SELECTED (messagenew (UID) MESSAGEEXPUNGE)) (subtree a NONE)",
            Notify((EventGroup("SELECTED", (), NEW, (Attribute("UID"),)), EventGroup("SUBTREE", (b"a",))), True),
        ),
        # as the examples of the RFC have it
        ("NOTIFY SET (mailboxes (a b) MessageNew MessageExpunge)", Notify((EventGroup("MAILBOXES", (b"a", b"b"), NEW),))),
        ('CANCELUPDATE "a" b', CancelUpdate(("a", "b"))),
        (
            "SEARCH RETURN (UPDATE (UID) CONTEXT) FILTER A-b",
            Search(Filter("a-b"), Returns(frozenset({"UPDATE", "CONTEXT"}), None, (Attribute("UID"),))),
        ),
        ("SEARCH UIDAFTER 5", Search(Term(model.Uids(UidSet([(6, MAX_UID)]))))),
        ("SEARCH UIDBEFORE 1", Search(Term(model.Uids(UidSet())))),
    ],
)  # fmt: skip
def test_what_a_command_means(text, command):
    assert parse_command(f"t {text}".encode(), ()) == Received("t", command)


@pytest.mark.parametrize(
    "text",
    ["NOTIFY", "NOTIFY SET", "NOTIFY SET ()", "NOTIFY SET (selected)", "NOTIFY SET (subtree (MessageNew))", "NOTIFY NONE x",
     "CANCELUPDATE", "GETMETADATA x", "GETMETADATA x ()", "SETMETADATA x", "SETMETADATA x ()", "SETMETADATA x (/private/a)",
     "SETMETADATA x (/private/a atom)", "SEARCH RETURN (UPDATE ()) ALL", "SEARCH UIDAFTER 0", "SEARCH FILTER",
     "NOTIFY SET (personal NONE)(personal NONE)"],
)  # fmt: skip
def test_what_is_not_taken(text):
    assert isinstance(parse_command(f"t {text}".encode(), ()), Malformed)


@given(st.lists(st.sampled_from(WORDS), max_size=12), st.lists(st.binary(max_size=3), max_size=3))
def test_nonsense_is_told_so(words, literals):
    assert isinstance(parse_command(b"t " + b" ".join(words), literals), Received | Malformed)
