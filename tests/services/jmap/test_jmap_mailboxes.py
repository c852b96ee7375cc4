"""Mailbox/get, /changes, /query, /set (RFC 8621 §2)."""

from __future__ import annotations

from typing import Any

from jmap_rig import Rig

from gatepost.model.flags import make_flags
from gatepost.model.uidset import ALL_UIDS

HELLO = (
    b"From: grace@example.org\r\nTo: ada@example.org\r\nSubject: hello\r\nMessage-ID: <1@example.org>\r\n\r\nHello.\r\n"
)


async def test_a_new_account_has_the_usual_mailboxes(rig: Rig) -> None:
    found = await rig.one("Mailbox/get")
    inbox = next(item for item in found["list"] if item["role"] == "inbox")
    assert {item["role"] for item in found["list"]} >= {"inbox", "drafts", "sent", "trash", "junk", "archive"}
    assert inbox["myRights"]["mayDelete"] is False
    assert inbox["myRights"]["mayAddItems"] is True
    assert (inbox["totalEmails"], inbox["unreadThreads"], inbox["parentId"]) == (0, 0, None)
    some = await rig.one("Mailbox/get", ids=[inbox["id"], "M999", "nonsense", inbox["id"]], properties=["name"])
    assert some["list"] == [{"id": inbox["id"], "name": inbox["name"]}]
    assert some["notFound"] == ["M999", "nonsense"]
    assert await rig.refused("Mailbox/get", properties=["nothing"]) == "invalidArguments"


async def test_counts_know_seen_draft_and_deleted(rig: Rig) -> None:
    inbox = await rig.mailbox("inbox")
    await rig.keep(HELLO)
    await rig.keep(HELLO.replace(b"hello", b"other").replace(b"<1@", b"<2@"), keywords={"$seen": True})
    await rig.keep(HELLO.replace(b"hello", b"third").replace(b"<1@", b"<3@"), keywords={"$draft": True})
    deleted = await rig.keep(HELLO.replace(b"hello", b"gone").replace(b"<1@", b"<4@"))
    mail = rig.mailboxes.open(rig.ada)
    gone = (await mail.placed([int(deleted[1:])]))[0].placements[0]  # type: ignore[list-item]
    await mail.set_flags(gone.mailbox, type(ALL_UIDS).of([gone.uid]), "add", make_flags(["\\Deleted"]))
    counts = ["totalEmails", "unreadEmails", "totalThreads", "unreadThreads"]
    found = (await rig.one("Mailbox/get", ids=[inbox], properties=counts))["list"][0]
    assert found == {"id": inbox, "totalEmails": 3, "unreadEmails": 1, "totalThreads": 3, "unreadThreads": 1}
    assert (await rig.one("Email/get", ids=[deleted]))["notFound"] == [deleted]
    assert deleted not in (await rig.one("Email/query", filter={"inMailbox": inbox}))["ids"]


async def test_changes_say_when_only_counts_changed(rig: Rig) -> None:
    state = (await rig.one("Mailbox/get"))["state"]
    await rig.keep(HELLO)
    found = await rig.one("Mailbox/changes", sinceState=state)
    assert found["updated"] == [await rig.mailbox("inbox")]
    assert set(found["updatedProperties"]) == {"totalEmails", "unreadEmails", "totalThreads", "unreadThreads"}
    reference = {"resultOf": "0", "name": "Mailbox/changes"}
    answers = await rig.call(
        ("Mailbox/changes", {"sinceState": state}),
        (
            "Mailbox/get",
            {
                "#ids": {**reference, "path": "/updated"},
                "#properties": {**reference, "path": "/updatedProperties"},
            },
        ),
    )
    assert answers[1][1]["list"][0]["totalEmails"] == 1
    assert "name" not in answers[1][1]["list"][0]
    assert await rig.refused("Mailbox/changes", sinceState="nonsense") == "cannotCalculateChanges"
    assert await rig.refused("Mailbox/changes", sinceState="999999") == "cannotCalculateChanges"
    assert await rig.refused("Mailbox/changes", sinceState=state, maxChanges=0) == "invalidArguments"


async def made(rig: Rig, **properties: Any) -> str:
    result = await rig.one("Mailbox/set", create={"k": properties})
    assert result["created"], result["notCreated"]
    return result["created"]["k"]["id"]


async def test_mailboxes_are_created_renamed_moved_and_destroyed(rig: Rig) -> None:
    before = (await rig.one("Mailbox/get"))["state"]
    result = await rig.one(
        "Mailbox/set",
        ifInState=before,
        create={
            "child": {"name": "World", "parentId": "#top", "sortOrder": 7},
            "top": {"name": "Plans", "isSubscribed": False},
        },
    )
    assert result["oldState"] == before != result["newState"]
    child, top = result["created"]["child"], result["created"]["top"]
    assert child["isSubscribed"] is True
    assert "name" not in child
    found = (await rig.one("Mailbox/get", ids=[child["id"]]))["list"][0]
    assert (found["name"], found["parentId"], found["sortOrder"]) == ("World", top["id"], 7)
    result = await rig.one(
        "Mailbox/set",
        update={child["id"]: {"name": "Domination", "parentId": None, "id": child["id"], "totalEmails": 0}},
    )
    assert result["updated"] == {child["id"]: None}
    found = (await rig.one("Mailbox/get", ids=[child["id"]]))["list"][0]
    assert (found["name"], found["parentId"]) == ("Domination", None)
    result = await rig.one("Mailbox/set", destroy=[child["id"], top["id"], "M999", await rig.mailbox("inbox")])
    assert set(result["destroyed"]) == {child["id"], top["id"]}
    assert {item["type"] for item in result["notDestroyed"].values()} == {"notFound", "forbidden"}
    assert await rig.refused("Mailbox/set", ifInState=before, destroy=[]) == "stateMismatch"


IMPOSSIBLE: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["name"]),
    ({"name": ""}, ["name"]),
    ({"name": "a/b"}, ["name"]),
    ({"name": "a\nb"}, ["name"]),
    ({"name": "x" * 300}, ["name"]),
    ({"name": "x", "parentId": "M999"}, ["parentId"]),
    ({"name": "x", "role": "inbox"}, ["role"]),
    ({"name": "x", "role": "emperor"}, ["role"]),
    ({"name": "x", "sortOrder": -1, "isSubscribed": 1}, ["isSubscribed", "sortOrder"]),
    ({"name": "x", "totalEmails": 1}, ["totalEmails"]),
    ({"name": "Drafts"}, ["name"]),
]


async def test_what_a_mailbox_cannot_be(rig: Rig) -> None:
    for properties, wrong in IMPOSSIBLE:
        result = await rig.one("Mailbox/set", create={"k": properties})
        assert result["created"] is None
        assert result["notCreated"]["k"]["type"] == "invalidProperties"
        assert result["notCreated"]["k"]["properties"] == wrong


async def test_a_mailbox_with_children_or_mail_is_not_destroyed_by_accident(rig: Rig) -> None:
    top = await made(rig, name="Top")
    child = await made(rig, name="Child", parentId=top)
    email = await rig.keep(HELLO)
    await rig.one("Email/set", update={email: {"mailboxIds": {child: True}}})
    result = await rig.one("Mailbox/set", destroy=[top])
    assert result["notDestroyed"][top]["type"] == "mailboxHasChild"
    result = await rig.one("Mailbox/set", destroy=[child])
    assert result["notDestroyed"][child]["type"] == "mailboxHasEmail"
    result = await rig.one("Mailbox/set", destroy=[top, child], onDestroyRemoveEmails=True)
    assert set(result["destroyed"]) == {top, child}
    assert (await rig.one("Email/get", ids=[email]))["notFound"] == [email]


async def test_updates_that_are_refused(rig: Rig) -> None:
    inbox, plans = await rig.mailbox("inbox"), await made(rig, name="Plans")
    result = await rig.one(
        "Mailbox/set",
        update={
            inbox: {"name": "Post"},
            plans: {"myRights/mayDelete": False},
            "M999": {"name": "x"},
            "x": {"name": "x"},
        },
    )
    assert result["updated"] is None
    kinds = {key: value["type"] for key, value in result["notUpdated"].items()}
    assert kinds == {inbox: "forbidden", plans: "invalidProperties", "M999": "notFound", "x": "notFound"}


async def test_queries_filter_sort_and_keep_the_tree(rig: Rig) -> None:
    top = await made(rig, name="aTop", sortOrder=5)
    child = await made(rig, name="zChild", parentId=top)
    query = {"filter": {"operator": "NOT", "conditions": [{"hasAnyRole": True}]}}
    found = await rig.one(
        "Mailbox/query", **query, sort=[{"property": "name", "isAscending": False}], calculateTotal=True
    )
    assert (found["ids"], found["total"]) == ([child, top], 2)
    tree = await rig.one("Mailbox/query", **query, sort=[{"property": "name", "isAscending": False}], sortAsTree=True)
    assert tree["ids"] == [top, child]
    assert (await rig.one("Mailbox/query", filter={"name": "zCHI"}))["ids"] == [child]
    assert (await rig.one("Mailbox/query", filter={"name": "zCHI"}, filterAsTree=True))["ids"] == []
    assert (await rig.one("Mailbox/query", filter={"parentId": top}))["ids"] == [child]
    assert (await rig.one("Mailbox/query", filter={"parentId": "M999"}))["ids"] == []
    assert await rig.refused("Mailbox/query", filter={"shape": "round"}) == "unsupportedFilter"
    assert await rig.refused("Mailbox/query", filter={"name": 1}) == "invalidArguments"
    assert await rig.refused("Mailbox/query", sort=[{"property": "id"}]) == "unsupportedSort"
    state = tree["queryState"]
    changes = await rig.one("Mailbox/queryChanges", **query, sinceQueryState=state)
    assert (changes["removed"], changes["added"]) == ([], [])
    await made(rig, name="more")
    assert await rig.refused("Mailbox/queryChanges", **query, sinceQueryState=state) == "cannotCalculateChanges"
