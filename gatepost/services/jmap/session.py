"""The session object: what this server can do for this account (RFC 8620 §2, RFC 8621 §1.3, RFC 9425 §2)."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import msgspec
from starlette.requests import Request

from gatepost.model.account import Account
from gatepost.proto.jmap.errors import Object
from gatepost.proto.jmap.filter import COLLATIONS, COMPARATORS
from gatepost.services.jmap.methods import CAPABILITIES, CORE, MAIL, SUBMISSION
from gatepost.services.jmap.options import JmapOptions
from gatepost.services.jmap.sign_in import connection_of

_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?", re.ASCII)


def base_url(request: Request, options: JmapOptions, hostname: str) -> str:
    """Where clients find us, without a slash at the end."""
    if options.url:
        return options.url.rstrip("/")
    connection = connection_of(request)
    host = request.headers.get("host", "")
    scheme = "https" if connection.tls is not None or connection.door.implicit_tls else "http"
    return f"{scheme}://{host if _HOST.fullmatch(host) else hostname}"


def session_object(account: Account, base: str, options: JmapOptions, max_message: int) -> Object:
    """The Session, with its state."""
    values = _account_values(max_message)
    personal: Object = {uri: values.get(uri, {}) for uri in CAPABILITIES if uri != CORE}
    session: Object = {
        "capabilities": {uri: _core(options) if uri == CORE else {} for uri in CAPABILITIES},
        "accounts": {
            account.id: {
                "name": account.email,
                "isPersonal": True,
                "isReadOnly": False,
                "accountCapabilities": personal,
            }
        },
        "primaryAccounts": dict.fromkeys(personal, account.id),
        "username": account.email,
        "apiUrl": f"{base}/jmap/api",
        "downloadUrl": f"{base}/jmap/download/{{accountId}}/{{blobId}}/{{name}}?accept={{type}}",
        "uploadUrl": f"{base}/jmap/upload/{{accountId}}",
        "eventSourceUrl": f"{base}/jmap/eventsource?types={{types}}&closeafter={{closeafter}}&ping={{ping}}",
    }
    digest = hashlib.sha256(msgspec.json.encode(session)).hexdigest()
    return {**session, "state": digest[:16]}


def _core(options: JmapOptions) -> Object:
    return {
        "maxSizeUpload": int(options.max_upload),
        "maxConcurrentUpload": options.concurrent_uploads,
        "maxSizeRequest": int(options.max_request),
        "maxConcurrentRequests": options.concurrent_requests,
        "maxCallsInRequest": options.max_calls,
        "maxObjectsInGet": options.max_get,
        "maxObjectsInSet": options.max_set,
        "collationAlgorithms": list(COLLATIONS),
    }


def _account_values(max_message: int) -> dict[str, Any]:
    return {
        MAIL: {
            "maxMailboxesPerEmail": None,
            "maxMailboxDepth": None,
            "maxSizeMailboxName": 200,
            # base64 makes four octets out of three, and lines; some room for the rest (RFC 8621 §1.3.1)
            "maxSizeAttachmentsPerEmail": max(0, (max_message - 65536) * 8 // 11),
            "emailQuerySortOptions": list(COMPARATORS),
            "mayCreateTopLevelMailbox": True,
        },
        # RFC 8621 §1.3.2: sent at once, no SMTP extensions to choose from
        SUBMISSION: {"maxDelayedSend": 0, "submissionExtensions": {}},
    }
