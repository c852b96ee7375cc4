"""Two accounts in one mailbox: what one does the other hears at once, and what it may do changes under it."""

from __future__ import annotations

BOX = '"Other Users/ada@example.org/Team"'


async def share(rooms, rights):
    ada = await rooms.ada("CREATE Team", f"SETACL Team bob {rights}")
    await rooms.deliver(b"A: b\r\n\r\nc", "Team", 3)
    return ada


async def idle(peer):
    await peer.send(b"i IDLE\r\n")
    assert await peer.line() == b"+ idling"


async def done(peer):
    await peer.send(b"DONE\r\n")
    return await peer.until("i")


async def test_each_hears_of_the_other_while_idle(rooms):
    ada = await share(rooms, "lrswite")
    assert b"READ-WRITE" in (await ada.ask("SELECT Team"))[-1]
    bob = await rooms.bob(f"SELECT {BOX}")
    await idle(bob)
    await ada.ask("STORE 2 +FLAGS (\\Flagged)")
    assert await bob.line() == b"* 2 FETCH (UID 2 FLAGS (\\Flagged))"  # recent is who owns it
    await rooms.deliver(b"D: e\r\n\r\n", "Team")
    assert await bob.line() == b"* 4 EXISTS"
    assert (await bob.line()).endswith(b"RECENT")
    await done(bob)
    await ada.ask("NOOP")
    await idle(ada)
    assert b" OK " in (await bob.ask("STORE 1 +FLAGS (\\Deleted)"))[-1]
    assert await ada.line() == b"* 1 FETCH (UID 1 FLAGS (\\Deleted \\Recent))"
    assert b" OK " in (await bob.ask("EXPUNGE"))[-1]
    assert await ada.line() == b"* 1 EXPUNGE"
    await bob.ask(f"APPEND {BOX} {{1+}}\r\nx")
    assert await ada.line() == b"* 4 EXISTS"
    await done(ada)


async def test_rights_end_with_the_next_command(rooms):
    ada = await share(rooms, "lrswite")
    bob = await rooms.bob(f"SELECT {BOX}")
    await ada.ask("SETACL Team bob -e")
    assert b"NO [NOPERM]" in (await bob.ask("EXPUNGE"))[-1]
    await ada.ask("SETACL Team bob -wst")
    assert b"NO [NOPERM]" in (await bob.ask("STORE 1 +FLAGS (\\Seen)"))[-1]
    await ada.ask("SETACL Team bob -r")
    answer = await bob.ask("FETCH 1 FLAGS")
    assert answer == [
        b"* BYE [NOPERM] The selected mailbox may not be read any more",
        b"t NO [NOPERM] You may not do that here",
    ]


async def test_whoever_is_idle_is_told_of_lost_rights(rooms):
    ada = await share(rooms, "lrs")
    bob = await rooms.bob(f"SELECT {BOX}")
    await idle(bob)
    await ada.ask("SETACL Team bob lrsw")
    assert (await bob.line()).startswith(b"* FLAGS (")
    assert (await bob.line()).startswith(b"* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Seen \\Draft")
    await ada.ask("DELETEACL Team bob")
    assert await bob.line() == b"* BYE [NONEXISTENT] The selected mailbox was deleted"


async def test_the_owner_deletes_under_the_other(rooms):
    ada = await share(rooms, "lrswite")
    bob = await rooms.bob(f"SELECT {BOX}")
    await ada.ask("DELETE Team")
    assert (await bob.ask("NOOP"))[0] == b"* BYE [NONEXISTENT] The selected mailbox was deleted"


async def test_recent_is_the_owners(rooms):
    ada = await share(rooms, "lrswite")
    for _ in range(2):
        bob = await rooms.bob()
        assert b"* 3 RECENT" in await bob.ask(f"SELECT {BOX}")
    assert b"* 3 RECENT" in await ada.ask("SELECT Team")
    assert b"* 0 RECENT" in await bob.ask(f"SELECT {BOX}")


async def test_messages_are_put_together_from_what_may_be_read(rooms):
    ada = await share(rooms, "lr")
    bob = await rooms.bob()
    url = 'URL "/Other%20Users/ada@example.org/Team/;UID=1/;SECTION=TEXT"'
    assert b" OK " in (await bob.ask(f"APPEND INBOX CATENATE (TEXT {{8+}}\r\nX: y\r\n\r\n {url})"))[-1]
    await bob.ask("SELECT INBOX")
    assert b"* 1 FETCH (BODY[] {9}" in await bob.ask("FETCH 1 BODY.PEEK[]")
    await ada.ask("SETACL Team bob l")
    assert b"NO [" in (await bob.ask(f"APPEND INBOX CATENATE ({url})"))[-1]


async def test_condstore_and_qresync_in_anothers_mailbox(rooms):
    ada = await share(rooms, "lrste")
    await ada.ask("SELECT Team")
    bob = await rooms.bob("ENABLE QRESYNC")
    opened = await bob.ask(f"SELECT {BOX}")
    modseq = next(line for line in opened if b"HIGHESTMODSEQ" in line).split()[3].rstrip(b"]").decode()
    validity = next(line for line in opened if b"UIDVALIDITY" in line).split()[3].rstrip(b"]").decode()
    await bob.ask("UNSELECT")
    await ada.ask("STORE 2 +FLAGS (\\Deleted)")
    await ada.ask("EXPUNGE")
    await ada.ask("STORE 1 +FLAGS (x)")
    again = await bob.ask(f"SELECT {BOX} (QRESYNC ({validity} {modseq}))")
    assert b"* VANISHED (EARLIER) 2" in again
    assert any(line.startswith(b"* 1 FETCH (UID 1 FLAGS (x") for line in again)
    assert (await bob.ask("UID STORE 1 (UNCHANGEDSINCE 1) +FLAGS (\\Seen)"))[-1].startswith(b"t OK [MODIFIED 1]")


async def test_quota_is_the_owners(rooms):
    await share(rooms, "lri")
    bob = await rooms.bob()
    assert (await bob.ask(f"GETQUOTAROOT {BOX}"))[:2] == [
        b'* QUOTAROOT "Other Users/ada@example.org/Team" "ada@example.org"',
        b'* QUOTA "ada@example.org" (STORAGE 1 48828)',
    ]
    assert (await bob.ask("GETQUOTAROOT INBOX"))[0] == b"* QUOTAROOT INBOX"  # no limit, no root


async def test_names_beyond_ascii(rooms):
    ada = await rooms.ada("CREATE Entw&APw-rfe", "SETACL Entw&APw-rfe bob lr")
    bob = await rooms.bob()
    named = b'"Other Users/ada@example.org/Entw&APw-rfe"'
    assert (await bob.ask('LIST "" "Other Users/*"'))[0].endswith(named)
    assert b" OK " in (await bob.ask(b"SELECT " + named))[-1]
    await ada.ask("ENABLE UTF8=ACCEPT")
    assert (await ada.ask('GETACL "Entw\u00fcrfe"'))[-1].startswith(b"t OK")


async def test_a_search_for_anothers_objects(rooms):
    await share(rooms, "lr")
    bob = await rooms.bob(f"EXAMINE {BOX}")
    [line, _] = await bob.ask("FETCH 2 (EMAILID)")
    email = line.split(b"(")[2].rstrip(b")").decode()
    assert email.startswith("E2-")
    assert (await bob.ask(f"SEARCH EMAILID {email}"))[0] == b"* SEARCH 2"
    assert (await bob.ask("SEARCH EMAILID E2"))[0] == b"* SEARCH"
    await bob.ask("EXAMINE INBOX")
    assert (await bob.ask(f"SEARCH EMAILID {email}"))[0] == b"* SEARCH"
