"""Errors over HTTP: problem details (RFC 7807, RFC 8620 §3.6.1). Fixed sentences only."""

from __future__ import annotations

import math
from http import HTTPStatus

import msgspec
from starlette.responses import Response

from gatepost.proto.jmap.errors import RequestError


def problem(
    status: int, detail: str, kind: str = "about:blank", headers: dict[str, str] | None = None, **more: str
) -> Response:
    """A problem details object as the answer."""
    body = {"type": kind, "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return Response(msgspec.json.encode(body), status, headers, "application/problem+json")


def request_problem(error: RequestError) -> Response:
    """The request as a whole is refused."""
    more = {"limit": error.limit} if error.limit else {}
    return problem(400, error.detail, f"urn:ietf:params:jmap:error:{error.kind}", None, **more)


def over_limit(limit: str, detail: str, status: int = 400) -> Response:
    """One of the limits of the session object would be passed."""
    return problem(status, detail, "urn:ietf:params:jmap:error:limit", None, limit=limit)


def not_found() -> Response:
    """Nothing is there, or nothing that this account may see."""
    return problem(404, "There is nothing here.")


def unauthorized() -> Response:
    """One answer for no, malformed and wrong credentials (RFC 7235 §3.1)."""
    challenge = 'Basic realm="Gatepost", charset="UTF-8", Bearer realm="Gatepost"'
    return problem(401, "Authentication failed.", headers={"WWW-Authenticate": challenge})


def try_later(seconds: float) -> Response:
    """Refused without being looked at; waiting helps."""
    wait = str(max(1, math.ceil(seconds)))
    return problem(429, "Too many attempts. Try again later.", headers={"Retry-After": wait})


def unavailable() -> Response:
    """Nothing was changed; it may work later."""
    return problem(503, "Temporarily unavailable. Try again later.", headers={"Retry-After": "30"})
