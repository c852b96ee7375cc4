"""Identity/get, /changes, /set (RFC 8621 §6): the account's addresses, which only the administrator changes."""

from __future__ import annotations

import hashlib

from gatepost.model.account import Account
from gatepost.proto.jmap.errors import Object
from gatepost.services.jmap.call import Call
from gatepost.services.jmap.methods.standard import (
    ChangesArguments,
    GetArguments,
    SetArguments,
    check_properties,
    check_set,
    refuse_all,
    select,
    unchanging,
    unique_ids,
)

PROPERTIES = ("id", "name", "email", "replyTo", "bcc", "textSignature", "htmlSignature", "mayDelete")


def identities(account: Account) -> dict[str, Object]:
    """By id, which follows from the address: the primary one first."""
    found: dict[str, Object] = {}
    for email in dict.fromkeys((account.email, *account.addresses)):
        key = "I" + hashlib.sha256(email.encode()).hexdigest()[:16]
        found[key] = {
            "id": key,
            "name": account.name,
            "email": email,
            "replyTo": None,
            "bcc": None,
            "textSignature": "",
            "htmlSignature": "",
            "mayDelete": False,
        }
    return found


def _state(account: Account) -> str:
    text = "\n".join((account.name, account.email, *account.addresses))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


async def get(call: Call, arguments: Object) -> Object:
    """RFC 8621 §6.1."""
    asked = call.arguments(arguments, GetArguments)
    properties = check_properties(asked.properties, PROPERTIES)
    every = identities(call.account)
    ids = list(every) if asked.ids is None else unique_ids(call, asked.ids)
    return {
        "accountId": asked.account_id,
        "state": _state(call.account),
        "list": [select(every[key], properties) for key in ids if key in every],
        "notFound": [key for key in ids if key not in every],
    }


async def changes(call: Call, arguments: Object) -> Object:
    """RFC 8621 §6.2: no history is kept of them."""
    return unchanging(call.arguments(arguments, ChangesArguments), _state(call.account))


async def set_identities(call: Call, arguments: Object) -> Object:
    """RFC 8621 §6.3: refused, one by one."""
    asked = call.arguments(arguments, SetArguments)
    check_set(call, asked, _state(call.account))
    return refuse_all(asked, _state(call.account), tuple(identities(call.account)))
