"""A connection as the doors know it: who is at the other end, at which door, under which protection."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from gatepost.model.address import Address


class Door(StrEnum):
    """The services' names, as configured under `[listen]`, logged and counted."""

    SMTP = "smtp"
    SUBMISSION = "submission"
    SUBMISSIONS = "submissions"
    IMAP = "imap"
    IMAPS = "imaps"
    POP3 = "pop3"
    POP3S = "pop3s"
    MANAGESIEVE = "managesieve"
    HTTP = "http"
    HTTPS = "https"

    @property
    def implicit_tls(self) -> bool:
        """Whether TLS begins before the first octet of the protocol (RFC 8314 §3)."""
        return self in _IMPLICIT_TLS

    @property
    def family(self) -> str:
        """The protocol behind the door: one of smtp, submission, imap, pop3, managesieve, jmap."""
        return _FAMILY[self]


_IMPLICIT_TLS = frozenset({Door.SUBMISSIONS, Door.IMAPS, Door.POP3S, Door.HTTPS})
_FAMILY = {
    Door.SMTP: "smtp",
    Door.SUBMISSION: "submission",
    Door.SUBMISSIONS: "submission",
    Door.IMAP: "imap",
    Door.IMAPS: "imap",
    Door.POP3: "pop3",
    Door.POP3S: "pop3",
    Door.MANAGESIEVE: "managesieve",
    Door.HTTP: "jmap",
    Door.HTTPS: "jmap",
}


class Connection(msgspec.Struct, frozen=True):
    """`client` is who counts (from the PROXY header where the listener requires one), `peer` who holds the socket.
    `tls` is the negotiated version and cipher, e.g. `TLSv1.3 TLS_AES_256_GCM_SHA384`, or None without TLS.
    `endpoint_binding` is the channel binding tls-server-end-point (RFC 5929 §4) of our certificate, empty without TLS."""

    id: str
    door: Door
    client: Address
    client_port: int
    peer: Address
    local: Address
    local_port: int
    tls: str | None = None
    endpoint_binding: bytes = b""

    @property
    def proxied(self) -> bool:
        """Whether a trusted proxy stands between the client and us."""
        return self.client != self.peer

    @property
    def private_path(self) -> bool:
        """Whether nobody can listen in: TLS, or both ends on this host."""
        return self.tls is not None or (self.client.loopback and self.local.loopback and not self.proxied)
