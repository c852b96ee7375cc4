"""ManageSieve conversations on real sockets, over the real stores and the real compiler."""

from __future__ import annotations

import base64

from lineroom import PASSWORD, Peer, Room, plain
from scramp import ScramClient

from gatepost.model.events import SignInFailed

KEEP = b'require "fileinto";\r\nfileinto "Archive";\r\n'


def last(line: bytes) -> bool:
    return line[:2] in (b"OK", b"NO") or line[:3] == b"BYE"


async def said(peer: Peer, command: bytes) -> bytes:
    peer.write(command + b"\r\n")
    return await peer.lines(last)


async def arrived(room: Room, port: int) -> Peer:
    peer = await room.peer(port)
    assert (await peer.lines(last)).endswith(b'OK "mail.example.org ready"\r\n')
    return peer


async def signed_in(room: Room, port: int) -> Peer:
    peer = await arrived(room, port)
    assert (await said(peer, b'AUTHENTICATE "PLAIN" "' + plain("ada@example.org") + b'"')).startswith(b"OK")
    return peer


def literal(octets: bytes) -> bytes:
    return b"{%d+}\r\n" % len(octets) + octets


async def test_capabilities(room: Room, port: int) -> None:
    peer = await room.peer(port)
    greeting = await peer.lines(last)
    for line in (b'"IMPLEMENTATION" "Gatepost"', b'"VERSION" "1.0"', b'"STARTTLS"', b'"UNAUTHENTICATE"'):
        assert line + b"\r\n" in greeting
    assert b'"SASL" "SCRAM-SHA-256 PLAIN' in greeting
    assert b'"SIEVE" "' in greeting
    assert b"OWNER" not in greeting
    peer = await signed_in(room, port)
    capabilities = await said(peer, b"CAPABILITY")
    assert b'"OWNER" "ada@example.org"\r\n' in capabilities
    assert b"STARTTLS" not in capabilities


async def test_a_script_s_life(room: Room, port: int) -> None:
    peer = await signed_in(room, port)
    assert await said(peer, b"LISTSCRIPTS") == b"OK\r\n"
    assert await said(peer, b'HAVESPACE "a" 100') == b"OK\r\n"
    assert await said(peer, b'PUTSCRIPT "a" ' + literal(KEEP)) == b"OK\r\n"
    assert await said(peer, 'PUTSCRIPT "zwölf \\"12\\"" "keep;"'.encode()) == b"OK\r\n"
    assert await said(peer, b'SETACTIVE "a"') == b"OK\r\n"
    assert await said(peer, b"LISTSCRIPTS") == '"a" ACTIVE\r\n"zwölf \\"12\\""\r\nOK\r\n'.encode()
    assert await said(peer, b'GETSCRIPT "a"') == b"{%d}\r\n" % len(KEEP) + KEEP + b"\r\nOK\r\n"
    assert (await said(peer, b'DELETESCRIPT "a"')).startswith(b"NO (ACTIVE) ")
    assert (await said(peer, 'RENAMESCRIPT "a" "zwölf \\"12\\""'.encode())).startswith(b"NO (ALREADYEXISTS) ")
    assert await said(peer, b'RENAMESCRIPT "a" "b"') == b"OK\r\n"
    assert b'"b" ACTIVE\r\n' in await said(peer, b"LISTSCRIPTS")
    assert await said(peer, b'SETACTIVE ""') == b"OK\r\n"
    assert await said(peer, b'SETACTIVE ""') == b"OK\r\n"
    assert await said(peer, b'DELETESCRIPT "b"') == b"OK\r\n"
    for command in (b'GETSCRIPT "b"', b'DELETESCRIPT "b"', b'SETACTIVE "b"', b'RENAMESCRIPT "b" "c"'):
        assert (await said(peer, command)).startswith(b"NO (NONEXISTENT) ")


async def test_bad_scripts_change_nothing(room: Room, port: int) -> None:
    peer = await signed_in(room, port)
    assert await said(peer, b'PUTSCRIPT "a" ' + literal(KEEP)) == b"OK\r\n"
    for command in (b'PUTSCRIPT "a" ', b"CHECKSCRIPT "):
        answer = await said(peer, command + literal(b"#comment\r\nInvalidSieveCommand\r\n"))
        assert answer.startswith(b'NO "line 3: '), answer
        assert (await said(peer, command + literal(b'require "nonsense";'))).startswith(b'NO "line 1: ')
        assert (await said(peer, command + b'""')).startswith(b"NO ")
        assert (await said(peer, command + literal(b"#" * 270_000))).startswith(b"NO (QUOTA/MAXSIZE) ")
        assert (await said(peer, command + literal(b"#" * 600_000))).startswith(b"NO (QUOTA/MAXSIZE) ")
    assert (await said(peer, b'HAVESPACE "a" 9999999')).startswith(b"NO (QUOTA/MAXSIZE) ")
    assert (await said(peer, b'PUTSCRIPT "" ' + literal(KEEP))).startswith(b"NO ")
    assert await said(peer, b"CHECKSCRIPT " + literal(KEEP)) == b"OK\r\n"
    assert await said(peer, b"LISTSCRIPTS") == b'"a"\r\nOK\r\n'
    assert (await said(peer, b'GETSCRIPT "a"')).startswith(b"{%d}\r\n" % len(KEEP) + KEEP)


async def test_warnings(room: Room, port: int) -> None:
    peer = await signed_in(room, port)
    assert (await said(peer, b"CHECKSCRIPT " + literal(b'redirect "x@elsewhere.example";'))).startswith(
        b'OK (WARNINGS) "'
    )


async def test_too_many_scripts(room: Room, port: int) -> None:
    peer = await signed_in(room, port)
    for number in range(10):
        assert await said(peer, b'PUTSCRIPT "%d" "keep;"' % number) == b"OK\r\n"
    assert (await said(peer, b'PUTSCRIPT "x" "keep;"')).startswith(b"NO (QUOTA")
    assert (await said(peer, b'HAVESPACE "x" 5')).startswith(b"NO (QUOTA")
    assert await said(peer, b'PUTSCRIPT "1" "stop;"') == b"OK\r\n"


async def test_states(room: Room, port: int) -> None:
    peer = await arrived(room, port)
    for command in (
        b"LISTSCRIPTS",
        b'GETSCRIPT "a"',
        b'PUTSCRIPT "a" "keep;"',
        b"UNAUTHENTICATE",
        b'CHECKSCRIPT "keep;"',
    ):
        assert await said(peer, command) == b'NO "Sign in first"\r\n'
    assert await said(peer, b"NOOP") == b'OK "Done"\r\n'
    assert await said(peer, b'NOOP "a b"') == b'OK (TAG "a b") "Done"\r\n'
    peer = await signed_in(room, port)
    assert await said(peer, b'AUTHENTICATE "PLAIN"') == b'NO "Signed in already"\r\n'
    assert await said(peer, b"STARTTLS") == b'NO "Signed in already"\r\n'
    assert (await said(peer, b"UNAUTHENTICATE")).startswith(b"OK")
    assert await said(peer, b"LISTSCRIPTS") == b'NO "Sign in first"\r\n'
    assert (await said(peer, b'AUTHENTICATE "PLAIN" "' + plain("bob@example.org") + b'"')).startswith(b"OK")
    peer.write(b"LOGOUT\r\nLISTSCRIPTS\r\n")
    assert await peer.rest() == b'OK "Bye"\r\n'


async def test_ways_to_sign_in(room: Room, port: int) -> None:
    peer = await arrived(room, port)
    peer.write(b'AUTHENTICATE "PLAIN"\r\n')
    assert await peer.line() == b'""\r\n'
    assert (await said(peer, literal(plain("ada@example.org")))).startswith(b"OK")
    peer = await arrived(room, port)
    scram = ScramClient(["SCRAM-SHA-256"], "ada@example.org", PASSWORD)
    peer.write(b'AUTHENTICATE "SCRAM-SHA-256" "' + base64.b64encode(scram.get_client_first().encode()) + b'"\r\n')
    scram.set_server_first(base64.b64decode((await peer.line())[1:-3]).decode())
    peer.write(b'"' + base64.b64encode(scram.get_client_final().encode()) + b'"\r\n')
    scram.set_server_final(base64.b64decode((await peer.line())[1:-3]).decode())
    assert (await said(peer, b'""')).startswith(b"OK")


async def test_wrong_ones_are_counted(room: Room, port: int) -> None:
    peer = await arrived(room, port)
    for initial in (plain("ada@example.org", "wrong"), plain("nobody@example.org", "wrong"), b"not base64"):
        assert await said(peer, b'AUTHENTICATE "PLAIN" "' + initial + b'"') == b'NO "Authentication failed"\r\n'
    assert await said(peer, b'AUTHENTICATE "NTLM"') == b'NO "Unknown authentication mechanism"\r\n'
    peer.write(b'AUTHENTICATE "PLAIN"\r\n')
    await peer.line()
    assert await said(peer, b'"*"') == b'NO "Authentication cancelled"\r\n'
    assert len([event for event in room.events if isinstance(event, SignInFailed)]) == 3
    peer.write(b'AUTHENTICATE "PLAIN"\r\n')
    await peer.line()
    peer.write(b'"' + b"A" * 20_000 + b'"\r\n')
    assert (await peer.rest()).startswith(b"BYE ")
    assert len([event for event in room.events if isinstance(event, SignInFailed)]) == 4


async def test_starttls(room: Room, port: int) -> None:
    peer = await arrived(room, port)
    assert (await said(peer, b"STARTTLS")).startswith(b"OK")
    await peer.start_tls()
    capabilities = await peer.lines(last)
    assert b'"SIEVE"' in capabilities
    assert b"STARTTLS" not in capabilities
    assert await said(peer, b"STARTTLS") == b'NO "TLS is active already"\r\n'
    assert (await said(peer, b'AUTHENTICATE "PLAIN" "' + plain("ada@example.org") + b'"')).startswith(b"OK")


async def test_injected_plaintext_ends_it(room: Room, port: int) -> None:
    peer = await arrived(room, port)
    peer.write(b"STARTTLS\r\nCAPABILITY\r\n")
    assert await peer.rest() == b""
    assert room.abuses() == ["tls-injection"]


async def test_strangers_get_little_room(room: Room, port: int) -> None:
    peer = await arrived(room, port)
    assert (
        await said(peer, b'PUTSCRIPT "a" ' + literal(b"x" * 17_000))
        == b'NO (QUOTA/MAXSIZE) "The script is too large"\r\n'
    )
    peer.write(b"PUTSCRIPT {99999999999+}\r\n")
    assert (await peer.rest()).startswith(b"BYE ")
    peer = await arrived(room, port)
    peer.write(b"GET / HTTP/1.1\r\n" * 12)
    assert (await peer.rest()).endswith(b'BYE "Too many errors"\r\n')
