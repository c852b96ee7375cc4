"""Email/get (RFC 8621 §4.2)."""

from __future__ import annotations

import msgspec

from gatepost.model.ids import email_object_id, parse_email_id
from gatepost.model.mail import EmailId
from gatepost.model.search import Everything
from gatepost.proto.jmap.bodies import DEFAULT_PART_PROPERTIES
from gatepost.proto.jmap.email import GET_DEFAULTS, Wanted, check_wanted
from gatepost.proto.jmap.errors import MethodError, Object
from gatepost.services.jmap.call import Call
from gatepost.services.jmap.methods.email_reading import email_object, visible
from gatepost.services.jmap.methods.standard import UnsignedInt, unique_ids


class ReadArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """What Email/get and Email/parse share."""

    account_id: str
    properties: list[str] | None = None
    body_properties: list[str] | None = None
    fetch_text_body_values: bool = False
    fetch_html_body_values: bool = msgspec.field(name="fetchHTMLBodyValues", default=False)
    fetch_all_body_values: bool = False
    max_body_value_bytes: UnsignedInt = 0

    def wanted(self, defaults: tuple[str, ...]) -> Wanted:
        """Checked. Raises MethodError invalidArguments."""
        properties = defaults if self.properties is None else tuple(self.properties)
        parts = DEFAULT_PART_PROPERTIES if self.body_properties is None else tuple(self.body_properties)
        return check_wanted(
            Wanted(
                tuple(dict.fromkeys(properties)),
                tuple(dict.fromkeys(parts)),
                text_values=self.fetch_text_body_values,
                html_values=self.fetch_html_body_values,
                all_values=self.fetch_all_body_values,
                max_value=self.max_body_value_bytes,
            )
        )


class EmailGet(ReadArguments, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """RFC 8621 §4.2."""

    ids: list[str] | None = None


async def get(call: Call, arguments: Object) -> Object:
    """RFC 8621 §4.2."""
    asked = call.arguments(arguments, EmailGet)
    wanted = asked.wanted(GET_DEFAULTS)
    state = str((await call.mail.states()).email)
    if asked.ids is None:
        numbers = await call.mail.query(Everything(), ())
        if len(numbers) > call.options.max_get:
            raise MethodError("requestTooLarge")
        ids = {email_object_id(number): number for number in numbers}
    else:
        known = ((text, parse_email_id(text)) for text in unique_ids(call, asked.ids))
        ids = {text: number if number is not None else EmailId(0) for text, number in known}
    found = [await email_object(call, placed, wanted) for placed in await visible(call, list(ids.values()))]
    seen = {item["id"] for item in found}
    missing = [text for text in ids if text not in seen] if asked.ids is not None else []
    return {"accountId": asked.account_id, "state": state, "list": found, "notFound": missing}
