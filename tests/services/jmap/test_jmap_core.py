"""The session, the sign-in before every request, and requests as a whole (RFC 8620 §2, §3)."""

from __future__ import annotations

from pathlib import Path

import pytest
from jmap_rig import ADA, USING, Rig, basic, connection, running

from gatepost.model.events import Abuse, Banned, SignedIn, SignInFailed
from gatepost.model.units import Size
from gatepost.services.jmap.options import JmapOptions


async def test_the_well_known_address_leads_to_the_session(rig: Rig) -> None:
    answer = await rig.ask("GET", "/.well-known/jmap", auth=None)
    assert (answer.status, answer.headers["location"]) == (307, "/jmap/session")
    session = (await rig.ask("GET", "/jmap/session")).json
    assert session["username"] == ADA
    assert session["apiUrl"] == "https://mail.example.org/jmap/api"
    assert set(session["capabilities"]) == set(USING)
    core = session["capabilities"]["urn:ietf:params:jmap:core"]
    assert core["maxObjectsInGet"] >= 500
    account = session["accounts"][rig.ada.id]
    assert account["accountCapabilities"]["urn:ietf:params:jmap:submission"]["maxDelayedSend"] == 0
    assert "urn:ietf:params:jmap:core" not in session["primaryAccounts"]
    answer = await rig.post({"using": [], "methodCalls": []})
    assert answer.json == {"methodResponses": [], "sessionState": session["state"]}


@pytest.mark.parametrize(
    "target", ["/jmap/session", "/jmap/eventsource?types=*&closeafter=no&ping=0", "/jmap/download/a/b/c"]
)
@pytest.mark.parametrize(
    "auth",
    [None, basic(password="wrong"), "Basic !", "Basic YWRh", "Bearer nothing", "Bearer", "nonsense", "Digest a=b"],
)
async def test_nothing_is_told_without_the_right_password(rig: Rig, target: str, auth: str | None) -> None:
    answer = await rig.ask("GET", target, auth=auth)
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["detail"] == "Authentication failed."
    assert sum(isinstance(event, SignInFailed) for event in rig.events) == (auth is not None)


async def test_every_request_signs_in(rig: Rig) -> None:
    for _ in range(3):
        assert (await rig.ask("GET", "/jmap/session")).status == 200
    assert sum(isinstance(event, SignedIn) for event in rig.events) >= 1
    assert (await rig.ask("GET", "/jmap/session", auth=basic(password="no"))).status == 401


async def test_wrong_passwords_from_one_address_end_in_a_closed_connection(rig: Rig) -> None:
    for n in range(60):
        await rig.ask("GET", "/jmap/session", auth=basic(password=f"guess-{n}"))
        if rig.aborted:
            break
    assert rig.aborted == ["banned"]
    assert any(isinstance(event, Banned) for event in rig.events)


async def test_an_account_under_attack_tells_strangers_to_come_later(rig: Rig) -> None:
    for n in range(100):
        who = connection(f"203.0.{n}.7")
        answer = await rig.ask("GET", "/jmap/session", auth=basic(password=f"guess-{n}"), who=who)
        if answer.status != 401:
            break
    answer = await rig.ask(
        "GET", "/jmap/session", who=connection("198.18.0.7")
    )  # the right password, from nowhere known
    assert answer.status == 429
    assert int(answer.headers["retry-after"]) >= 1
    assert rig.aborted == []


async def test_an_app_password_is_a_bearer_token(rig: Rig) -> None:
    secret = rig.app_passwords.generate()
    digest = rig.app_passwords.digest(secret)
    assert digest is not None
    await rig.directory.add_app_password(rig.ada.id, "phone", digest, rig.clock.now())
    token = secret.reveal().decode()
    assert (await rig.ask("GET", "/jmap/session", auth=f"Bearer {token}")).status == 200
    assert (await rig.ask("GET", "/jmap/session", auth=basic(password=token))).status == 200


async def test_credentials_are_not_taken_in_the_clear(rig: Rig) -> None:
    answer = await rig.ask("GET", "/jmap/session", who=connection(tls=None))
    assert answer.status == 403
    assert "TLS" in answer.json["detail"]
    assert rig.events == []


async def test_echo(rig: Rig) -> None:
    answer = await rig.post({"using": USING, "methodCalls": [["Core/echo", {"hello": True, "high": 5}, "b3ff"]]})
    assert answer.json["methodResponses"] == [["Core/echo", {"hello": True, "high": 5}, "b3ff"]]


async def test_each_call_fails_by_itself(rig: Rig) -> None:
    calls = [
        ["Foo/get", {}, "0"],
        ["Mailbox/get", {"accountId": "nobody"}, "1"],
        ["Mailbox/get", {}, "2"],
        ["Mailbox/get", {"accountId": rig.ada.id, "ids": "x"}, "3"],
        ["Mailbox/get", {"accountId": rig.ada.id, "more": 1}, "4"],
        ["Mailbox/get", {"accountId": rig.ada.id, "#ids": {"resultOf": "9", "name": "x", "path": ""}}, "5"],
        ["Core/echo", {}, "6"],
    ]
    answer = await rig.post({"using": USING, "methodCalls": calls})
    kinds = [result.get("type", name) for name, result, _ in answer.json["methodResponses"]]
    assert kinds == [
        "unknownMethod", "accountNotFound", "invalidArguments", "invalidArguments", "invalidArguments",
        "invalidResultReference", "Core/echo",
    ]  # fmt: skip
    assert "$.ids" in answer.json["methodResponses"][3][1]["description"]


async def test_a_method_needs_its_capability(rig: Rig) -> None:
    answer = await rig.post({"using": USING[:1], "methodCalls": [["Mailbox/get", {"accountId": rig.ada.id}, "0"]]})
    assert answer.json["methodResponses"][0][1] == {"type": "unknownMethod"}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", "notJSON"),
        (b"[]", "notRequest"),
        (b'{"using": ["x"], "methodCalls": []}', "unknownCapability"),
        (b'{"using": [], "methodCalls": [' + b",".join([b'["a", {}, "0"]'] * 40) + b"]}", "limit"),
    ],
)
async def test_problems_with_the_request_as_a_whole(rig: Rig, body: bytes, kind: str) -> None:
    answer = await rig.post(body)
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["type"] == f"urn:ietf:params:jmap:error:{kind}"
    assert answer.json.get("limit") == ("maxCallsInRequest" if kind == "limit" else None)


async def test_another_content_type_is_not_json(rig: Rig) -> None:
    answer = await rig.ask("POST", "/jmap/api", b"{}", {"content-type": "text/plain"})
    assert answer.json["type"].endswith("notJSON")


async def test_a_request_over_its_budget_is_refused_announced_or_not(tmp_path: Path) -> None:
    async with running(tmp_path, JmapOptions(max_request=Size(1000))) as rig:
        for headers, body in (({"content-length": "1001"}, b""), ({}, [b"x" * 600, b"x" * 600])):
            answer = await rig.ask("POST", "/jmap/api", body, {"content-type": "application/json", **headers})
            assert (answer.status, answer.json["limit"]) == (400, "maxSizeRequest")


async def test_only_so_many_requests_at_a_time(tmp_path: Path) -> None:
    async with running(tmp_path, JmapOptions(concurrent_requests=1)) as rig:
        slow = rig.begin("POST", "/jmap/api", [b"{", b""], {"content-type": "application/json"})
        slow._incoming._queue[-1]["more_body"] = True  # type: ignore[attr-defined]
        while (answer := await rig.post({"using": [], "methodCalls": []})).status == 200:
            pass
        assert (answer.status, answer.json["limit"]) == (429, "maxConcurrentRequests")
        slow.disconnect()
        assert (await slow.event())["status"] == 408
        await slow.task
        assert (await rig.post({"using": [], "methodCalls": []})).status == 200


async def test_created_ids_come_back_and_stand_for_objects(rig: Rig) -> None:
    calls = [
        ["Mailbox/set", {"accountId": rig.ada.id, "create": {"k1": {"name": "Plans"}}}, "0"],
        ["Mailbox/set", {"accountId": rig.ada.id, "create": {"k2": {"name": "World", "parentId": "#k1"}}}, "1"],
    ]
    answer = await rig.post({"using": USING, "methodCalls": calls, "createdIds": {"old": "M1"}})
    made = answer.json["createdIds"]
    assert set(made) == {"old", "k1", "k2"}
    found = await rig.one("Mailbox/get", ids=[made["k2"]])
    assert found["list"][0]["parentId"] == made["k1"]


async def test_answers_have_a_budget_together(tmp_path: Path) -> None:
    """One call may be within it, but not the same again and again; calls that cost nothing still work."""
    async with running(tmp_path, JmapOptions(max_response=Size(20_000))) as rig:
        email = await rig.keep(b"Subject: long\r\n\r\n" + b"many words, " * 1000)
        ask = ("Email/get", {"ids": [email], "fetchTextBodyValues": True})
        answers = await rig.call(ask, ask, ("Core/echo", {}))
        assert [name for name, _, _ in answers] == ["Email/get", "error", "Core/echo"]
        assert answers[1][1]["type"] == "requestTooLarge"


async def test_the_public_address_may_be_configured(tmp_path: Path) -> None:
    async with running(tmp_path, JmapOptions(url="https://jmap.example.org/")) as rig:
        assert (await rig.ask("GET", "/jmap/session")).json["apiUrl"] == "https://jmap.example.org/jmap/api"


async def test_a_host_that_is_none_is_not_repeated(rig: Rig) -> None:
    answer = await rig.ask("GET", "/jmap/session", headers={"host": 'evil"/@x'})
    assert answer.json["apiUrl"] == "https://mail.example.org/jmap/api"


async def test_a_broken_method_tells_the_log_and_not_the_peer(rig: Rig, tmp_path: Path) -> None:
    await rig.store.close()
    (name, result, _), *_ = await rig.call(("Mailbox/get", {}))
    assert (name, result["type"]) in {("error", "serverFail"), ("error", "serverUnavailable")}
    assert str(tmp_path) not in str(result)


async def test_a_page_for_people_and_nothing_elsewhere(rig: Rig) -> None:
    answer = await rig.ask("GET", "/", auth=None)
    assert answer.status == 200
    assert b"Gatepost" in answer.body
    answer = await rig.ask("GET", "/nothing", auth=None)
    assert (answer.status, answer.json["status"]) == (404, 404)
    assert rig.events == []
    for path in ("/wp-login.php", "/.env", "/cgi-bin/luci", "/.GIT/config"):
        assert (await rig.ask("GET", path, auth=None)).status == 404
    assert [event.kind for event in rig.events if isinstance(event, Abuse)] == ["scanner-path"] * 4
    answer = await rig.ask("GET", "/jmap/api", auth=None)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
