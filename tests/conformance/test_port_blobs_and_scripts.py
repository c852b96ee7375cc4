"""Uploads, blobs and Sieve scripts of an AccountMail."""

from __future__ import annotations

import pytest
from conformance_messages import message

from gatepost.model.errors import NoSuchBlob, NoSuchScript, ScriptActive, ScriptExists, TooManyScripts
from gatepost.model.mail import BlobId, Draft
from gatepost.ports.mailstore import AccountMail

SMALL, LARGE = b"small", b"0123456789" * 10_000


@pytest.mark.parametrize("content", [SMALL, LARGE, b""])
async def test_uploads(mail: AccountMail, content: bytes) -> None:
    blob = await mail.save_upload(content)
    assert blob == await mail.save_upload(content)
    assert await mail.find_blob(blob) == len(content)
    assert await mail.read_blob(blob) == content
    assert await mail.read_blob(blob, 1, 3) == content[1:3]
    assert await mail.read_blob(blob, len(content) - 2 if content else 0) == content[-2:]
    assert await mail.read_blob(blob, 10**9) == b""
    assert await mail.usage() == 0


async def test_unknown_blobs(mail: AccountMail) -> None:
    for unknown in ("0" * 40, "", "../../etc/passwd", "\x00"):
        with pytest.raises(NoSuchBlob):
            await mail.find_blob(BlobId(unknown))
        with pytest.raises(NoSuchBlob):
            await mail.read_blob(BlobId(unknown))


@pytest.mark.parametrize("size", [10, 100_000])
async def test_octets_stay_while_an_email_needs_them(mail: AccountMail, clock, size: int) -> None:
    inbox = (await mail.mailbox("INBOX")).id
    content = message(body="x" * size)
    first, second = [await mail.append(Draft(content, (inbox,))) for _ in range(2)]
    assert first.blob == second.blob
    assert first.email != second.email
    await mail.destroy_emails([first.email])
    assert await mail.read_blob(first.blob) == content
    await mail.destroy_emails([second.email])
    with pytest.raises(NoSuchBlob):
        await mail.read_blob(first.blob)
    assert await mail.read_blob((await mail.append(Draft(content, (inbox,)))).blob) == content


async def test_an_upload_outlives_its_email_for_an_hour(mail: AccountMail, clock) -> None:
    inbox = (await mail.mailbox("INBOX")).id
    blob = await mail.save_upload(LARGE)
    await mail.destroy_emails([(await mail.append(Draft(LARGE, (inbox,)))).email])
    clock.time += 3600
    await mail.save_upload(b"another")
    assert await mail.read_blob(blob) == LARGE
    clock.time += 7 * 86400
    await mail.save_upload(b"yet another")
    with pytest.raises(NoSuchBlob):
        await mail.read_blob(blob)


async def test_scripts(mail: AccountMail) -> None:
    await mail.put_script("b", b"keep;")
    await mail.put_script("a", b"stop;")
    await mail.activate_script("b")
    await mail.put_script("b", b"discard;")
    assert [(s.name, s.content, s.active) for s in await mail.scripts()] == [
        ("a", b"stop;", False),
        ("b", b"discard;", True),
    ]
    await mail.activate_script("a")
    assert [s.active for s in await mail.scripts()] == [True, False]
    with pytest.raises(ScriptActive):
        await mail.delete_script("a")
    with pytest.raises(ScriptExists):
        await mail.rename_script("a", "b")
    await mail.rename_script("a", "c")
    assert [(s.name, s.active) for s in await mail.scripts()] == [("b", False), ("c", True)]
    await mail.activate_script("")
    await mail.delete_script("c")
    for wrong in (mail.delete_script("c"), mail.activate_script("c"), mail.rename_script("c", "d")):
        with pytest.raises(NoSuchScript):
            await wrong
    assert [s.name for s in await mail.scripts()] == ["b"]


async def test_scripts_are_bounded(mail: AccountMail) -> None:
    for number in range(64):
        await mail.put_script(str(number), b"keep;")
    with pytest.raises(TooManyScripts):
        await mail.put_script("one more", b"keep;")
    with pytest.raises(TooManyScripts):
        await mail.put_script("1", b"#" * 2_000_000)
    assert len(await mail.scripts()) == 64
