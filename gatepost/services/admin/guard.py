"""Bans, the allow list, and what the guard knows."""

from __future__ import annotations

from typing import Any

import msgspec

from gatepost.guard.engine import CannotBan
from gatepost.model.address import Address, BadAddress, Network, parse_address, parse_network
from gatepost.services.admin.operations import Administration, NoArguments, Refused, operation


class NewBan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`seconds` None: the guard's own first ban time."""

    subject: str
    seconds: float | None = None
    reason: str = ""


class Subject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An address, a network or a login."""

    subject: str


class NewAllow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An address or network never to be banned or limited."""

    subject: str
    note: str = ""


class Explain(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`source`: for a login, as it would be answered from this address."""

    subject: str
    source: str | None = None


def network_or_none(text: str) -> Network | None:
    """The network a subject names, or None if it must be a login."""
    try:
        return parse_network(text)
    except BadAddress:
        return None


def _network(text: str) -> Network:
    network = network_or_none(text)
    if network is None:
        raise Refused(f"{text!r} is neither an IP address nor a network")
    return network


@operation("ban.list")
async def ban_list(admin: Administration, args: NoArguments) -> list[dict[str, Any]]:
    """Bans in force, with their evidence."""
    now = admin.clock.now()
    return [
        {
            "network": str(ban.network),
            "since": ban.since,
            "until": ban.until,
            "remaining": max(0.0, ban.until - now),
            "number": ban.number,
            "by": ban.by,
            "evidence": msgspec.to_builtins(ban.evidence),
        }
        for ban in admin.gate.guard.bans(now)
    ]


@operation("ban.add", NewBan)
async def ban_add(admin: Administration, args: NewBan) -> dict[str, Any]:
    """In force at once: live connections are closed. Durable when this returns. A login: its account is closed to
    strangers, and its owner keeps reading mail."""
    network = network_or_none(args.subject)
    if network is None:
        return await _close(admin, args)
    try:
        await admin.gate.ban(network, args.seconds, args.reason or "by hand", "command line")
    except CannotBan as error:
        raise Refused(str(error)) from error
    admin.note("ban.add", str(network))
    found = [ban for ban in await ban_list(admin, NoArguments()) if ban["network"] == str(network)]
    return found[0] if found else {"network": str(network)}


async def _close(admin: Administration, args: NewBan) -> dict[str, Any]:
    login = admin.directory.login(args.subject)
    if login.account is None:
        raise Refused(f"{args.subject!r} is neither an IP address, nor a network, nor a login that somebody has")
    until = await admin.gate.close_login(login, args.seconds, args.reason or "by hand")
    admin.note("ban.add", login.key)
    return {"login": login.key, "until": until, "remaining": until - admin.clock.now()}


@operation("ban.lift", Subject)
async def ban_lift(admin: Administration, args: Subject) -> dict[str, Any]:
    """Takes effect at once, and clears the counters that led to it. A login: reopens its account to strangers."""
    network = network_or_none(args.subject)
    if network is not None:
        lifted = await admin.gate.lift(network, "command line")
    else:
        lifted = int(await admin.gate.lift_login(admin.directory.login(args.subject)))
    admin.note("ban.lift", args.subject)
    return {"subject": args.subject, "lifted": lifted}


@operation("allow.add", NewAllow)
async def allow_add(admin: Administration, args: NewAllow) -> None:
    """The allow list beats every ban, by hand or by the guard."""
    network = _network(args.subject)
    admin.gate.guard.allow(network, args.note)
    await admin.gate.save()
    admin.note("allow.add", str(network))


@operation("allow.list")
async def allow_list(admin: Administration, args: NoArguments) -> list[dict[str, Any]]:
    """What is never banned, and why."""
    return [{"network": str(network), "note": note} for network, note in admin.gate.guard.allowed()]


@operation("allow.remove", Subject)
async def allow_remove(admin: Administration, args: Subject) -> None:
    """Counts like anybody else from now on."""
    network = _network(args.subject)
    if not admin.gate.guard.disallow(network):
        raise Refused(f"{network} is not on the allow list by hand")
    await admin.gate.save()
    admin.note("allow.remove", str(network))


@operation("guard.explain", Explain)
async def guard_explain(admin: Administration, args: Explain) -> dict[str, Any]:
    """What the guard knows of an address or login, and what it would answer now."""
    now = admin.clock.now()
    network = network_or_none(args.subject)
    if network is not None:
        explained: Any = admin.gate.guard.explain_source(parse_address(args.subject.partition("/")[0]), now)
    else:
        source = parse_address(args.source) if args.source else None
        explained = admin.gate.guard.explain_login(admin.directory.login(args.subject), now, source)
    return {
        "kind": "address" if network is not None else "login",
        "enforced": admin.gate.options.enforce,
        **_shown(explained),
    }


def _shown(value: Any) -> Any:
    """As plain values, networks and addresses as text."""
    if isinstance(value, (Network, Address)):
        return str(value)
    if isinstance(value, msgspec.Struct):
        return {field: _shown(getattr(value, field)) for field in value.__struct_fields__}
    if isinstance(value, (list, tuple)):
        return [_shown(item) for item in value]
    return value
