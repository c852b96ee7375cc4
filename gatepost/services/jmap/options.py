"""The JMAP service's options."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from gatepost.model.units import Duration, Size


class JmapOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Section `[jmap]`. The limits are told to clients in the session object (RFC 8620 §2)."""

    url: Annotated[
        str,
        Meta(
            pattern=r"^(https?://[^/\s]+(/\S*)?)?$",
            description="Public address, e.g. `https://mail.example.org`, where a proxy stands in front. Empty: taken "
            "from each request's Host field.",
        ),
    ] = ""
    max_request: Annotated[Size, Meta(description="Largest request to the API.")] = Size(10 * 1024**2)
    max_response: Annotated[
        Size, Meta(description="Largest answer to one request; what would go beyond it is refused as requestTooLarge.")
    ] = Size(50 * 1024**2)
    max_upload: Annotated[Size, Meta(description="Largest file that may be uploaded.")] = Size(50 * 1024**2)
    max_calls: Annotated[int, Meta(ge=1, le=1000, description="Method calls in one request.")] = 32
    max_get: Annotated[int, Meta(ge=1, le=10_000, description="Objects that one /get may ask for.")] = 500
    max_set: Annotated[int, Meta(ge=1, le=10_000, description="Objects that one /set may change.")] = 500
    max_results: Annotated[int, Meta(ge=100, le=1_000_000, description="Ids that one /query returns.")] = 10_000
    concurrent_requests: Annotated[int, Meta(ge=1, le=1000, description="Requests at a time for one account.")] = 8
    concurrent_uploads: Annotated[int, Meta(ge=1, le=1000, description="Uploads at a time for one account.")] = 4
    event_streams: Annotated[int, Meta(ge=1, le=1000, description="Open event streams for one account.")] = 16
    min_ping: Annotated[Duration, Meta(description="Shortest time between pings; at most 30s (RFC 8620 §7.3).")] = (
        Duration(15)
    )
    max_ping: Annotated[Duration, Meta(description="Longest time between pings; at least 300s.")] = Duration(900)
    body_timeout: Annotated[Duration, Meta(description="A request's body has to be here within this time.")] = Duration(
        120
    )
