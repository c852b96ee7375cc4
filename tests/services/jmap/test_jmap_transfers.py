"""Uploads, downloads and the event source (RFC 8620 §6, §7.3)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from jmap_rig import Exchange, Rig, running

from gatepost.model.units import Duration, Size
from gatepost.services.jmap.options import JmapOptions

HELLO = b"From: grace@example.org\r\nSubject: hello\r\nMessage-ID: <1@example.org>\r\n\r\nHello.\r\n"


async def test_what_is_uploaded_can_be_downloaded(rig: Rig) -> None:
    answer = await rig.ask("POST", f"/jmap/upload/{rig.ada.id}", [b"\0\xff", b"\r\n"], {"content-type": "image/png"})
    assert answer.status == 201
    made = answer.json
    assert (made["accountId"], made["type"], made["size"]) == (rig.ada.id, "image/png", 4)
    target = f"/jmap/download/{rig.ada.id}/{made['blobId']}/a%2Fb.png"
    answer = await rig.ask("GET", target + "?accept=image/png")
    assert (answer.status, answer.body) == (200, b"\0\xff\r\n")
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "private, immutable, max-age=31536000"
    answer = await rig.ask("GET", target + "?accept=text/html%0d%0aX-Evil:1")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "x-evil" not in answer.headers


async def test_what_is_not_there_or_not_ones_own_is_not_found(rig: Rig) -> None:
    blob = await rig.upload(b"x")
    for target in (
        f"/jmap/download/{rig.ada.id}/Bdeadbeefdeadbeef/x",
        f"/jmap/download/{rig.ada.id}/..%2F..%2Fetc/x",
        f"/jmap/download/{rig.ada.id}/{blob}-0-99-n/x",
        f"/jmap/download/{rig.grace.id}/{blob}/x",
    ):
        answer = await rig.ask("GET", target)
        assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
    assert (await rig.ask("POST", f"/jmap/upload/{rig.grace.id}", b"x")).status == 404


async def test_too_large_a_file_is_refused_announced_or_not(tmp_path: Path) -> None:
    async with running(tmp_path, JmapOptions(max_upload=Size(10))) as rig:
        target = f"/jmap/upload/{rig.ada.id}"
        for headers, body in (
            ({"content-length": "11"}, b""),
            ({}, [b"x" * 6, b"x" * 6]),
            ({"content-length": "+1"}, b""),
        ):
            answer = await rig.ask("POST", target, body, headers)
            assert (answer.status, answer.json["limit"]) == (413, "maxSizeUpload")


class Stream:
    """An event source as a client reads it."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange, self._text = exchange, ""

    async def open(self) -> Stream:
        head = await self.exchange.event()
        assert head["status"] == 200
        assert dict(head["headers"])[b"content-type"].startswith(b"text/event-stream")
        return self

    async def next(self) -> dict[str, Any] | None:
        """The next event's fields, None at the end; comments are left out."""
        while True:
            block, end, rest = self._text.partition("\n\n")
            if end:
                self._text = rest
                if not block.startswith(":"):
                    fields = dict(line.split(": ", 1) for line in block.split("\n"))
                    return {**fields, "data": msgspec.json.decode(fields["data"])}
                continue
            event = await self.exchange.event()
            self._text += event["body"].decode()
            if not event.get("more_body"):
                assert not self._text
                return None


async def begin(rig: Rig, query: str, **headers: str) -> Stream:
    return await Stream(rig.begin("GET", f"/jmap/eventsource?{query}", headers=headers)).open()


async def test_changes_are_pushed(rig: Rig) -> None:
    stream = await begin(rig, "types=*&closeafter=no&ping=0")
    await stream.exchange.event()  # the comment that says hello
    await rig.keep(HELLO)
    event = await stream.next()
    assert event is not None
    changed = event["data"]["changed"][rig.ada.id]
    assert (event["event"], event["data"]["@type"]) == ("state", "StateChange")
    assert set(changed) == {"Email", "Mailbox", "Thread", "EmailDelivery", "Quota"}
    assert changed["Email"] == (await rig.one("Email/get", ids=[]))["state"]
    assert changed["Mailbox"] == (await rig.one("Mailbox/get", ids=[]))["state"]
    assert changed["Quota"] == (await rig.one("Quota/get", ids=[]))["state"]
    stream.exchange.disconnect()
    assert await stream.next() is None
    await stream.exchange.task


async def test_only_the_types_asked_for_and_delivery_only_for_new_mail(rig: Rig) -> None:
    email = await rig.keep(HELLO)
    stream = await begin(rig, "types=EmailDelivery,CalendarEvent&closeafter=state&ping=0")
    await stream.exchange.event()
    await rig.one("Email/set", update={email: {"keywords/$seen": True}})
    await rig.keep(HELLO.replace(b"<1@", b"<2@"))
    event = await stream.next()
    assert event is not None
    assert list(event["data"]["changed"][rig.ada.id]) == ["EmailDelivery"]
    assert await stream.next() is None  # closeafter=state


async def test_missed_changes_are_told_to_who_comes_back(rig: Rig) -> None:
    stream = await begin(rig, "types=Email&closeafter=state&ping=0")
    await stream.exchange.event()
    email = await rig.keep(HELLO)
    event = await stream.next()
    assert event is not None
    await rig.one("Email/set", destroy=[email])
    stream = await begin(rig, "types=Email&closeafter=state&ping=0", **{"last-event-id": event["id"]})
    missed = await stream.next()
    assert missed is not None
    assert missed["data"]["changed"][rig.ada.id]["Email"] == (await rig.one("Email/get", ids=[]))["state"]
    assert await stream.next() is None


async def test_pings_come_at_the_interval_that_they_name(tmp_path: Path) -> None:
    async with running(tmp_path, JmapOptions(min_ping=Duration(0), max_ping=Duration(0.05))) as rig:
        stream = await begin(rig, "types=Email&closeafter=no&ping=1")
        event = await stream.next()
        assert event is not None
        assert (event["event"], event["data"]) == ("ping", {"interval": 1})
        assert "id" not in event
        stream.exchange.disconnect()
        while await stream.next() is not None:
            pass


async def test_head_does_not_begin_a_stream(rig: Rig) -> None:
    answer = await rig.ask("HEAD", "/jmap/eventsource?types=*&closeafter=no&ping=0")
    assert (answer.status, answer.body) == (200, b"")


async def test_streams_end_when_the_server_stops(rig: Rig) -> None:
    stream = await begin(rig, "types=*&closeafter=no&ping=300")
    await stream.exchange.event()
    rig.service.stop()
    assert await stream.next() is None
    await stream.exchange.task
    late = await begin(rig, "types=*&closeafter=no&ping=300")
    assert await late.next() is None


async def test_only_so_many_streams_and_only_well_formed_ones(tmp_path: Path) -> None:
    async with running(tmp_path, JmapOptions(event_streams=1)) as rig:
        for query in ("", "types=*", "types=*&closeafter=maybe&ping=0", "types=*&closeafter=no&ping=-1"):
            assert (await rig.ask("GET", f"/jmap/eventsource?{query}")).status == 400
        stream = await begin(rig, "types=*&closeafter=no&ping=0")
        assert (await rig.ask("GET", "/jmap/eventsource?types=*&closeafter=no&ping=0")).status == 429
        stream.exchange.disconnect()
        while await stream.next() is not None:
            pass
        await stream.exchange.task
        assert (await rig.ask("GET", "/jmap/eventsource?types=*&closeafter=no&ping=x")).status == 400
