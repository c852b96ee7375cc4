"""SCRAM, server side (RFC 5802, RFC 7677), over the scramp library. The caller looks up the keys and decides about the
proof's consequences; a login that nobody has is given keys that no password fits."""

from __future__ import annotations

from collections.abc import Callable

from scramp import ScramException, ScramMechanism

from gatepost.model.account import ScramKeys

MAX_MESSAGE = 4096
BINDING = "tls-server-end-point"
"""The one channel binding that is offered (RFC 5929 §4)."""


class ScramFailed(Exception):
    """`malformed` True: not a SCRAM message; False: the proof is wrong."""

    def __init__(self, malformed: bool) -> None:
        super().__init__("malformed message" if malformed else "invalid proof")
        self.malformed = malformed


class ScramConversation:
    """first(client-first) -> server-first; final(client-final) -> server-final, or ScramFailed. `binding` is our
    certificate's tls-server-end-point where a -PLUS mechanism is offered too: then a client that says that it saw none
    offered (`y`) is refused, because somebody changed what it saw (RFC 5802 §6)."""

    def __init__(self, mechanism: str, keys_of: Callable[[str], ScramKeys], nonce: str, binding: bytes = b"") -> None:
        self.login = ""
        self._keys_of = keys_of
        bound = (BINDING, binding) if binding else None
        self._server = ScramMechanism(mechanism).make_server(self._look_up, channel_binding=bound, s_nonce=nonce)

    def _look_up(self, login: str) -> tuple[bytes, bytes, bytes, int]:
        self.login = login
        keys = self._keys_of(login)
        return keys.salt, keys.stored_key, keys.server_key, keys.iterations

    def first(self, message: bytes) -> bytes:
        """The server-first message. Raises ScramFailed."""
        try:
            self._server.set_client_first(_text(message))
            answer: str = self._server.get_server_first()
        except (ScramException, ValueError) as error:
            raise ScramFailed(malformed=True) from error
        return answer.encode()

    def final(self, message: bytes) -> bytes:
        """The server-final message: the proof was right. Raises ScramFailed."""
        try:
            self._server.set_client_final(_text(message))
            answer: str = self._server.get_server_final()
        except (ScramException, ValueError) as error:
            wrong = str(getattr(getattr(error, "server_error", None), "value", "")) == "invalid-proof"
            raise ScramFailed(malformed=not wrong) from error
        return answer.encode()


def _text(message: bytes) -> str:
    if len(message) > MAX_MESSAGE:
        raise ValueError("too long")
    return message.decode()
