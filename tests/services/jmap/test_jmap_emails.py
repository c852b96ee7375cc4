"""Email/get, /query, /changes, /queryChanges, /import, /parse, Thread/*, snippets (RFC 8621 §3-§5)."""

from __future__ import annotations

from typing import Any

from jmap_rig import GRACE, GRACE_PASSWORD, MAX_MESSAGE, Rig, basic

from gatepost.model.flags import DELETED, make_flags
from gatepost.model.mail import EmailId
from gatepost.model.uidset import UidSet

LUNCH = b"""From: Grace <grace@example.org>\r
To: Ada <ada@example.org>\r
Cc: charles@example.com\r
Subject: Lunch on Thursday?\r
Message-ID: <lunch@example.org>\r
Date: Tue, 10 Jul 2018 11:03:11 +1000\r
Received: from a by b; Tue, 10 Jul 2018 01:03:12 +0000\r
\r
Shall we meet at the <engine> house & eat?\r
"""
REPLY = b"""From: Ada <ada@example.org>\r
To: Grace <grace@example.org>\r
Subject: Re: Lunch on Thursday?\r
Message-ID: <reply@example.org>\r
In-Reply-To: <lunch@example.org>\r
References: <lunch@example.org>\r
Date: Tue, 10 Jul 2018 12:03:11 +1000\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary=b\r
\r
--b\r
\r
Yes.\r
--b\r
Content-Type: message/rfc822\r
\r
From: charles@example.com\r
Subject: enclosed\r
MIME-Version: 1.0\r
Content-Type: application/octet-stream; name=plan.bin\r
Content-Transfer-Encoding: base64\r
\r
AAECAw==\r
--b--\r
"""


async def both(rig: Rig) -> tuple[str, str]:
    return await rig.keep(LUNCH), await rig.keep(REPLY, keywords={"$seen": True})


async def test_defaults_of_email_get(rig: Rig) -> None:
    lunch, _ = await both(rig)
    found = await rig.one("Email/get", ids=[lunch, "E999", lunch], fetchTextBodyValues=True)
    assert found["notFound"] == ["E999"]
    (email,) = found["list"]
    assert email["from"] == [{"name": "Grace", "email": "grace@example.org"}]
    assert email["mailboxIds"] == {await rig.mailbox("inbox"): True}
    assert (email["keywords"], email["size"]) == ({}, len(LUNCH))
    assert (email["receivedAt"], email["sentAt"]) == ("2018-07-10T01:03:12Z", "2018-07-10T01:03:11Z")
    assert email["messageId"] == ["lunch@example.org"]
    assert (email["bcc"], email["inReplyTo"], email["hasAttachment"]) == (None, None, False)
    assert email["bodyValues"]["1"]["value"] == "Shall we meet at the <engine> house & eat?\n"
    assert email["textBody"] == email["htmlBody"]
    assert email["preview"].startswith("Shall we meet")
    assert await rig.refused("Email/get", ids=[lunch], properties=["header:From:asDate"]) == "invalidArguments"


async def test_too_many_ids_are_refused(rig: Rig) -> None:
    assert await rig.refused("Email/get", ids=[f"E{n}" for n in range(1, 502)]) == "requestTooLarge"
    assert (await rig.one("Email/get", ids=None, properties=["id"]))["list"] == []


async def test_the_example_of_rfc_8620_in_one_request(rig: Rig) -> None:
    """RFC 8620 §3.7: the threads of the inbox, newest first, and all their emails, by references."""
    lunch, reply = await both(rig)
    answers = await rig.call(
        (
            "Email/query",
            {
                "filter": {"inMailbox": await rig.mailbox("inbox")},
                "sort": [{"property": "receivedAt", "isAscending": False}],
                "collapseThreads": True,
                "position": 0,
                "limit": 10,
                "calculateTotal": True,
            },
        ),
        ("Email/get", {"#ids": {"resultOf": "0", "name": "Email/query", "path": "/ids"}, "properties": ["threadId"]}),
        ("Thread/get", {"#ids": {"resultOf": "1", "name": "Email/get", "path": "/list/*/threadId"}}),
        (
            "Email/get",
            {
                "#ids": {"resultOf": "2", "name": "Thread/get", "path": "/list/*/emailIds"},
                "properties": ["from", "receivedAt", "subject"],
            },
        ),
    )
    assert answers[0][1]["total"] == 1
    assert answers[2][1]["list"][0]["emailIds"] == [lunch, reply]
    assert {item["subject"] for item in answers[3][1]["list"]} == {"Lunch on Thursday?", "Re: Lunch on Thursday?"}


FILTERS: list[tuple[Any, set[str]]] = [
    (None, {"lunch", "reply"}),
    ({}, {"lunch", "reply"}),
    ({"subject": "lunch"}, {"lunch", "reply"}),
    ({"from": "grace"}, {"lunch"}),
    ({"cc": "charles"}, {"lunch"}),
    ({"text": "engine house"}, {"lunch"}),
    ({"text": '"engine house"'}, set()),
    ({"text": "'<engine> house'"}, {"lunch"}),
    ({"body": "engine"}, {"lunch"}),
    ({"hasKeyword": "$seen"}, {"reply"}),
    ({"notKeyword": "$Seen"}, {"lunch"}),
    ({"someInThreadHaveKeyword": "$seen"}, {"lunch", "reply"}),
    ({"allInThreadHaveKeyword": "$seen"}, set()),
    ({"noneInThreadHaveKeyword": "$seen"}, set()),
    ({"hasAttachment": True}, {"reply"}),
    ({"header": ["In-Reply-To"]}, {"reply"}),
    ({"header": ["Subject", "Re:"]}, {"reply"}),
    ({"before": "2018-07-10T01:03:12Z"}, set()),
    ({"after": "2018-07-10T01:03:12Z", "before": "2018-07-10T01:03:13Z"}, {"lunch"}),
    ({"maxSize": len(LUNCH)}, set()),
    ({"minSize": len(LUNCH)}, {"lunch", "reply"}),
    ({"minSize": len(LUNCH) + 1}, {"reply"}),
    ({"inMailbox": "M999"}, set()),
    ({"inMailboxOtherThan": ["M999"]}, {"lunch", "reply"}),
    ({"operator": "NOT", "conditions": [{"from": "grace"}, {"from": "charles"}]}, {"reply"}),
    ({"operator": "OR", "conditions": [{"from": "grace"}, {"hasKeyword": "$seen"}]}, {"lunch", "reply"}),
    ({"operator": "AND", "conditions": []}, {"lunch", "reply"}),
]


async def test_filters(rig: Rig) -> None:
    lunch, reply = await both(rig)
    names = {lunch: "lunch", reply: "reply"}
    for condition, expected in FILTERS:
        found = await rig.one("Email/query", filter=condition)
        assert {names[text] for text in found["ids"]} == expected, condition


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"filter": {"shape": "round"}}, "unsupportedFilter"),
    ({"filter": {"before": "yesterday"}}, "invalidArguments"),
    ({"filter": {"minSize": -1}}, "invalidArguments"),
    ({"filter": {"operator": "XOR", "conditions": []}}, "invalidArguments"),
    ({"filter": {"hasKeyword": "a b"}}, "invalidArguments"),
    ({"filter": {"hasKeyword": "\\Deleted"}}, "invalidArguments"),
    ({"sort": [{"property": "color"}]}, "unsupportedSort"),
    ({"sort": [{"property": "subject", "collation": "i;klingon"}]}, "unsupportedSort"),
    ({"sort": [{"property": "hasKeyword"}]}, "invalidArguments"),
    ({"limit": -1}, "invalidArguments"),
    ({"anchor": "E999"}, "anchorNotFound"),
]


async def test_queries_that_are_refused(rig: Rig) -> None:
    for arguments, kind in REFUSED:
        assert await rig.refused("Email/query", **arguments) == kind, arguments


async def test_a_filter_nested_too_deep_is_unsupported(rig: Rig) -> None:
    condition: dict[str, Any] = {}
    for _ in range(40):
        condition = {"operator": "AND", "conditions": [condition]}
    assert await rig.refused("Email/query", filter=condition) == "unsupportedFilter"


async def test_pages_by_position_and_anchor(rig: Rig) -> None:
    emails = [
        await rig.keep(LUNCH.replace(b"<lunch@", f"<{n}@".encode()), receivedAt=f"2020-01-0{n}T00:00:00Z")
        for n in range(1, 6)
    ]
    sort = [{"property": "receivedAt", "isAscending": True}]

    async def page(**more: Any) -> tuple[int, list[int]]:
        found = await rig.one("Email/query", sort=sort, **more)
        return found["position"], [emails.index(text) for text in found["ids"]]

    assert await page(position=1, limit=2) == (1, [1, 2])
    assert await page(position=-2) == (3, [3, 4])
    assert await page(position=-99, limit=1) == (0, [0])
    assert await page(position=9) == (9, [])
    assert await page(limit=0) == (0, [])
    assert await page(anchor=emails[2], limit=2, position=4) == (2, [2, 3])
    assert await page(anchor=emails[2], anchorOffset=-1) == (1, [1, 2, 3, 4])
    assert await page(anchor=emails[0], anchorOffset=-5, limit=1) == (0, [0])
    found = await rig.one(
        "Email/query", sort=[{"property": "subject"}, {"property": "receivedAt", "isAscending": False}]
    )
    assert found["ids"] == emails[::-1]


async def test_query_changes_take_out_and_put_in(rig: Rig) -> None:
    lunch, reply = await both(rig)
    asked = {"filter": {"notKeyword": "$seen"}, "sort": [{"property": "receivedAt", "isAscending": False}]}
    before = await rig.one("Email/query", **asked)
    assert (before["ids"], before["canCalculateChanges"]) == ([lunch], True)
    third = await rig.keep(LUNCH.replace(b"<lunch@", b"<third@"), receivedAt="2022-01-01T00:00:00Z")
    await rig.one("Email/set", update={lunch: {"keywords/$seen": True}, reply: {"keywords/$seen": None}})
    found = await rig.one("Email/queryChanges", **asked, sinceQueryState=before["queryState"], calculateTotal=True)
    cached = [text for text in before["ids"] if text not in found["removed"]]
    for item in found["added"]:
        cached.insert(item["index"], item["id"])
    after = await rig.one("Email/query", **asked)
    assert cached == after["ids"]
    assert (set(after["ids"]), found["total"], found["newQueryState"]) == ({third, reply}, 2, after["queryState"])
    state = before["queryState"]
    assert await rig.refused("Email/queryChanges", **asked, sinceQueryState=state, maxChanges=1) == "tooManyChanges"
    assert (
        await rig.refused("Email/queryChanges", **asked, sinceQueryState=state, collapseThreads=True)
        == "cannotCalculateChanges"
    )


async def test_email_and_thread_changes(rig: Rig) -> None:
    state = (await rig.one("Email/get", ids=[]))["state"]
    threads = (await rig.one("Thread/get", ids=[]))["state"]
    lunch, reply = await both(rig)
    found = await rig.one("Email/changes", sinceState=state)
    assert (found["created"], found["updated"], found["hasMoreChanges"]) == ([lunch, reply], [], False)
    assert len((await rig.one("Thread/changes", sinceState=threads))["created"]) == 1
    state = found["newState"]
    await rig.one("Email/set", update={lunch: {"keywords/music": True}}, destroy=[reply])
    found = await rig.one("Email/changes", sinceState=state)
    assert (found["created"], found["updated"], found["destroyed"]) == ([], [lunch], [reply])
    assert await rig.refused("Email/changes", sinceState="99999") == "cannotCalculateChanges"


async def test_imports(rig: Rig) -> None:
    inbox, blob = await rig.mailbox("inbox"), await rig.upload(LUNCH.replace(b"\r\n", b"\n"))
    emails = {
        "good": {"blobId": blob, "mailboxIds": {inbox: True}, "keywords": {"$Flagged": True}},
        "nowhere": {"blobId": blob, "mailboxIds": {}},
        "noblob": {"blobId": "Bdeadbeefdeadbeef", "mailboxIds": {inbox: True}},
        "keyword": {"blobId": blob, "mailboxIds": {inbox: True}, "keywords": {"a b": True}},
        "date": {"blobId": blob, "mailboxIds": {inbox: True}, "receivedAt": "soon"},
        "nomail": {"blobId": await rig.upload(b"just text"), "mailboxIds": {inbox: True}},
        "big": {"blobId": await rig.upload(LUNCH + b"x" * MAX_MESSAGE), "mailboxIds": {inbox: True}},
        "gone": {"blobId": blob, "mailboxIds": {"M999": True}},
    }
    result = await rig.one("Email/import", emails=emails)
    assert list(result["created"]) == ["good"]
    assert result["created"]["good"]["size"] == len(LUNCH)
    assert {key: value["type"] for key, value in result["notCreated"].items()} == {
        "nowhere": "invalidProperties",
        "noblob": "invalidProperties",
        "keyword": "invalidProperties",
        "date": "invalidProperties",
        "nomail": "invalidEmail",
        "big": "tooLarge",
        "gone": "invalidProperties",
    }
    email = (await rig.one("Email/get", ids=[result["created"]["good"]["id"]], properties=["keywords"]))["list"][0]
    assert email["keywords"] == {"$flagged": True}
    assert await rig.refused("Email/import", emails={}, ifInState="0-0") == "stateMismatch"


async def test_an_enclosed_message_is_parsed_and_its_part_downloaded(rig: Rig) -> None:
    _, reply = await both(rig)
    found = (await rig.one("Email/get", ids=[reply], properties=["attachments"]))["list"][0]
    (enclosed,) = found["attachments"]
    assert enclosed["type"] == "message/rfc822"
    wanted = ["id", "blobId", "size", "subject", "attachments"]
    result = await rig.one("Email/parse", blobIds=[enclosed["blobId"], "Bdeadbeefdeadbeef"], properties=wanted)
    assert result["notFound"] == ["Bdeadbeefdeadbeef"]
    parsed = result["parsed"][enclosed["blobId"]]
    assert (parsed["id"], parsed["subject"], parsed["size"]) == (None, "enclosed", enclosed["size"])
    (plan,) = parsed["attachments"]
    assert (plan["name"], plan["size"]) == ("plan.bin", 4)
    target = f"/jmap/download/{rig.ada.id}/{plan['blobId']}/plan%20%22b%22.bin?accept=application/octet-stream"
    answer = await rig.ask("GET", target)
    assert answer.body == bytes([0, 1, 2, 3])
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"plan _b_.bin\"; filename*=UTF-8''plan%20%22b%22.bin"
    )
    blob = await rig.upload(b"no header here")
    assert (await rig.one("Email/parse", blobIds=[blob]))["notParsable"] == [blob]


async def test_what_imap_marked_deleted_is_gone_and_comes_back(rig: Rig) -> None:
    """RFC 8621 §4.1.1. One place of two is marked, then both, then none."""
    lunch, reply = await both(rig)
    inbox, archive = await rig.mailbox("inbox"), await rig.mailbox("archive")
    await rig.one("Email/set", update={lunch: {f"mailboxIds/{archive}": True}})
    mail = rig.mailboxes.open(rig.ada)
    (placed,) = await mail.placed([EmailId(int(lunch[1:]))])
    deleted = make_flags([DELETED])

    async def shown() -> tuple[list[str], list[str]]:
        query = await rig.one("Email/query", sort=[{"property": "receivedAt"}])
        found = await rig.one("Email/get", ids=[lunch], properties=["mailboxIds"])
        return query["ids"], [key for item in found["list"] for key in item["mailboxIds"]]

    here, there = sorted(placed.placements, key=lambda place: f"M{place.mailbox}" != inbox)
    await mail.set_flags(here.mailbox, UidSet.of([here.uid]), "add", deleted)
    assert await shown() == ([lunch, reply], [archive])
    state = (await rig.one("Email/get", ids=[]))["state"]
    await mail.set_flags(there.mailbox, UidSet.of([there.uid]), "add", deleted)
    assert await shown() == ([reply], [])
    found = await rig.one("Email/changes", sinceState=state)
    assert (found["updated"], found["destroyed"]) == ([], [lunch])
    assert (await rig.one("Email/set", destroy=[lunch]))["notDestroyed"][lunch]["type"] == "notFound"
    assert (await rig.one("Email/set", update={lunch: {"keywords": {}}}))["notUpdated"][lunch]["type"] == "notFound"
    threads = await rig.one("Email/get", ids=[reply], properties=["threadId"])
    thread = await rig.one("Thread/get", ids=[threads["list"][0]["threadId"]])
    assert thread["list"][0]["emailIds"] == [reply]
    for place in (here, there):
        await mail.set_flags(place.mailbox, UidSet.of([place.uid]), "remove", deleted)
    assert set((await shown())[1]) == {inbox, archive}


async def test_snippets_mark_what_was_found(rig: Rig) -> None:
    lunch, reply = await both(rig)
    result = await rig.one("SearchSnippet/get", filter={"text": "engine"}, emailIds=[lunch, reply, "E999"])
    found = {item["emailId"]: item for item in result["list"]}
    assert found[lunch]["preview"] == "Shall we meet at the &lt;<mark>engine</mark>&gt; house &amp; eat? "
    assert (found[lunch]["subject"], found[reply]["preview"]) == (None, None)
    assert result["notFound"] == ["E999"]
    result = await rig.one("SearchSnippet/get", filter={"subject": "LUNCH"}, emailIds=[lunch])
    assert result["list"][0]["subject"] == "<mark>Lunch</mark> on Thursday?"
    assert result["notFound"] is None


async def test_copying_needs_two_accounts(rig: Rig) -> None:
    assert await rig.refused("Email/copy", fromAccountId=rig.ada.id, create={}) == "invalidArguments"
    assert await rig.refused("Email/copy", fromAccountId="other", create={}) == "fromAccountNotFound"
    assert await rig.refused("Blob/copy", fromAccountId="other", blobIds=[]) == "fromAccountNotFound"


async def test_one_account_does_not_see_anothers_mail(rig: Rig) -> None:
    lunch, _ = await both(rig)
    auth = basic(GRACE, GRACE_PASSWORD)
    ((name, result, _),) = await rig.call(("Email/get", {"ids": [lunch]}), auth=auth)
    assert (name, result["type"]) == ("error", "accountNotFound")
    ((_, result, _),) = await rig.call(("Email/get", {"ids": [lunch]}), auth=auth, account=rig.grace.id)
    assert result["notFound"] == [lunch]
    blob = (await rig.one("Email/get", ids=[lunch], properties=["blobId"]))["list"][0]["blobId"]
    for owner in (rig.ada.id, rig.grace.id):
        assert (await rig.ask("GET", f"/jmap/download/{owner}/{blob}/x", auth=auth)).status == 404
