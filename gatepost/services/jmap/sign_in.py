"""Every HTTP request signs in anew through the auth door, on a kept-alive connection too: no session, no cookie.

A request without credentials is only told how to sign in. What looks like credentials and is none counts as wrong.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from gatepost.mail.auth import AuthDoor, Closed, Granted, TryLater, Verdict
from gatepost.model.account import Account
from gatepost.model.connection import Connection
from gatepost.model.errors import Temporary
from gatepost.model.secret import Secret
from gatepost.services.jmap.problems import problem, try_later, unauthorized, unavailable

MAX_CREDENTIALS = 8192
"""Octets of an Authorization field; more is malformed."""

_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}) +([!-~]+(?: +[!-~]+)*)")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]+={0,2}")
_TOKEN = re.compile(rb"[A-Za-z0-9\-._~+/]+=*")
_AGENT = re.compile(r"[A-Za-z0-9._-]{1,40}", re.ASCII)
SignedIn: TypeAlias = tuple[Connection, Account]


def connection_of(request: Request) -> Connection:
    """Who is at the other end, as the acceptor knows it."""
    connection: Connection = request.scope["state"]["connection"]
    return connection


async def sign_in(auth: AuthDoor, request: Request) -> SignedIn | Response:
    """The account whose credentials the request carries, or the answer that refuses it."""
    connection = connection_of(request)
    fields = [value for name, value in request.scope["headers"] if name == b"authorization"]
    if not fields:
        return unauthorized()
    if not auth.allows_passwords(connection):
        # RFC 7617 §4, RFC 6750 §5.3: neither may cross the network in the clear
        return problem(403, "Credentials are only taken over TLS.")
    try:
        verdict = await _ask(auth, connection, fields, _kind(request))
    except Temporary:
        return unavailable()
    if isinstance(verdict, Granted):
        return connection, verdict.account
    if isinstance(verdict, TryLater):
        return try_later(verdict.retry_after)
    if isinstance(verdict, Closed):
        request.scope["state"]["abort"]("banned")
    return unauthorized()


async def _ask(auth: AuthDoor, connection: Connection, fields: list[bytes], kind: str) -> Verdict:
    """Basic (RFC 7617) and Bearer (RFC 6750); the door is told of whatever else it is, too (law 1)."""
    match = _FIELD.fullmatch(fields[0]) if len(fields) == 1 and len(fields[0]) <= MAX_CREDENTIALS else None
    scheme, rest = (match[1].lower(), match[2]) if match else (b"", b"")
    if scheme == b"basic" and (pair := _basic(rest)) is not None:
        return await auth.password(connection, pair[0], Secret(pair[1]), kind, mechanism="BASIC")
    if scheme == b"bearer" and _TOKEN.fullmatch(rest):
        return await auth.bearer(connection, Secret(rest), kind)
    return await auth.malformed(connection, "BEARER" if scheme == b"bearer" else "BASIC", kind)


def _basic(encoded: bytes) -> tuple[str, bytes] | None:
    """RFC 7617 §2: base64 of `user:password`, UTF-8, no control characters in the user."""
    if not _BASE64.fullmatch(encoded):
        return None
    try:
        user, colon, password = base64.b64decode(encoded, validate=True).partition(b":")
        login = user.decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (login, password) if colon and login.isprintable() else None


def _kind(request: Request) -> str:
    """The client's kind: the product of its User-Agent without the version."""
    match = _AGENT.match(request.headers.get("user-agent", ""))
    return f"http:{match[0].lower()}" if match else "http:"
