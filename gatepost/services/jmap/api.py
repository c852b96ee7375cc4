"""The API resource: a Request object in, its method calls one after the other, a Response object out (RFC 8620 §3)."""

from __future__ import annotations

import asyncio

from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from gatepost.journal import Journal
from gatepost.model.account import Account
from gatepost.model.connection import Connection
from gatepost.model.errors import GatepostError
from gatepost.model.events import Failed
from gatepost.ports.mailstore import AccountMail
from gatepost.proto.jmap.errors import MethodError, Object, RequestError
from gatepost.proto.jmap.references import Budget, resolve
from gatepost.proto.jmap.request import Invocation, Request, decode_request, encode_response
from gatepost.services.jmap.body import TooLarge, TooSlow, read_body
from gatepost.services.jmap.call import Call, Room, responses
from gatepost.services.jmap.methods import CAPABILITIES, METHODS
from gatepost.services.jmap.problems import over_limit, problem, request_problem
from gatepost.services.jmap.render import method_error

_IN_A_THREAD = 256 * 1024


class Api:
    """Answers API requests."""

    def __init__(self, room: Room, journal: Journal) -> None:
        self._room, self._journal = room, journal

    async def answer(
        self, http: HttpRequest, connection: Connection, account: Account, mail: AccountMail, session_state: str
    ) -> Response:
        """The Response object, or the problem with the request as a whole."""
        options = self._room.options
        try:
            if http.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
                raise RequestError("notJSON", "The request's content type is not application/json.")
            body = await read_body(http, options.max_request, float(options.body_timeout))
            request = await _decode(body, options.max_calls)
        except RequestError as error:
            return request_problem(error)
        except TooLarge:
            return over_limit("maxSizeRequest", f"At most {options.max_request} octets in a request.")
        except TooSlow:
            return problem(408, "The request did not come in time.")
        created = dict(request.created_ids or {})
        results = await self._run(request, created, connection, account, mail)
        octets = encode_response(results, created if request.created_ids is not None else None, session_state)
        return Response(octets, media_type="application/json", headers={"Cache-Control": "no-store"})

    async def _run(
        self, request: Request, created: dict[str, str], connection: Connection, account: Account, mail: AccountMail
    ) -> list[Invocation]:
        """RFC 8620 §3.3: in order; a call that fails does not stop the next one."""
        results: list[Invocation] = []
        budget = Budget(self._room.options.max_response)
        for invocation in request.calls:
            call = Call(self._room, connection, account, mail, created, budget, request.using)
            try:
                result = await self._call(invocation, call, resolve(invocation.arguments, results, budget))
                results.extend(responses(invocation, result, call))
            except MethodError as error:
                results.append(Invocation("error", error.arguments(), invocation.call_id))
        return results

    async def _call(self, invocation: Invocation, call: Call, arguments: Object) -> Object:
        entry = METHODS.get(invocation.name)
        if entry is None or entry.capability not in call.using:
            raise MethodError("unknownMethod")
        try:
            return await entry.method(call, arguments)
        except MethodError:
            raise
        except GatepostError as error:
            if (found := method_error(error)).kind == "serverFail":
                self._note(call, invocation.name, error)
            raise found from None
        except Exception as error:
            self._note(call, invocation.name, error)
            raise MethodError("serverFail", "Something went wrong here. The server's log knows more.") from None

    def _note(self, call: Call, method: str, error: Exception) -> None:
        text = f"{method}: {type(error).__name__}: {error}"
        self._journal.note(Failed(at=self._room.now(), topic="jmap", text=text[:500], connection=call.connection.id))


async def _decode(body: bytes, max_calls: int) -> Request:
    if len(body) > _IN_A_THREAD:
        return await asyncio.to_thread(decode_request, body, _KNOWN, max_calls)
    return decode_request(body, _KNOWN, max_calls)


_KNOWN = dict.fromkeys(CAPABILITIES)
