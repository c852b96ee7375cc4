"""Mailbox/set (RFC 8621 §2.5)."""

from __future__ import annotations

from typing import Any

from gatepost.model.errors import GatepostError, NoSuchMailbox
from gatepost.model.ids import mailbox_object_id, parse_mailbox_id
from gatepost.model.mail import ROLES, SEPARATOR, Mailbox, MailboxId, MailboxUpdate
from gatepost.proto.jmap.errors import Object, SetError, invalid
from gatepost.proto.jmap.mailboxes import PROPERTIES
from gatepost.proto.jmap.patch import apply_patch, touched
from gatepost.services.jmap.call import Call
from gatepost.services.jmap.methods.mailbox_get import describe
from gatepost.services.jmap.methods.standard import SetArguments, SetResult, check_set
from gatepost.services.jmap.render import set_error

_MUTABLE = ("name", "parentId", "role", "sortOrder", "isSubscribed")
_DEFAULTS: Object = {"parentId": None, "role": None, "sortOrder": 0, "isSubscribed": True}
MAX_NAME = 200
"""Octets of a name, as announced (maxSizeMailboxName)."""


class MailboxSet(SetArguments, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """RFC 8621 §2.5."""

    on_destroy_remove_emails: bool = False


async def set_mailboxes(call: Call, arguments: Object) -> Object:
    """RFC 8621 §2.5."""
    asked = call.arguments(arguments, MailboxSet)
    state = str((await call.mail.states()).mailbox)
    check_set(call, asked, state)
    result = SetResult(asked.account_id, state)
    for creation, properties in _parents_first(asked.create or {}):
        try:
            created = await _create(call, properties)
            result.created[creation] = created
            call.created_ids[creation] = created["id"]
        except (SetError, GatepostError) as error:
            result.not_created[creation] = _error(call, error)
    doomed = {call.real_id(text) for text in asked.destroy or ()}
    for text, patch in (asked.update or {}).items():
        key = call.real_id(text)
        try:
            if key in doomed:
                raise SetError("willDestroy")
            await _update(call, key, patch)
            result.updated[key] = None
        except (SetError, GatepostError) as error:
            result.not_updated[key] = _error(call, error)
    await _destroy(call, asked, result)
    return result.response(str((await call.mail.states()).mailbox))


def _error(call: Call, error: SetError | GatepostError) -> Object:
    if isinstance(error, NoSuchMailbox):
        error = SetError("notFound")
    return set_error(error, call.room.max_message)


def _parents_first(create: dict[str, Object]) -> list[tuple[str, Object]]:
    """RFC 8620 §5.3: creates come before what refers to them."""
    ordered: list[tuple[str, Object]] = []
    waiting = dict(create)
    while waiting:
        ready = [
            key for key, item in waiting.items() if str(item.get("parentId") or "").removeprefix("#") not in waiting
        ]
        for key in ready or list(waiting):
            ordered.append((key, waiting.pop(key)))
    return ordered


async def _create(call: Call, given: Object) -> Object:
    unknown = [name for name in given if name not in _MUTABLE]
    if unknown or "name" not in given:
        raise invalid(unknown or ["name"])
    wanted = {**_DEFAULTS, **{name: value for name, value in given.items() if value is not None}}
    values = await _checked(call, wanted, None)
    path = values["name"]
    if values["parent"] is not None:
        path = (await call.mail.mailbox_by_id(values["parent"])).path + SEPARATOR + path
    made = await call.mail.create_mailbox(path, values["role"], values["subscribed"])
    if values["sort_order"]:
        made = await call.mail.update_mailbox(made.id, MailboxUpdate(sort_order=values["sort_order"]))
    whole = await describe(call, made, PROPERTIES)
    return {name: value for name, value in whole.items() if given.get(name) != value or name not in given}


async def _update(call: Call, key: str, patch: Object) -> None:
    number = parse_mailbox_id(key)
    if number is None:
        raise SetError("notFound")
    mailbox = await call.mail.mailbox_by_id(number)
    names = touched(patch)
    if not names <= set(PROPERTIES):
        raise invalid(names - set(PROPERTIES))
    current = await describe(call, mailbox, tuple(names))
    wanted = apply_patch(current, patch, _DEFAULTS)
    changed = {name for name in names if wanted.get(name) != current.get(name)}
    if not changed <= set(_MUTABLE):
        raise invalid(changed - set(_MUTABLE), "These cannot be changed.")
    values = await _checked(call, {name: wanted.get(name) for name in changed}, mailbox)
    if values:
        await call.mail.update_mailbox(number, MailboxUpdate(**values))


async def _checked(call: Call, wanted: Object, mailbox: Mailbox | None) -> dict[str, Any]:
    """The properties as the store takes them. Raises SetError invalidProperties, naming all that are wrong."""
    wrong: list[str] = []
    values: dict[str, Any] = {}
    for name, value in wanted.items():
        match name, value:
            case "name", str() if _is_name(value):
                values["name"] = value
            case "parentId", None:
                values["parent"] = None
            case "parentId", str() if (parent := await _existing(call, value)) is not None:
                values["parent"] = parent
            case "role", None | str() if await _role_free(call, value, mailbox):
                values["role"] = value
            case "sortOrder", int() if type(value) is int and 0 <= value < 2**31:
                values["sort_order"] = value
            case "isSubscribed", bool():
                values["subscribed"] = value
            case _:
                wrong.append(name)
    if wrong:
        raise invalid(wrong)
    return values


def _is_name(name: str) -> bool:
    return 0 < len(name.encode("utf-8", "replace")) <= MAX_NAME and SEPARATOR not in name and name.isprintable()


async def _existing(call: Call, text: str) -> MailboxId | None:
    number = call.mailbox_id(text)
    return number if any(mailbox.id == number for mailbox in await call.mail.mailboxes()) else None


async def _role_free(call: Call, role: str | None, mailbox: Mailbox | None) -> bool:
    """RFC 8621 §2: no two mailboxes have the same role. The inbox's is not given away."""
    if mailbox is not None and mailbox.role == "inbox":
        return role == "inbox"
    if role is None:
        return True
    return role in ROLES and all(other.role != role for other in await call.mail.mailboxes())


async def _destroy(call: Call, asked: MailboxSet, result: SetResult) -> None:
    """Children before their parents, whatever the order they are named in."""
    depth = {mailbox_object_id(mailbox.id): mailbox.path.count(SEPARATOR) for mailbox in await call.mail.mailboxes()}
    ids = [call.real_id(text) for text in dict.fromkeys(asked.destroy or ())]
    for key in sorted(ids, key=lambda key: -depth.get(key, 0)):
        try:
            number = parse_mailbox_id(key)
            if number is None:
                raise SetError("notFound")
            await call.mail.delete_mailbox(number, with_mail=asked.on_destroy_remove_emails)
            result.destroyed.append(key)
        except (SetError, GatepostError) as error:
            result.not_destroyed[key] = _error(call, error)
