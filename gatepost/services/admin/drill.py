"""What `gatepost drill` needs of the server: an account to attack, and loopback addresses that may be banned meanwhile."""

from __future__ import annotations

import base64
import os
from typing import Any

import msgspec

from gatepost.model.account import Credentials
from gatepost.model.address import parse_network
from gatepost.model.secret import Secret
from gatepost.services.admin.operations import Administration, NoArguments, Refused, operation

NETWORK = "127.66.0.0/16"
"""The drill's own corner of loopback: nothing else uses it, so nothing else is banned by a drill."""
PREFIX = "gatepost-drill-"


class DrillEnd(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The account that `drill.begin` made."""

    email: str


@operation("drill.begin")
async def drill_begin(admin: Administration, args: NoArguments) -> dict[str, Any]:
    """Makes the drill's account in the first domain, and its network bannable."""
    domains = admin.directory.domains()
    if not domains:
        raise Refused("a drill needs a domain: add one with `gatepost domain add`")
    secret = Secret(base64.b32encode(os.urandom(15)).decode().lower() + "!")
    email = f"{PREFIX}{os.urandom(4).hex()}@{domains[0]}"
    credentials = Credentials(
        password=await admin.passwords.hash(secret), scram=tuple(await admin.passwords.scram_keys(secret))
    )
    account = await admin.directory.add_account(email, credentials, "Guard drill")
    admin.gate.guard.expose((parse_network(NETWORK),))
    admin.note("drill.begin", email)
    return {
        "email": account.email,
        "password": secret.reveal().decode(),
        "network": NETWORK,
        "enforced": admin.gate.options.enforce,
        "evaluations": admin.passwords.evaluations,
    }


@operation("drill.status")
async def drill_status(admin: Administration, args: NoArguments) -> dict[str, Any]:
    """Bans in the drill's network, and how many hashes were computed so far."""
    network = parse_network(NETWORK)
    now = admin.clock.now()
    return {
        "bans": [
            {"network": str(ban.network), "since": ban.since, "failures": ban.evidence.failures}
            for ban in admin.gate.guard.bans(now)
            if network.contains(ban.network)
        ],
        "evaluations": admin.passwords.evaluations,
    }


@operation("drill.end", DrillEnd)
async def drill_end(admin: Administration, args: DrillEnd) -> None:
    """Takes everything of the drill away again: account, mail, bans, counters."""
    if not args.email.startswith(PREFIX):
        raise Refused("that is not a drill's account")
    account = admin.directory.find(args.email)
    network = parse_network(NETWORK)
    await admin.directory.remove_account(account.id)
    for live in admin.live.of_account(account.id):
        live.abort("signed out")
    await admin.store.erase(account.id)
    admin.gate.guard.forget(account.email)
    admin.gate.guard.unexpose((network,))
    await admin.gate.lift(network, "drill")
    admin.note("drill.end", args.email)
