"""Email/set (RFC 8621 §4.6): creating, changing, destroying."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jmap_rig import MAX_MESSAGE, Rig, running

from gatepost.model.mail import BlobId
from gatepost.services.jmap.options import JmapOptions

HELLO = (
    b"From: grace@example.org\r\nTo: ada@example.org\r\nSubject: hello\r\nMessage-ID: <1@example.org>\r\n\r\nHello.\r\n"
)


async def octets(rig: Rig, email: dict[str, Any]) -> bytes:
    return await rig.mailboxes.open(rig.ada).read_blob(BlobId(email["blobId"][1:]))


async def create(rig: Rig, **properties: Any) -> dict[str, Any]:
    email = {"mailboxIds": {await rig.mailbox("drafts"): True}, **properties}
    result = await rig.one("Email/set", create={"k": email})
    assert result["created"], result["notCreated"]
    return result["created"]["k"]


async def test_the_draft_of_rfc_8621(rig: Rig) -> None:
    made = await create(
        rig,
        keywords={"$seen": True, "$draft": True},
        **{"from": [{"name": "Joe Bloggs", "email": "joe@example.com"}]},
        subject="World domination",
        receivedAt="2018-07-10T01:03:11Z",
        sentAt="2018-07-10T11:03:11+10:00",
        bodyStructure={"type": "text/plain", "partId": "bd48", "header:Content-Language": "en"},
        bodyValues={"bd48": {"value": "I have the most brilliant plan. What we do is, we", "isTruncated": False}},
    )
    assert set(made) == {"id", "blobId", "threadId", "size"}
    content = await octets(rig, made)
    head, _, body = content.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert b"Date: Tue, 10 Jul 2018 11:03:11 +1000" in lines
    assert b"From: Joe Bloggs <joe@example.com>" in lines
    assert b"Content-Language:en" in lines  # a raw value stands as it was given
    assert b"Content-Type: text/plain; charset=utf-8" in lines
    assert any(line.startswith(b"Message-ID: <") for line in lines)
    assert body == b"I have the most brilliant plan. What we do is, we"
    assert made["size"] == len(content)
    found = (await rig.one("Email/get", ids=[made["id"]]))["list"][0]
    assert found["keywords"] == {"$seen": True, "$draft": True}
    assert found["receivedAt"] == "2018-07-10T01:03:11Z"


async def test_text_html_pictures_and_files_come_out_as_they_went_in(rig: Rig) -> None:
    picture, report = await rig.upload(b"\x89PNG", "image/png"), await rig.upload(b"%PDF" * 100, "application/pdf")
    enclosed = await rig.upload(HELLO)
    text, html = "Gr\u00fc\u00dfe\n.\nFrom here = there   \n" + "x" * 2000, '<p>Gr\u00fc\u00dfe <img src="cid:p@x"></p>'
    made = await create(
        rig,
        subject="Gr\u00fc\u00dfe an alle " * 10,
        to=[
            {"name": "J\u00fcrgen \u201cJ\u201d", "email": "j@example.com"},
            {"name": 'A "B", C', "email": "a@example.com"},
        ],
        textBody=[{"partId": "t", "type": "text/plain"}],
        htmlBody=[{"partId": "h", "type": "text/html"}],
        attachments=[
            {"blobId": picture, "type": "image/png", "disposition": "inline", "cid": "p@x"},
            {"blobId": report, "type": "application/pdf", "name": "Jahresbericht \u20ac 2024 " * 5 + ".pdf"},
            {"blobId": enclosed, "type": "message/rfc822"},
        ],
        bodyValues={"t": {"value": text}, "h": {"value": html}},
    )
    assert all(len(line) <= 998 for line in (await octets(rig, made)).split(b"\r\n"))
    found = (
        await rig.one(
            "Email/get",
            ids=[made["id"]],
            properties=["subject", "to", "bodyStructure", "textBody", "htmlBody", "attachments", "bodyValues"],
            fetchAllBodyValues=True,
        )
    )["list"][0]
    assert found["subject"] == ("Gr\u00fc\u00dfe an alle " * 10).strip()
    assert [item["name"] for item in found["to"]] == ["J\u00fcrgen \u201cJ\u201d", 'A "B", C']
    values = {key: value["value"] for key, value in found["bodyValues"].items()}
    assert values[found["textBody"][0]["partId"]] == text
    assert values[found["htmlBody"][0]["partId"]] == html
    assert not any(value["isEncodingProblem"] for value in found["bodyValues"].values())
    shown, filed, inner = found["attachments"]
    assert (shown["cid"], shown["size"]) == ("p@x", 4)
    assert (filed["name"], filed["size"]) == (("Jahresbericht \u20ac 2024 " * 5 + ".pdf").strip(), 400)
    assert (await rig.ask("GET", f"/jmap/download/{rig.ada.id}/{inner['blobId']}/x")).body == HELLO
    types = [part["type"] for part in found["bodyStructure"]["subParts"]]
    assert types == ["multipart/alternative", "application/pdf", "message/rfc822"]


WRONG: list[tuple[dict[str, Any], set[str]]] = [
    ({"mailboxIds": {}}, {"mailboxIds"}),
    ({"mailboxIds": {"M999": True}}, {"mailboxIds"}),
    ({"mailboxIds": None}, {"mailboxIds"}),
    ({"keywords": {"$seen": False}}, {"keywords"}),
    ({"keywords": {"(": True}}, {"keywords"}),
    ({"keywords": {"\\Deleted": True}}, {"keywords"}),
    ({"receivedAt": "2018-07-10T01:03:11+01:00"}, {"receivedAt"}),
    ({"id": "E1"}, {"id"}),
    ({"headers": []}, {"headers"}),
    ({"nothing": 1}, {"nothing"}),
    ({"subject": "a\r\nBcc: everybody@example.com"}, {"subject"}),
    ({"subject": "a", "header:Subject": " b"}, {"header:Subject"}),
    ({"header:X-Raw": " a\r\nBcc: x"}, {"header:X-Raw"}),
    ({"header:X-Raw": " a\r\n\r\nbody"}, {"header:X-Raw"}),
    ({"header:From:asDate": "2018-07-10T01:03:11Z"}, {"header:From:asDate"}),
    ({"header:Content-Type": " text/html"}, {"header:Content-Type"}),
    ({"from": [{"email": "a@example.org>\r\nX: <b"}]}, {"from"}),
    ({"from": [{"name": "a\nb", "email": "a@example.org"}]}, {"from"}),
    ({"messageId": ["a b"]}, {"messageId"}),
    ({"sentAt": "today"}, {"sentAt"}),
    ({"textBody": [{"partId": "1"}, {"partId": "1"}]}, {"textBody"}),
    ({"textBody": [{"partId": "1", "type": "text/html"}]}, {"textBody"}),
    ({"textBody": [{"partId": "2"}]}, {"textBody"}),
    ({"textBody": [{"partId": "1", "charset": "utf-8"}]}, {"textBody"}),
    ({"textBody": [{"partId": "1", "blobId": "Bdeadbeefdeadbeef"}]}, {"textBody"}),
    ({"textBody": [{"partId": "1", "header:Content-Transfer-Encoding": " 8bit"}]}, {"textBody"}),
    ({"bodyStructure": {"partId": "1"}, "textBody": [{"partId": "1"}]}, {"textBody"}),
    ({"bodyStructure": {"partId": "1", "header:Subject": " x"}, "subject": "y"}, {"bodyStructure"}),
    ({"bodyStructure": {"type": "multipart/mixed", "subParts": []}}, {"bodyStructure"}),
    ({"bodyStructure": {"partId": "1", "type": 'text/plain; x="\r\n"'}}, {"bodyStructure"}),
    ({"bodyStructure": {"partId": "1", "name": "a\r\nb"}}, {"bodyStructure"}),
    ({"bodyStructure": {"partId": "1", "disposition": "x; y"}}, {"bodyStructure"}),
    ({"attachments": ["x"]}, {"attachments"}),
    ({"bodyValues": {"1": {"value": "x", "isTruncated": True}}}, {"bodyValues"}),
]


async def test_what_cannot_be_created_names_what_is_wrong(rig: Rig) -> None:
    drafts = await rig.mailbox("drafts")
    for properties, wrong in WRONG:
        email = {"mailboxIds": {drafts: True}, "bodyValues": {"1": {"value": "x"}}, **properties}
        result = await rig.one("Email/set", create={"k": email})
        assert result["created"] is None, properties
        fault = result["notCreated"]["k"]
        assert (fault["type"], set(fault["properties"])) == ("invalidProperties", wrong), properties
    assert (await rig.one("Email/query"))["ids"] == []


async def test_missing_blobs_and_too_large_messages(rig: Rig) -> None:
    drafts = await rig.mailbox("drafts")
    big, other = await rig.upload(b"x" * MAX_MESSAGE), "Bdeadbeefdeadbeef"
    result = await rig.one(
        "Email/set",
        create={
            "lost": {"mailboxIds": {drafts: True}, "attachments": [{"blobId": other}, {"blobId": "nonsense"}]},
            "big": {"mailboxIds": {drafts: True}, "attachments": [{"blobId": big}]},
        },
    )
    assert result["notCreated"]["lost"] == {"type": "blobNotFound", "notFound": [other, "nonsense"]}
    assert result["notCreated"]["big"] == {"type": "tooLarge", "maxSize": MAX_MESSAGE}


async def test_keywords_and_mailboxes_change_by_patch_or_as_a_whole(rig: Rig) -> None:
    inbox, archive = await rig.mailbox("inbox"), await rig.mailbox("archive")
    email = await rig.keep(HELLO)

    async def update(patch: dict[str, Any]) -> dict[str, Any]:
        result = await rig.one("Email/set", update={email: patch})
        assert result["updated"] == {email: None}, result
        found = await rig.one("Email/get", ids=[email], properties=["mailboxIds", "keywords"])
        return found["list"][0]

    found = await update({"keywords/$seen": True, f"mailboxIds/{archive}": True})
    assert found == {"id": email, "keywords": {"$seen": True}, "mailboxIds": {inbox: True, archive: True}}
    found = await update({f"mailboxIds/{inbox}": None, "keywords/$seen": None, "keywords/Music": True})
    assert found == {"id": email, "keywords": {"music": True}, "mailboxIds": {archive: True}}
    found = await update({"mailboxIds": {inbox: True}, "keywords": None})
    assert found == {"id": email, "keywords": {}, "mailboxIds": {inbox: True}}
    whole = (await rig.one("Email/get", ids=[email], properties=["id", "size", "subject", "from", "keywords"]))["list"][
        0
    ]
    assert (await update({**whole, "keywords": {"a": True}}))["keywords"] == {"a": True}


async def test_updates_that_are_refused(rig: Rig) -> None:
    email = await rig.keep(HELLO)
    patches: list[tuple[dict[str, Any], str]] = [
        ({"subject": "other"}, "invalidProperties"),
        ({"size": 1}, "invalidProperties"),
        ({"nothing": 1}, "invalidProperties"),
        ({"keywords/$seen": False}, "invalidProperties"),
        ({"keywords": {"a b": True}}, "invalidProperties"),
        ({"keywords/\\Deleted": True}, "invalidProperties"),
        ({"keywords/$seen": True, "keywords/$SEEN": None}, "invalidPatch"),
        ({"mailboxIds": {}}, "invalidProperties"),
        ({"mailboxIds": None}, "invalidProperties"),
        ({"mailboxIds/M999": True}, "invalidProperties"),
        ({"mailboxIds/nonsense": True}, "invalidProperties"),
        ({"from/0/name": "x"}, "invalidPatch"),
        ({"keywords": {}, "keywords/x": True}, "invalidPatch"),
        ({"keywords": {str(n): True for n in range(70)}}, "tooManyKeywords"),
    ]
    for patch, kind in patches:
        result = await rig.one("Email/set", update={email: patch})
        assert result["updated"] is None
        assert result["notUpdated"][email]["type"] == kind, patch
    result = await rig.one(
        "Email/set", update={"E999": {"keywords": {}}, email: {"keywords": {}}}, destroy=[email, "E998", "x"]
    )
    assert result["destroyed"] == [email]
    assert {key: value["type"] for key, value in result["notUpdated"].items()} == {
        "E999": "notFound",
        email: "willDestroy",
    }
    assert set(result["notDestroyed"]) == {"E998", "x"}


async def test_state_mismatch_and_too_many_changes_change_nothing(rig: Rig) -> None:
    email = await rig.keep(HELLO)
    assert await rig.refused("Email/set", ifInState="0", destroy=[email]) == "stateMismatch"
    assert await rig.refused("Email/set", destroy=[f"E{n}" for n in range(501)]) == "requestTooLarge"
    assert (await rig.one("Email/get", ids=[email], properties=["id"]))["list"] == [{"id": email}]


async def test_a_mailbox_and_an_email_in_it_in_one_request(rig: Rig) -> None:
    email = {"mailboxIds": {"#box": True}, "subject": "x"}
    answers = await rig.call(
        ("Mailbox/set", {"create": {"box": {"name": "New"}}}),
        ("Email/set", {"create": {"mail": email}}),
        ("Email/set", {"update": {"#mail": {"mailboxIds/#box": True, "keywords/$seen": True}}}),
        ("Email/query", {"filter": {"inMailbox": "#box"}}),
    )
    made = answers[1][1]["created"]["mail"]["id"]
    assert answers[2][1]["updated"] == {made: None}
    assert answers[3][1]["ids"] == [made]


async def test_over_quota(tmp_path: Path) -> None:
    async with running(tmp_path, JmapOptions(), quota=6000) as rig:
        drafts = await rig.mailbox("drafts")
        email = {
            "mailboxIds": {drafts: True},
            "bodyValues": {"1": {"value": "x\n" * 1000}},
            "textBody": [{"partId": "1"}],
        }
        result = await rig.one("Email/set", create={"a": email, "b": email})
        assert list(result["created"]) == ["a"]
        assert result["notCreated"]["b"]["type"] == "overQuota"
        quota = (await rig.one("Quota/get"))["list"][0]
        assert (quota["hardLimit"], quota["used"], quota["types"]) == (6000, result["created"]["a"]["size"], ["Email"])
        state = (await rig.one("Quota/get"))["state"]
        await rig.one("Email/set", destroy=[result["created"]["a"]["id"]])
        changes = await rig.one("Quota/changes", sinceState=state)
        assert (changes["updated"], changes["updatedProperties"]) == ([quota["id"]], ["used"])
        assert (await rig.one("Quota/query", filter={"type": "Email"}))["ids"] == [quota["id"]]
        assert await rig.refused("Quota/changes", sinceState="x") == "cannotCalculateChanges"
