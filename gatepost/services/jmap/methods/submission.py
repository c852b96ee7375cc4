"""EmailSubmission (RFC 8621 §7): an Email is sent at once, and the record of it is gone at once, as the RFC allows a
server that has nowhere to keep it. So /get finds nothing, and the state never changes."""

from __future__ import annotations

from typing import Any

from gatepost.model.envelope import Envelope
from gatepost.model.errors import GatepostError, NoSuchAccount, NotLocal, NotYourAddress
from gatepost.model.ids import email_object_id, parse_email_id, thread_object_id
from gatepost.model.mail import PlacedEmail
from gatepost.model.mailaddr import BadMailAddress
from gatepost.proto.jmap.dates import utc_date
from gatepost.proto.jmap.envelope import MAX_RECIPIENTS, envelope_of, read_envelope
from gatepost.proto.jmap.errors import MethodError, Object, SetError, invalid
from gatepost.services.jmap.call import Call
from gatepost.services.jmap.methods.email_reading import visible
from gatepost.services.jmap.methods.email_set import apply_set
from gatepost.services.jmap.methods.identity import identities
from gatepost.services.jmap.methods.standard import (
    ChangesArguments,
    GetArguments,
    QueryArguments,
    QueryChangesArguments,
    SetArguments,
    SetResult,
    check_properties,
    check_set,
    no_query_changes,
    page_of,
    query_response,
    unchanging,
    unique_ids,
)
from gatepost.services.jmap.render import set_error

PROPERTIES = (
    "id", "identityId", "emailId", "threadId", "envelope", "sendAt", "undoStatus", "deliveryStatus", "dsnBlobIds",
    "mdnBlobIds",
)  # fmt: skip
_STATE = "0"
_CONDITIONS = frozenset({"identityIds", "emailIds", "threadIds", "undoStatus", "before", "after"})


class SubmissionSet(SetArguments, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """RFC 8621 §7.5."""

    on_success_update_email: dict[str, dict[str, Any]] | None = None
    on_success_destroy_email: list[str] | None = None


async def get(call: Call, arguments: Object) -> Object:
    """RFC 8621 §7.1."""
    asked = call.arguments(arguments, GetArguments)
    check_properties(asked.properties, PROPERTIES)
    missing = unique_ids(call, asked.ids or ())
    return {"accountId": asked.account_id, "state": _STATE, "list": [], "notFound": missing}


async def changes(call: Call, arguments: Object) -> Object:
    """RFC 8621 §7.2."""
    return unchanging(call.arguments(arguments, ChangesArguments), _STATE)


async def query(call: Call, arguments: Object) -> Object:
    """RFC 8621 §7.3."""
    asked = call.arguments(arguments, QueryArguments)
    _check_query(asked)
    return query_response(call, asked, page_of(call, asked, [], asked.anchor), 0, _STATE, can_calculate=True)


async def query_changes(call: Call, arguments: Object) -> Object:
    """RFC 8621 §7.4."""
    asked = call.arguments(arguments, QueryChangesArguments)
    _check_query(asked)
    return no_query_changes(asked, _STATE, 0)


def _check_query(asked: QueryArguments | QueryChangesArguments) -> None:
    if any(item.property not in ("emailId", "threadId", "sentAt") for item in asked.sort or ()):
        raise MethodError("unsupportedSort")
    if asked.filter and "operator" not in asked.filter and not set(asked.filter) <= _CONDITIONS:
        raise MethodError("unsupportedFilter")


async def set_submissions(call: Call, arguments: Object) -> Object:
    """RFC 8621 §7.5; the implicit Email/set comes after all creates, its response after this one's."""
    asked = call.arguments(arguments, SubmissionSet)
    check_set(call, asked, _STATE)
    result = SetResult(asked.account_id, _STATE)
    sent: dict[str, str] = {}
    for creation, wanted in (asked.create or {}).items():
        try:
            result.created[creation], email = await _submit(call, wanted)
            call.created_ids[creation] = result.created[creation]["id"]
            sent["#" + creation] = sent[result.created[creation]["id"]] = email
        except (SetError, GatepostError) as error:
            result.not_created[creation] = _error(call, error)
    missing = SetError("notFound").object()
    result.not_updated = dict.fromkeys(asked.update or {}, missing)
    result.not_destroyed = dict.fromkeys(asked.destroy or (), missing)
    implicit = SetArguments(
        asked.account_id,
        update={sent[key]: patch for key, patch in (asked.on_success_update_email or {}).items() if key in sent}
        or None,
        destroy=[sent[key] for key in asked.on_success_destroy_email or () if key in sent] or None,
    )
    if implicit.update or implicit.destroy:
        call.also("Email/set", await apply_set(call, implicit))
    return result.response(_STATE)


def _error(call: Call, error: SetError | GatepostError) -> Object:
    try:
        return set_error(error, call.room.max_message)
    except GatepostError:
        return SetError("forbiddenToSend", "This message is not accepted.").object()


async def _submit(call: Call, wanted: Object) -> tuple[Object, str]:
    """Sends; the server-set properties and the email's id. Raises SetError, and what the submission door raises."""
    unknown = [name for name in wanted if name not in ("identityId", "emailId", "envelope")]
    if unknown:
        raise invalid(unknown)
    identity = identities(call.account).get(str(wanted.get("identityId")))
    placed = await _email(call, wanted.get("emailId"))
    if identity is None or placed is None:
        raise invalid([name for name, item in (("identityId", identity), ("emailId", placed)) if item is None])
    email = placed.email
    if email.size > call.room.submission.max_message:
        raise SetError("tooLarge", maxSize=call.room.submission.max_message)
    content = await call.mail.read_blob(email.blob)
    given = wanted.get("envelope")
    if given is not None:
        sender, recipients = read_envelope(given)
    else:
        sender, recipients = envelope_of(content, email.index.root)
        if not _may_send_as(call, sender):
            sender = identity["email"]  # RFC 8621 §7: the identity's, where the message names another
    _check(call, sender, recipients)
    envelope = Envelope(sender, recipients, protocol="HTTP")
    receipt = await call.room.submission.send(call.connection, call.account, envelope, content)
    made: Object = {
        "id": "S" + "".join(c for c in receipt.id if c.isascii() and c.isalnum()),
        "threadId": thread_object_id(email.thread),
        "sendAt": utc_date(call.room.now()),
        "undoStatus": "final",
        "deliveryStatus": None,
        "dsnBlobIds": [],
        "mdnBlobIds": [],
    }
    if given is None:
        made["envelope"] = {
            "mailFrom": {"email": sender, "parameters": None},
            "rcptTo": [{"email": recipient, "parameters": None} for recipient in recipients],
        }
    return made, email_object_id(email.id)


async def _email(call: Call, text: Any) -> PlacedEmail | None:
    number = parse_email_id(call.real_id(text)) if isinstance(text, str) else None
    found = await visible(call, [number]) if number is not None else []
    return found[0] if found else None


def _may_send_as(call: Call, sender: str) -> bool:
    try:
        call.room.submission.check_sender(call.account, sender)
    except (NotYourAddress, BadMailAddress):
        return False
    return True


def _check(call: Call, sender: str, recipients: tuple[str, ...]) -> None:
    """Raises SetError forbiddenMailFrom, noRecipients, tooManyRecipients, invalidRecipients (RFC 8621 §7.5)."""
    if not _may_send_as(call, sender):
        raise SetError("forbiddenMailFrom")
    if not recipients:
        raise SetError("noRecipients")
    if len(recipients) > MAX_RECIPIENTS:
        raise SetError("tooManyRecipients", maxRecipients=MAX_RECIPIENTS)
    bad: list[str] = []
    for recipient in recipients:
        try:
            call.room.submission.check_recipient(call.connection, call.account, recipient)
        except (NotLocal, NoSuchAccount, BadMailAddress):
            bad.append(recipient)
    if bad:
        raise SetError("invalidRecipients", invalidRecipients=bad)
