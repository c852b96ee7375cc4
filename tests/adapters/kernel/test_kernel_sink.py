"""The kernel's bans follow the guard's: a real gate, a real journal, real sockets (laws 3, 8, 9)."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest
from kernel_peers import hears

from gatepost.adapters.clock import SystemClock
from gatepost.adapters.kernel.drop import KernelDrop
from gatepost.adapters.kernel.sink import KernelSink
from gatepost.adapters.sqlite import SqliteGuardStore
from gatepost.gate import Gate
from gatepost.guard.options import GuardOptions
from gatepost.guard.verdicts import Admission, Outcome, Ticket
from gatepost.journal import Journal
from gatepost.model.account import AccountId, Login
from gatepost.model.address import Network, parse_address, parse_network
from gatepost.model.connection import Connection, Door
from gatepost.model.events import Abuse, Administered, Banned, Event, Evidence

ATTACKER, OFFICE = "127.0.0.2", "127.0.0.3"


class Site:
    """A gate with its journal; `listen` puts the kernel drop behind it."""

    def __init__(self, folder: Path, **options: object) -> None:
        self.events: list[Event] = []
        self.clock = SystemClock()
        self.journal = Journal(self.events.append)
        self.store = SqliteGuardStore(folder / "gatepost.db")
        self.gate = Gate(
            msgspec.structs.replace(GuardOptions(never_ban=()), **options),
            journal=self.journal,
            clock=self.clock,
            store=self.store,
            key=bytes(32),
            is_common=lambda secret: False,
        )

    def follow(self, drop: KernelDrop, never: tuple[Network, ...] = ()) -> None:
        """As the wiring does it."""
        sink = KernelSink(drop, self.gate.admit, never)
        allowed = (network for network, _ in self.gate.guard.allowed())
        sink.load(allowed, self.gate.guard.bans(self.clock.now()))
        self.journal.add(sink)

    def attack(self, source: str) -> None:
        """Abuse enough for a ban."""
        for _ in range(100):
            self.journal.note(Abuse(self.clock.now(), "1", "smtp", source, "early-talker"))

    def sign_in(self, source: str) -> None:
        """Ada's password was right."""
        client = parse_address(source)
        connection = Connection(
            id="1", door=Door.IMAPS, client=client, client_port=1, peer=client, local=client, local_port=993
        )
        ticket = self.gate.reserve(connection, Login("ada@example.org", AccountId("a")), "PLAIN", "imap")
        assert isinstance(ticket, Ticket)
        self.gate.settle(ticket, Outcome.RIGHT, connection, "")

    def allow(self, network: str) -> None:
        """As the administration does it."""
        self.gate.guard.allow(parse_network(network))
        self.journal.note(Administered(at=self.clock.now(), operation="allow.add", subject=network, by="test"))

    def disallow(self, network: str) -> None:
        """As the administration does it."""
        self.gate.guard.disallow(parse_network(network))
        self.journal.note(Administered(at=self.clock.now(), operation="allow.remove", subject=network, by="test"))


@pytest.fixture
def drop(attach: Callable[..., KernelDrop], listener: socket.socket) -> KernelDrop:
    """On the dual-stack listener."""
    return attach(listener)


@pytest.fixture
async def site(tmp_path: Path, drop: KernelDrop) -> AsyncIterator[Site]:
    """Followed by the kernel."""
    site = Site(tmp_path)
    site.follow(drop)
    yield site
    await site.store.close()


async def test_who_is_banned_is_dropped_until_it_is_lifted(site: Site, listener: socket.socket) -> None:
    site.attack(ATTACKER)
    assert [event.scope for event in site.events if isinstance(event, Banned)] == ["all"]
    assert not hears(listener, ATTACKER)
    assert hears(listener, OFFICE)
    assert await site.gate.lift(parse_network(ATTACKER), "test") == 1
    assert hears(listener, ATTACKER)


async def test_who_is_confined_still_gets_in(site: Site, listener: socket.socket) -> None:
    site.sign_in(OFFICE)
    site.attack(OFFICE)
    assert [event.scope for event in site.events if isinstance(event, Banned)] == ["confined"]
    assert site.gate.admit(parse_address(OFFICE)) is Admission.CONFINED
    assert hears(listener, OFFICE)


async def test_a_ban_by_hand_is_for_the_confined_too(site: Site, listener: socket.socket) -> None:
    site.sign_in(OFFICE)
    site.attack(OFFICE)
    await site.gate.ban(parse_network("127.0.0.0/24"), 60, "test", "test")
    assert not hears(listener, OFFICE)
    await site.gate.lift(parse_network("127.0.0.0/24"), "test")
    assert hears(listener, OFFICE)


async def test_a_milder_ban_in_place_of_a_harder_one(site: Site, listener: socket.socket) -> None:
    now = site.clock.now()
    await site.gate.ban(parse_network(OFFICE), 60, "test", "test")
    assert not hears(listener, OFFICE)
    for scope in ("strangers", "confined"):
        site.journal.note(
            Banned(at=now, network=OFFICE, until=now + 60, number=2, by="guard", evidence=Evidence("test"), scope=scope)
        )
        assert hears(listener, OFFICE)


async def test_a_dry_run_drops_nobody(tmp_path: Path, drop: KernelDrop, listener: socket.socket) -> None:
    site = Site(tmp_path, enforce=False)
    site.follow(drop)
    site.attack(ATTACKER)
    assert any(isinstance(event, Banned) for event in site.events)
    assert hears(listener, ATTACKER)


async def test_the_allow_list_beats_a_ban_by_hand(site: Site, listener: socket.socket) -> None:
    await site.gate.ban(parse_network("127.0.0.0/24"), 60, "test", "test")
    site.allow(OFFICE)
    assert hears(listener, OFFICE)
    assert not hears(listener, ATTACKER)
    site.disallow(OFFICE)
    assert not hears(listener, OFFICE)


async def test_what_is_never_banned_stays_so(tmp_path: Path, drop: KernelDrop, listener: socket.socket) -> None:
    site = Site(tmp_path)
    site.follow(drop, never=(parse_network(OFFICE),))
    await site.gate.ban(parse_network("127.0.0.0/24"), 60, "test", "test")
    assert hears(listener, OFFICE)
    site.allow(OFFICE)
    site.disallow(OFFICE)  # a trusted proxy is not cut off by leaving the allow list
    assert hears(listener, OFFICE)


async def test_bans_and_the_allow_list_are_loaded_at_start(
    tmp_path: Path, drop: KernelDrop, listener: socket.socket
) -> None:
    before = Site(tmp_path)
    before.sign_in(OFFICE)
    before.attack(OFFICE)
    before.attack(ATTACKER)
    await before.gate.ban(parse_network("127.1.0.0/16"), 60, "test", "test")
    before.allow("127.1.0.1")
    await before.gate.save()
    await before.store.close()
    site = Site(tmp_path)
    site.follow(drop)
    answers = {source: hears(listener, source) for source in (ATTACKER, OFFICE, "127.1.0.1", "127.1.0.2")}
    assert answers == {ATTACKER: False, OFFICE: True, "127.1.0.1": True, "127.1.0.2": False}
