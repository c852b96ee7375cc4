"""`gatepost drill`: attacks one's own running server, on loopback, bounded, and prints what the guard did.

The server lends an account of its own making and a corner of loopback (127.66.0.0/16) that may be banned meanwhile;
both are gone afterwards, with every ban and counter. Nothing but loopback is ever attacked.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table

from gatepost.cli.client import Client
from gatepost.cli.knock import Answer, Knocked, can_knock, knock
from gatepost.cli.output import Sorry, as_json, console, say
from gatepost.model.address import parse_address
from gatepost.model.connection import Door

OWNER = "127.67.0.1"
"""In a network of the owner's own: an attacker next door is another story."""
LONER = "127.66.1.1"
BURST = "127.66.3.1"
STRANGER = "127.66.4.1"
VOLLEYS = 4
"""A burst comes in so many volleys: of each, no more are looked at than may be in flight."""


class Attack(msgspec.Struct, frozen=True):
    """One row: what was sent and what came back. `ban_seconds`: from the last counted guess to the ban."""

    name: str
    sources: int
    sent: int
    answered: int
    refused: int
    dropped: int
    granted: int
    banned: int
    ban_seconds: float | None
    owner_signs_in: bool


class Target(msgspec.Struct, frozen=True):
    """A door to knock at."""

    door: Door
    host: str
    port: int


class Drill:
    """The attacks, in order. `ask` speaks to the server's administration socket."""

    def __init__(self, client: Client, targets: list[Target], begun: dict[str, Any]) -> None:
        self._client, self._targets = client, targets
        self._email, self._password = begun["email"], begun["password"]
        self._doors = itertools.cycle(targets)
        self._words = itertools.count(1)

    async def run(self, guesses: int) -> list[Attack]:
        """All attacks; about `guesses` guesses each."""
        if not await self._owner():
            raise Sorry("the drill's own account could not sign in before the attack; the server's log says why")
        return [
            await self._attack("one address, all doors in turn", [self._alone(guesses)]),
            await self._attack("one address, many logins at once", [self._burst(guesses)]),
            await self._attack("many addresses, one account", [self._spread(guesses)]),
        ]

    async def _attack(self, name: str, parts: list[Any]) -> Attack:
        knocked: list[Knocked] = [one for part in parts for one in await part]
        status = await asyncio.to_thread(self._client.ask, "drill.status")
        sources = {one.source for one in knocked}
        bans = [ban for ban in status["bans"] if ban["network"] in sources]
        counts = Counter(one.answer for one in knocked)
        return Attack(
            name=name,
            sources=len(sources),
            sent=len(knocked),
            answered=counts[Answer.ANSWERED],
            refused=counts[Answer.REFUSED],
            dropped=counts[Answer.DROPPED],
            granted=counts[Answer.GRANTED],
            banned=len(bans),
            ban_seconds=_delay(knocked, bans),
            owner_signs_in=await self._owner(),
        )

    async def _owner(self) -> bool:
        target = self._targets[0]
        knocked = await knock(target.door, target.host, target.port, OWNER, self._email, self._password)
        return knocked.answer is Answer.GRANTED

    def _wrong(self) -> str:
        return f"drill-guess-{next(self._words)}"

    async def _knock(self, source: str, password: str, login: str = "") -> Knocked:
        target = next(self._doors)
        return await knock(target.door, target.host, target.port, source, login or self._email, password)

    async def _alone(self, guesses: int) -> list[Knocked]:
        return [await self._knock(LONER, self._wrong()) for _ in range(guesses)]

    async def _burst(self, guesses: int) -> list[Knocked]:
        # at logins of its own: on the account that is closed by now, a stranger is refused and not counted
        out: list[Knocked] = []
        for volley in range(VOLLEYS):
            numbers = range(volley, guesses, VOLLEYS)
            out += await asyncio.gather(
                *(self._knock(BURST, self._wrong(), f"burst-{n}-{self._email}") for n in numbers)
            )
        return out

    async def _spread(self, guesses: int) -> list[Knocked]:
        out: list[Knocked] = []
        for number in range(guesses):
            out.append(await self._knock(f"127.66.2.{1 + number % 250}", self._wrong()))
        return out

    async def stranger(self) -> Answer:
        """What a stranger with the right password is told after the attack."""
        return (await self._knock(STRANGER, self._password)).answer


def _delay(knocked: list[Knocked], bans: list[dict[str, Any]]) -> float | None:
    """The longest time from a source's last evaluated guess being sent to its ban."""
    delays = []
    for ban in bans:
        ours = [one for one in knocked if one.source == ban["network"] and one.at <= ban["since"]]
        if ours:
            delays.append(ban["since"] - max(one.at for one in ours))
    return max(delays) if delays else None


def _targets(client: Client) -> list[Target]:
    found: list[Target] = []
    families: set[str] = set()
    for entry in client.ask("server.status")["listening"]:
        door, host = Door(entry["door"]), entry["host"]
        host = {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}.get(host, host)  # noqa: S104 - compared, not bound
        address = parse_address(host)
        if not address.loopback or address.version != 4 or entry["proxy_protocol"] or not can_knock(door):
            continue
        if door.implicit_tls == entry["passwords_need_tls"]:
            found.append(Target(door, host, entry["port"]))
            families.add(door.family)
    if not found:
        raise Sorry("no door of this server listens on loopback (without PROXY): a drill attacks nothing else")
    return found


def drill(
    context: typer.Context,
    guesses: Annotated[int, typer.Option(min=20, max=500, help="Guesses in each attack.")] = 60,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Attack the running server on loopback and show what its guard did; leaves nothing behind."""
    client: Client = context.obj
    if not client.running():
        raise Sorry("no server is running on this data folder: a drill needs one")
    targets = _targets(client)
    begun = client.ask("drill.begin")
    try:
        attempt = Drill(client, targets, begun)

        async def all_of_it() -> tuple[list[Attack], Answer]:
            return await attempt.run(guesses), await attempt.stranger()

        attacks, stranger = asyncio.run(all_of_it())
        evaluated = client.ask("drill.status")["evaluations"] - begun["evaluations"]
    finally:
        client.ask("drill.end", email=begun["email"])
    if json:
        as_json({"attacks": attacks, "evaluated": evaluated, "stranger": stranger, "doors": targets})
        return
    _show(attacks, targets)
    say(f"passwords evaluated in all: {evaluated} of {sum(attack.sent for attack in attacks)} guesses")
    say(f"a stranger with the right password, after the attack: {stranger}")
    if not begun["enforced"]:
        say("note: enforce = false, so nothing was refused")


def _show(attacks: list[Attack], targets: list[Target]) -> None:
    say("doors: " + ", ".join(f"{target.door} {target.host}:{target.port}" for target in targets))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in (
        "ATTACK",
        "FROM",
        "SENT",
        "ANSWERED",
        "REFUSED",
        "DROPPED",
        "BANNED",
        "TO THE BAN",
        "OWNER SIGNS IN",
    ):
        table.add_column(heading, justify="left" if heading == "ATTACK" else "right")
    for attack in attacks:
        table.add_row(
            attack.name,
            str(attack.sources),
            str(attack.sent),
            str(attack.answered),
            str(attack.refused),
            str(attack.dropped),
            str(attack.banned),
            "-" if attack.ban_seconds is None else f"{attack.ban_seconds * 1000:.0f} ms",
            "yes" if attack.owner_signs_in else "NO",
        )
    console.print(table)
