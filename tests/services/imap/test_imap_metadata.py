"""METADATA beyond the transcript: what the administrator says, and what is too much."""

from __future__ import annotations

import pytest

from gatepost.config.load import parse
from gatepost.config.show import to_toml
from gatepost.model.annotation import MAX_COUNT, MAX_VALUE
from gatepost.services.imap.options import ImapOptions

SAID = {"/shared/comment": "Ours; grüß Gott", "/shared/admin": "mailto:postmaster@example.org"}


@pytest.mark.parametrize("imap_options", [ImapOptions(metadata=SAID)])
async def test_the_administrator_speaks(rooms):
    ada = await rooms.ada("ENABLE IMAP4rev2")
    [line, done] = await ada.ask('GETMETADATA (DEPTH infinity) "" /shared')
    assert (
        line.decode()
        == '* METADATA "" (/shared/admin "mailto:postmaster@example.org" /shared/comment "Ours; grüß Gott")'
    )
    assert done == b"t OK GETMETADATA done"
    assert await ada.ask('SETMETADATA "" (/shared/admin NIL)') == [
        b"t NO [NOPERM] That entry cannot be changed by clients"
    ]


@pytest.mark.parametrize("name", ["/private/comment", "comment", "/shared", "/shared/vendor/x", "/shared/*"])
def test_what_the_administrator_cannot_say(name):
    with pytest.raises(ValueError, match="an annotation's name"):
        ImapOptions(metadata={name: "x"})


async def test_what_is_too_much(rooms):
    ada = await rooms.ada()
    too_large = f"t NO [METADATA MAXSIZE {MAX_VALUE}] ".encode()
    answer = await ada.ask(
        b"SETMETADATA INBOX (/private/comment {%d+}\r\n%b)" % (MAX_VALUE + 1, b"x" * (MAX_VALUE + 1))
    )
    assert answer[-1].startswith(too_large)
    answer = await ada.ask(b"SETMETADATA INBOX (/private/comment {%d+}\r\n%b)" % (70_000, b"x" * 70_000))
    assert answer[-1].startswith(too_large)
    for start in range(0, MAX_COUNT, 100):
        values = " ".join(f'/private/{number} "x"' for number in range(start, start + 100))
        assert await ada.ask(f"SETMETADATA INBOX ({values})") == [b"t OK SETMETADATA done"]
    answer = await ada.ask('SETMETADATA INBOX (/private/0 "y" /private/comment "x")')
    assert answer == [b"t NO [METADATA TOOMANY] There is no room for another entry"]
    assert (await ada.ask("GETMETADATA INBOX /private/0"))[0] == b'* METADATA INBOX (/private/0 "x")'
    answer = await ada.ask(f'SETMETADATA INBOX (/private/{"x" * 250} "y")')
    assert answer == [b"t NO [LIMIT] The entry's name is too long"]


async def test_octets_of_any_kind_come_back(rooms):
    ada = await rooms.ada()
    value = bytes(range(256))
    assert await ada.ask(b"SETMETADATA INBOX (/shared/x ~{256+}\r\n%b)" % value) == [b"t OK SETMETADATA done"]
    await ada.send(b"t GETMETADATA INBOX /shared/x\r\n")
    expected = b"* METADATA INBOX (/shared/x ~{256}\r\n%b)\r\nt OK GETMETADATA done\r\n" % value
    assert await ada.reader.readexactly(len(expected)) == expected
    assert await ada.ask(b"SETMETADATA INBOX (/shared/x {3+}\r\na\0b)") == [b"t BAD NUL is not allowed here"]


def test_what_is_in_force_can_be_read_again():
    options = parse('[imap.metadata]\n"/shared/comment" = "a \\"b\\""\n')
    assert options.imap.metadata == {"/shared/comment": 'a "b"'}
    assert parse(to_toml(options)) == options
