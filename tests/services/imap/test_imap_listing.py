"""LIST's patterns, and what listing costs."""

from __future__ import annotations

import time

import pytest

from gatepost.services.imap.commands.listing import matcher


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*", "a/b", True),
        ("%", "a/b", False),
        ("%", "a", True),
        ("a/%", "a/b", True),
        ("a/%", "a/b/c", False),
        ("a*c", "a/b/c", True),
        ("%/%", "a/b", True),
        ("inbox", "INBOX", True),
        ("iNb%", "INBOX", True),
        ("sent", "Sent", False),
        ("a.b", "axb", False),
        ("a[b", "a[b", True),
        ("*ü%", "xxü", True),
        ("%*", "a/b", True),
        ("", "a", False),
        ("a", "a\n", False),
    ],
)
def test_patterns(pattern, path, matches):
    assert matcher([pattern])(path) is matches


def test_hostile_patterns_take_no_time():
    begun = time.perf_counter()
    for pattern in ("*a" * 1000 + "b", "%*" * 1000, "*ü" * 1000, "%a*" * 600):
        matches = matcher([pattern])
        for _ in range(20):
            assert not matches("a" * 500 + "/c") or pattern.startswith("%*")
    assert time.perf_counter() - begun < 5


async def test_a_pattern_that_is_no_name_matches_nothing(rooms):
    ada = await rooms.ada()
    assert await ada.ask('LIST "" "&&&*"') == [b"t OK LIST done"]
    assert await ada.ask('LIST (SPECIAL-USE) "" "*" RETURN (SUBSCRIBED)') != [b"t OK LIST done"]


async def test_special_use_is_given_once(rooms):
    ada = await rooms.ada("CREATE Mine (USE (\\Flagged))")
    assert (await ada.ask('LIST (SPECIAL-USE) "" "Mine"'))[0] == b'* LIST (\\HasNoChildren \\Flagged) "/" Mine'


async def test_quota_is_enforced_and_told(rooms):
    ada = await rooms.ada()
    content = b"x" * 1_900_000
    for _ in range(26):
        await rooms.deliver(content)
    answer = await ada.ask(b"APPEND INBOX {%d+}\r\n%b" % (len(content), content))
    assert answer[-1].startswith(b"t NO [OVERQUOTA] ")
    assert (await ada.ask('GETQUOTA ""'))[0] == b'* QUOTA "" (STORAGE 48243 48828)'


async def test_a_name_that_is_not_utf_8(rooms):
    """RFC 6855 §3."""
    ada = await rooms.ada()
    for command in (b'CREATE "\xff"', b"SELECT {1+}\r\n\xff", b'RENAME Sent "a\xc3"'):
        assert await ada.ask(command) == [b"t BAD [CLIENTBUG] That is not UTF-8"]
