"""What a failed TLS handshake says of the peer: whether it spoke TLS at all.

A client that distrusts the certificate, is too old, or goes away in the middle did; it is never told to the guard.
"""

from __future__ import annotations

import ssl

from gatepost.model.connection import Connection
from gatepost.model.events import Abuse

_NO_TLS = frozenset({"HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "WRONG_VERSION_NUMBER"})
"""OpenSSL's reasons for a first record that is none of SSL 3.0 to TLS 1.3. An old version is VERSION_TOO_LOW or
UNKNOWN_PROTOCOL, a broken hello UNEXPECTED_MESSAGE or BAD_EXTENSION, distrust an alert or a reset."""


def spoke_no_tls(error: BaseException | None) -> bool:
    """Whether the handshake failed because what came was no TLS."""
    return isinstance(error, ssl.SSLError) and error.reason in _NO_TLS


def garbage(connection: Connection, at: float) -> Abuse:
    """The event for it."""
    return Abuse(at, connection.id, connection.door.value, str(connection.client), "tls-garbage")
