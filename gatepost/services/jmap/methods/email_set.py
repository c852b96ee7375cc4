"""Email/set (RFC 8621 §4.6): drafts are made, keywords and mailboxes change, emails are destroyed."""

from __future__ import annotations

from typing import Any

from gatepost.model.errors import GatepostError
from gatepost.model.flags import DELETED, has_flag
from gatepost.model.ids import parse_email_id
from gatepost.model.mail import EmailId, EmailUpdate, PlacedEmail
from gatepost.proto.jmap.compose import keys_of
from gatepost.proto.jmap.email import PROPERTIES, Wanted, metadata
from gatepost.proto.jmap.errors import MethodError, Object, SetError, invalid
from gatepost.proto.jmap.headers import header_property
from gatepost.proto.jmap.keywords import keyword_flags
from gatepost.proto.jmap.patch import apply_patch, touched
from gatepost.services.jmap.call import Call
from gatepost.services.jmap.methods.email_create import create_email, mailboxes_of
from gatepost.services.jmap.methods.email_reading import email_object, visible
from gatepost.services.jmap.methods.standard import SetArguments, SetResult, check_set
from gatepost.services.jmap.render import set_error

_MUTABLE = frozenset({"keywords", "mailboxIds"})


async def set_emails(call: Call, arguments: Object) -> Object:
    """RFC 8621 §4.6."""
    return await apply_set(call, call.arguments(arguments, SetArguments))


async def apply_set(call: Call, asked: SetArguments) -> Object:
    """An Email/set, a client's or an implicit one."""
    state = str((await call.mail.states()).email)
    check_set(call, asked, state)
    result = SetResult(asked.account_id, state)
    for creation, email in (asked.create or {}).items():
        try:
            result.created[creation] = await create_email(call, email)
            call.created_ids[creation] = result.created[creation]["id"]
        except (SetError, GatepostError) as error:
            result.not_created[creation] = set_error(error, call.room.max_message)
    await _update(call, asked, result)
    await _destroy(call, asked, result)
    return result.response(str((await call.mail.states()).email))


async def _update(call: Call, asked: SetArguments, result: SetResult) -> None:
    """All in one change of the store; each email is an atomic unit of its own in it (RFC 8620 §5.3)."""
    numbers = {call.real_id(text): parse_email_id(call.real_id(text)) for text in asked.update or {}}
    placed = await visible(call, [number for number in numbers.values() if number is not None])
    known = {item.email.id: item for item in placed}
    doomed = {call.real_id(text) for text in asked.destroy or ()}
    updates: dict[str, EmailUpdate] = {}
    for text, patch in (asked.update or {}).items():
        key = call.real_id(text)
        number = numbers[key]
        try:
            if number is None or number not in known:
                raise SetError("notFound")
            if key in doomed:
                raise SetError("willDestroy")
            if key in updates:
                raise SetError("invalidPatch", "This email is there twice, by its id and by its creation id.")
            updates[key] = await _read_update(call, known[number], patch)
        except SetError as error:
            result.not_updated[key] = error.object()
    faults = await call.mail.update_emails(list(updates.values())) if updates else {}
    for key, update in updates.items():
        fault = faults.get(update.email)
        if isinstance(fault, GatepostError):
            result.not_updated[key] = set_error(fault, call.room.max_message)
        else:
            result.updated[key] = None


async def _read_update(call: Call, placed: PlacedEmail, patch: Object) -> EmailUpdate:
    """What the patch changes. Raises SetError invalidPatch, invalidProperties."""
    current = metadata(placed)
    resolved = {_resolve_key(call, key): value for key, value in patch.items()}
    if len(resolved) != len(patch):
        raise SetError("invalidPatch", "Two keys mean the same.")
    names = touched(resolved)
    if not all(name in PROPERTIES or header_property(name) for name in names):
        raise invalid(name for name in names if not (name in PROPERTIES or header_property(name)))
    wanted = apply_patch(current, resolved, {"keywords": {}})
    await _check_immutable(call, placed, {name: wanted.get(name) for name in names - _MUTABLE})
    mailboxes = flags = None
    if "mailboxIds" in names:
        mailboxes = mailboxes_of(call, wanted["mailboxIds"])
        # A place marked \Deleted is not JMAP's to see, nor to take away
        mailboxes |= {place.mailbox for place in placed.placements if has_flag(place.flags, DELETED)}
    if "keywords" in names:
        flags = keyword_flags(keys_of(wanted["keywords"], "keywords"))
    return EmailUpdate(placed.email.id, mailboxes, flags)


def _resolve_key(call: Call, key: str) -> str:
    """Creation references made real; keywords as they are kept, in lower case (RFC 8621 §4.1.1)."""
    head, slash, rest = key.partition("/")
    if slash and head == "mailboxIds":
        return f"{head}/{call.real_id(rest)}"
    return f"{head}/{rest.lower()}" if slash and head == "keywords" else key


async def _check_immutable(call: Call, placed: PlacedEmail, given: dict[str, Any]) -> None:
    """RFC 8620 §5.3: what cannot change may be sent along as long as it is what it was."""
    if not given:
        return
    try:
        current = await email_object(call, placed, Wanted(tuple(given)))
    except MethodError:
        raise invalid(given) from None
    changed = [name for name, value in given.items() if current.get(name) != value]
    if changed:
        raise invalid(changed, "These cannot be changed.")


async def _destroy(call: Call, asked: SetArguments, result: SetResult) -> None:
    numbers = {call.real_id(text): parse_email_id(call.real_id(text)) for text in asked.destroy or ()}
    shown = {placed.email.id for placed in await visible(call, [EmailId(n) for n in numbers.values() if n is not None])}
    gone = await call.mail.destroy_emails(list(shown)) if shown else []
    for text, number in numbers.items():
        if number in gone:
            result.destroyed.append(text)
        else:
            result.not_destroyed[text] = SetError("notFound").object()
