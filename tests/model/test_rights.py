"""Rights and access lists (RFC 4314 §2)."""

from __future__ import annotations

import pytest

from gatepost.model.flags import make_flags
from gatepost.model.rights import (
    ALL_RIGHTS,
    BadRights,
    Grant,
    combine_rights,
    effective_rights,
    parse_rights,
    permitted_flags,
    replaced_flags,
    shown_rights,
)


@pytest.mark.parametrize(
    ("text", "rights", "shown"),
    [
        ("", "", ""),
        ("lrswida", "lrswitea", "lrswiteda"),  # RFC 4314 §2.1.1's examples, in our order
        ("lrswikda", "lrswiktea", "lrswiktecda"),
        ("cda", "kxtea", "kxtecda"),
        ("aaetxkpiwsrl", ALL_RIGHTS, "lrswipkxtecda"),
    ],
)
def test_letters(text, rights, shown):
    assert parse_rights(text) == rights
    assert shown_rights(rights) == shown


@pytest.mark.parametrize("text", ["lrQ", "lrq", "l r", "0", "é", "lr\n"])
def test_what_is_no_right(text):
    with pytest.raises(BadRights):
        parse_rights(text)


def test_changes():
    assert combine_rights("lr", "add", "sl") == "lrs"
    assert combine_rights("lrs", "remove", "rw") == "ls"
    assert combine_rights("lrs", "replace", "w") == "w"
    with pytest.raises(ValueError, match="no way"):
        combine_rights("lrs", "perhaps", "w")


def test_who_is_several_has_all_that_is_granted_without_what_is_taken_away():
    grants = [
        Grant("@example.org", "lrs"),
        Grant("b1", "ti"),
        Grant("c1", "lrswipkxtea"),
        Grant("b1", "s", negative=True),
        Grant("@example.org", "i", negative=True),
    ]
    assert effective_rights(grants, {"b1", "@example.org"}) == "lrt"
    assert effective_rights(grants, {"@example.org"}) == "lrs"
    assert effective_rights(grants, {"e1"}) == ""


def test_flags():
    flags = make_flags(["\\Seen", "\\Deleted", "\\Answered", "work"])
    assert permitted_flags(flags, "s") == "\\Seen"
    assert permitted_flags(flags, "wi") == "\\Answered work"
    assert permitted_flags(flags, "t") == "\\Deleted"
    assert permitted_flags(flags, ALL_RIGHTS) == flags
    assert replaced_flags(flags, make_flags(["\\Flagged"]), "ws") == "\\Flagged \\Deleted"
