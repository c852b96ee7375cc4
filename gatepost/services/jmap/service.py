"""JMAP as an ASGI application: its resources, and the sign-in before each of them.

The acceptor speaks HTTP and puts the connection into each request's scope; nothing else tells who is there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TypeAlias

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from gatepost.journal import Journal
from gatepost.mail.auth import AuthDoor
from gatepost.mail.mailbox import MailboxDoor
from gatepost.mail.submission import SubmissionDoor
from gatepost.model.account import Account
from gatepost.model.connection import Connection
from gatepost.model.events import Abuse, Failed
from gatepost.ports.clock import Clock
from gatepost.services.jmap.api import Api
from gatepost.services.jmap.call import Room
from gatepost.services.jmap.events import Streams, read_ask
from gatepost.services.jmap.limits import Busy, Concurrency
from gatepost.services.jmap.options import JmapOptions
from gatepost.services.jmap.problems import over_limit, problem
from gatepost.services.jmap.scanners import is_scanner_path
from gatepost.services.jmap.session import base_url, session_object
from gatepost.services.jmap.sign_in import connection_of, sign_in
from gatepost.services.jmap.transfers import download, upload

Endpoint: TypeAlias = Callable[[Request, Connection, Account], Awaitable[Response]]
_WELCOME = (
    "This is Gatepost, a mail server.\nJMAP: /.well-known/jmap (RFC 8620), with your mail address and password.\n"
)


class JmapService:
    """`app` is the ASGI application. `max_message` in octets."""

    def __init__(
        self,
        *,
        auth: AuthDoor,
        mailboxes: MailboxDoor,
        submission: SubmissionDoor,
        journal: Journal,
        clock: Clock,
        hostname: str,
        options: JmapOptions,
        max_message: int,
    ) -> None:
        self._auth, self._mailboxes, self._journal, self._clock = auth, mailboxes, journal, clock
        self._hostname, self._options, self._max_message = hostname, options, max_message
        self._api = Api(Room(submission, options, hostname, max_message, clock.now), journal)
        self._requests = Concurrency(options.concurrent_requests)
        self._uploads = Concurrency(options.concurrent_uploads)
        self._streams = Streams(options.event_streams)
        self.app = Starlette(
            routes=[
                Route("/", self._welcome),
                Route("/.well-known/jmap", self._well_known),
                Route("/jmap/session", self._signed_in(self._session)),
                Route("/jmap/api", self._signed_in(self._call), methods=["POST"]),
                Route("/jmap/upload/{account}", self._signed_in(self._upload), methods=["POST"]),
                Route("/jmap/download/{account}/{blob}/{name:path}", self._signed_in(self._download)),
                Route("/jmap/eventsource", self._signed_in(self._events)),
            ],
            exception_handlers={HTTPException: self._no_route, Exception: self._broken},
        )
        self.app.router.redirect_slashes = False

    def stop(self) -> None:
        """The server is stopping: event streams end."""
        self._streams.stop()

    # -- resources that anybody may see -----------------------------------------------------------------------------
    async def _welcome(self, request: Request) -> Response:
        return PlainTextResponse(_WELCOME)

    async def _well_known(self, request: Request) -> Response:
        # RFC 8620 §2.2: clients follow redirects
        return RedirectResponse("/jmap/session", 307, {"Cache-Control": "no-store"})

    # -- resources behind the sign-in -------------------------------------------------------------------------------
    def _signed_in(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            found = await sign_in(self._auth, request)
            return found if isinstance(found, Response) else await endpoint(request, *found)

        return guarded

    async def _session(self, request: Request, connection: Connection, account: Account) -> Response:
        session = session_object(account, self._base(request), self._options, self._max_message)
        headers = {"Cache-Control": "no-cache, no-store, must-revalidate"}
        return Response(msgspec.json.encode(session), media_type="application/json", headers=headers)

    async def _call(self, request: Request, connection: Connection, account: Account) -> Response:
        session = session_object(account, self._base(request), self._options, self._max_message)
        try:
            with self._requests.one(account.id):
                mail = self._mailboxes.open(account)
                return await self._api.answer(request, connection, account, mail, session["state"])
        except Busy:
            return over_limit("maxConcurrentRequests", "Too many requests at a time.", 429)

    async def _upload(self, request: Request, connection: Connection, account: Account) -> Response:
        try:
            with self._uploads.one(account.id):
                return await upload(request, account, self._mailboxes.open(account), self._options)
        except Busy:
            return over_limit("maxConcurrentUpload", "Too many uploads at a time.", 429)

    async def _download(self, request: Request, connection: Connection, account: Account) -> Response:
        return await download(request, account, self._mailboxes.open(account))

    async def _events(self, request: Request, connection: Connection, account: Account) -> Response:
        if request.method == "HEAD":
            return Response(media_type="text/event-stream")
        ask = read_ask(request.query_params, request.headers.get("last-event-id", ""), self._options)
        return self._streams.open(account, self._mailboxes.open(account), ask)

    def _base(self, request: Request) -> str:
        return base_url(request, self._options, self._hostname)

    # -- what goes wrong --------------------------------------------------------------------------------------------
    async def _no_route(self, request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        if status == 404 and is_scanner_path(request.url.path):
            at, who = self._clock.now(), connection_of(request)
            self._journal.note(Abuse(at, who.id, who.door.value, str(who.client), "scanner-path"))
        headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
        return problem(status, f"{HTTPStatus(status).phrase}.", headers=headers)

    async def _broken(self, request: Request, error: Exception) -> Response:
        text = f"{request.method} {request.url.path[:80]}: {type(error).__name__}: {error}"
        self._journal.note(Failed(self._clock.now(), "jmap", text[:500], connection_of(request).id))
        return problem(500, "Something went wrong here. The server's log knows more.")
