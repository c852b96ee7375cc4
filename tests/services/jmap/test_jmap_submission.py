"""Identity and EmailSubmission (RFC 8621 §6, §7): mail leaves by the submission door and nowhere else."""

from __future__ import annotations

from typing import Any

from jmap_rig import ADA, GRACE, GRACE_PASSWORD, Rig, basic


async def draft(rig: Rig, **more: Any) -> str:
    email = {
        "mailboxIds": {await rig.mailbox("drafts"): True},
        "keywords": {"$draft": True},
        "from": [{"email": ADA}],
        "to": [{"email": GRACE}],
        "bcc": [{"email": ADA}],
        "subject": "Lunch",
        **more,
    }
    result = await rig.one("Email/set", create={"k": email})
    return result["created"]["k"]["id"]


async def identity(rig: Rig) -> str:
    return (await rig.one("Identity/get"))["list"][0]["id"]


async def test_identities_are_the_accounts_addresses(rig: Rig) -> None:
    found = await rig.one("Identity/get")
    assert [item["email"] for item in found["list"]] == [ADA, "countess@example.org"]
    assert found["list"][0]["name"] == "Ada"
    assert (await rig.one("Identity/changes", sinceState=found["state"]))["updated"] == []
    assert await rig.refused("Identity/changes", sinceState="0") == "cannotCalculateChanges"
    known = found["list"][0]["id"]
    result = await rig.one("Identity/set", create={"k": {"email": GRACE}}, update={known: {}}, destroy=["x"])
    assert result["notCreated"]["k"]["type"] == result["notUpdated"][known]["type"] == "forbidden"
    assert result["notDestroyed"]["x"]["type"] == "notFound"


async def test_a_draft_is_sent_and_moved_to_sent(rig: Rig) -> None:
    drafts, sent = await rig.mailbox("drafts"), await rig.mailbox("sent")
    email = await draft(rig)
    answers = await rig.call(
        (
            "EmailSubmission/set",
            {
                "create": {"k1490": {"identityId": await identity(rig), "emailId": email}},
                "onSuccessUpdateEmail": {
                    "#k1490": {f"mailboxIds/{drafts}": None, f"mailboxIds/{sent}": True, "keywords/$draft": None}
                },
            },
        ),
        ("Email/get", {"ids": [email], "properties": ["mailboxIds", "keywords"]}),
    )
    assert [name for name, _, _ in answers] == ["EmailSubmission/set", "Email/set", "Email/get"]
    assert [call for _, _, call in answers] == ["0", "0", "1"]
    made = answers[0][1]["created"]["k1490"]
    assert made["undoStatus"] == "final"
    assert [item["email"] for item in made["envelope"]["rcptTo"]] == [GRACE, ADA]
    assert answers[1][1]["updated"] == {email: None}
    assert answers[2][1]["list"][0] == {"id": email, "mailboxIds": {sent: True}, "keywords": {}}
    assert (await rig.one("EmailSubmission/get", ids=[made["id"]]))["notFound"] == [made["id"]]
    assert (await rig.one("EmailSubmission/query"))["ids"] == []
    auth, account = basic(GRACE, GRACE_PASSWORD), rig.grace.id
    query = {"resultOf": "0", "name": "Email/query", "path": "/ids"}
    answers = await rig.call(
        ("Email/query", {"filter": {"subject": "lunch"}}),
        ("Email/get", {"#ids": query, "properties": ["from", "bcc", "header:Received"]}),
        auth=auth,
        account=account,
    )
    (received,) = answers[1][1]["list"]
    assert (received["from"][0]["email"], received["bcc"]) == (ADA, None)
    assert "mail.example.org" in received["header:Received"]


async def test_the_email_may_be_destroyed_once_it_is_sent(rig: Rig) -> None:
    email = await draft(rig)
    submission = {"identityId": await identity(rig), "emailId": "#new"}
    answers = await rig.call(
        (
            "Email/set",
            {"create": {"new": {"mailboxIds": {await rig.mailbox("drafts"): True}, "from": [{"email": ADA}]}}},
        ),
        (
            "EmailSubmission/set",
            {
                "create": {
                    "a": {**submission, "envelope": {"mailFrom": {"email": ADA}, "rcptTo": [{"email": GRACE}]}},
                    "b": {**submission, "emailId": "E999"},
                },
                "onSuccessDestroyEmail": ["#a", "#b"],
            },
        ),
        ("Email/get", {"ids": [email], "properties": ["id"]}),
    )
    assert list(answers[1][1]["created"]) == ["a"]
    assert answers[1][1]["notCreated"]["b"]["properties"] == ["emailId"]
    assert answers[2][1]["destroyed"] == [answers[0][1]["created"]["new"]["id"]]
    assert answers[3][1]["list"] == [{"id": email}]


async def test_what_is_not_sent(rig: Rig) -> None:
    mine, email = await identity(rig), await draft(rig)
    forged = await draft(rig, **{"from": [{"email": GRACE}]})
    two = await draft(rig, **{"from": [{"email": ADA}, {"email": GRACE}]})
    nobody = await draft(rig, to=None, bcc=None)

    def envelope(sender: str, *recipients: str) -> dict[str, Any]:
        return {"mailFrom": {"email": sender, "parameters": None}, "rcptTo": [{"email": text} for text in recipients]}

    cases: list[tuple[dict[str, Any], str]] = [
        ({"identityId": "x", "emailId": email}, "invalidProperties"),
        ({"identityId": mine, "emailId": "x"}, "invalidProperties"),
        ({"identityId": mine, "emailId": email, "undoStatus": "pending"}, "invalidProperties"),
        ({"identityId": mine, "emailId": email, "envelope": {"mailFrom": {"email": ADA}}}, "invalidProperties"),
        ({"identityId": mine, "emailId": email, "envelope": envelope(GRACE, GRACE)}, "forbiddenMailFrom"),
        ({"identityId": mine, "emailId": email, "envelope": envelope("", GRACE)}, "forbiddenMailFrom"),
        ({"identityId": mine, "emailId": email, "envelope": envelope(ADA)}, "noRecipients"),
        ({"identityId": mine, "emailId": email, "envelope": envelope(ADA, "x@example.com")}, "invalidRecipients"),
        ({"identityId": mine, "emailId": email, "envelope": envelope(ADA, "no@example.org")}, "invalidRecipients"),
        ({"identityId": mine, "emailId": forged}, "forbiddenFrom"),
        ({"identityId": mine, "emailId": two}, "invalidEmail"),
        ({"identityId": mine, "emailId": nobody}, "noRecipients"),
    ]
    for wanted, kind in cases:
        result = await rig.one("EmailSubmission/set", create={"k": wanted}, onSuccessDestroyEmail=["#k"])
        assert result["created"] is None
        assert result["notCreated"]["k"]["type"] == kind, wanted
    result = await rig.one(
        "EmailSubmission/set",
        create={"k": {"identityId": mine, "emailId": email, "envelope": envelope(ADA, GRACE, "x@example.com")}},
        destroy=["S1"],
    )
    assert result["notCreated"]["k"]["invalidRecipients"] == ["x@example.com"]
    assert result["notDestroyed"]["S1"]["type"] == "notFound"
    grace = rig.mailboxes.open(rig.grace)
    assert all(mailbox.messages == 0 for mailbox in await grace.mailboxes())
