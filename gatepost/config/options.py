"""The whole configuration as types. Each section's options are declared by their owner; this only puts them together."""

from __future__ import annotations

import socket
from typing import Annotated, Literal, Self

import msgspec
from msgspec import Meta

from gatepost.adapters.accesstokens import OAuthOptions
from gatepost.adapters.kernel.options import DropOptions
from gatepost.guard.options import GuardOptions
from gatepost.model.connection import Door
from gatepost.model.units import Duration, Size
from gatepost.services.imap.options import ImapOptions
from gatepost.services.jmap.options import JmapOptions
from gatepost.services.managesieve.options import ManageSieveOptions
from gatepost.services.pop3.options import Pop3Options
from gatepost.services.smtp.options import SmtpOptions


class Endpoint(msgspec.Struct, frozen=True):
    """One `address:port` to listen on; `proxy_protocol` requires the PROXY header from a trusted proxy."""

    host: str
    port: int
    proxy_protocol: bool = False

    @classmethod
    def read(cls, value: object) -> Self:
        """From `"127.0.0.1:25"`, `"[::1]:25"`, or a table with `address` and `proxy_protocol`. Raises ValueError."""
        proxied = False
        if isinstance(value, dict):
            unknown = sorted(set(value) - {"address", "proxy_protocol"})
            if unknown:
                raise ValueError(f"a table with address and proxy_protocol (there is no {unknown[0]!r})")
            proxied = value.get("proxy_protocol", False)
            value = value.get("address")
            if not isinstance(proxied, bool):
                raise ValueError("a table whose proxy_protocol is true or false")
        if isinstance(value, str):
            host, colon, port = value.rpartition(":")
            host = host.strip()
            bracketed = host.startswith("[") and host.endswith("]")
            if bracketed:
                host = host[1:-1]
            if host == "*":
                host = "::"
                bracketed = True
            if colon and port.isascii() and port.isdigit() and int(port) <= 65535 and _is_address(host, bracketed):
                return cls(host, int(port), proxied)
        raise ValueError('"address:port" such as "0.0.0.0:25" or "[::]:25", or a table with address and proxy_protocol')

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _is_address(host: str, bracketed: bool) -> bool:
    try:
        socket.inet_pton(socket.AF_INET6 if bracketed else socket.AF_INET, host)
    except OSError:
        return False
    return True


Endpoints = tuple[Endpoint, ...]


class ListenOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where each service listens; an empty list turns a service off."""

    smtp: Annotated[Endpoints, Meta(description="Mail from other servers (MX), with STARTTLS.")] = (
        Endpoint("127.0.0.1", 2525),
    )
    submission: Annotated[Endpoints, Meta(description="Mail from one's own users, with STARTTLS.")] = (
        Endpoint("127.0.0.1", 2587),
    )
    submissions: Annotated[Endpoints, Meta(description="The same with TLS from the first octet.")] = (
        Endpoint("127.0.0.1", 2465),
    )
    imap: Annotated[Endpoints, Meta(description="IMAP, with STARTTLS.")] = (Endpoint("127.0.0.1", 2143),)
    imaps: Annotated[Endpoints, Meta(description="IMAP with TLS from the first octet.")] = (
        Endpoint("127.0.0.1", 2993),
    )
    pop3: Annotated[Endpoints, Meta(description="POP3, with STLS.")] = (Endpoint("127.0.0.1", 2110),)
    pop3s: Annotated[Endpoints, Meta(description="POP3 with TLS from the first octet.")] = (
        Endpoint("127.0.0.1", 2995),
    )
    managesieve: Annotated[Endpoints, Meta(description="Sieve scripts, with STARTTLS.")] = (
        Endpoint("127.0.0.1", 4190),
    )
    http: Annotated[Endpoints, Meta(description="JMAP without TLS: behind a reverse proxy, or on loopback.")] = (
        Endpoint("127.0.0.1", 2080),
    )
    https: Annotated[Endpoints, Meta(description="JMAP with TLS.")] = (Endpoint("127.0.0.1", 2443),)

    def of(self, door: Door) -> Endpoints:
        """The endpoints of one door."""
        found: Endpoints = getattr(self, door.value)
        return found


class TlsOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The certificate, read again when the files change and on SIGHUP."""

    certificate: Annotated[
        str, Meta(description="PEM file with the certificate and its chain; empty: a self-signed one is made.")
    ] = ""
    key: Annotated[str, Meta(description="PEM file with the private key; empty: in the certificate's file.")] = ""


class TrustedOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose word about a client's address is believed."""

    proxies: Annotated[
        tuple[str, ...],
        Meta(description="Addresses and networks of proxies that may send PROXY headers and X-Forwarded-For."),
    ] = ()


class AuthSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How people may sign in."""

    plaintext: Annotated[
        Literal["never", "loopback", "always"],
        Meta(description="Where passwords may travel without TLS: nowhere, from this host to itself, or anywhere."),
    ] = "loopback"
    scram_sha1: Annotated[
        bool,
        Meta(
            description="Whether SCRAM-SHA-1 is offered beside SCRAM-SHA-256, for clients that know no other. Keys for it "
            "are made when a password is set or next used in the clear."
        ),
    ] = False
    remember: Annotated[
        Duration, Meta(description="How long a right password is remembered, so that reconnecting costs no hash.")
    ] = Duration(300)
    hashing_processes: Annotated[
        int,
        Meta(
            ge=0,
            le=256,
            description="Processes that hash passwords, besides one that is never kept waiting; 0: one a processor.",
        ),
    ] = 0


class LimitsOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one peer, and all together, may use."""

    connections: Annotated[int, Meta(ge=1, description="Connections in all.")] = 20_000
    connections_per_source: Annotated[
        int, Meta(ge=1, description="Connections from one source (IPv4 address, IPv6 /64).")
    ] = 200
    message_size: Annotated[Size, Meta(description="The largest message taken.")] = Size(50 * 1024 * 1024)
    memory: Annotated[
        Size, Meta(description="Octets that all connections together may hold while commands and messages come in.")
    ] = Size(512 * 1024 * 1024)
    quota: Annotated[Size, Meta(description="An account's room where it has none of its own; 0: no limit.")] = Size(0)
    stop_grace: Annotated[Duration, Meta(description="How long a stopping server waits for what is under way.")] = (
        Duration(10)
    )
    script_size: Annotated[Size, Meta(description="The largest Sieve script.")] = Size(256 * 1024)
    scripts: Annotated[int, Meta(ge=1, description="Sieve scripts an account may keep.")] = 64


class ExpireOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Mail that goes by itself, once a day, when it has lain in such a mailbox for so long; `0s`: never."""

    trash: Annotated[Duration, Meta(description="In the mailbox for deleted mail.")] = Duration(0)
    junk: Annotated[Duration, Meta(description="In the mailbox for unwanted mail.")] = Duration(0)


class LogOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The log: one line an event."""

    format: Annotated[
        Literal["auto", "text", "json"],
        Meta(description="`text` to be read, `json` to be processed; `auto`: text on a terminal, else json."),
    ] = "auto"
    level: Annotated[
        Literal["debug", "info", "notice", "warning", "error"], Meta(description="The quietest events written.")
    ] = "info"
    file: Annotated[str, Meta(description="A file to append to; empty: standard error.")] = ""


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file. Every key is optional."""

    hostname: Annotated[
        str, Meta(description="This server's name, in greetings and Received fields; empty: the host's own name.")
    ] = ""
    data: Annotated[str, Meta(description="The folder that holds everything.")] = "data"
    default_domain: Annotated[
        str, Meta(description="The domain that completes logins without one; empty: the first domain by name.")
    ] = ""
    listen: Annotated[ListenOptions, Meta(description="Where each service listens.")] = ListenOptions()
    tls: Annotated[TlsOptions, Meta(description="The certificate.")] = TlsOptions()
    trusted: Annotated[TrustedOptions, Meta(description="Proxies.")] = TrustedOptions()
    auth: Annotated[AuthSection, Meta(description="Signing in.")] = AuthSection()
    oauth: Annotated[OAuthOptions, Meta(description="Access tokens.")] = OAuthOptions()
    guard: Annotated[GuardOptions, Meta(description="The guard.")] = GuardOptions()
    drop: Annotated[DropOptions, Meta(description="Keeping banned peers away early.")] = DropOptions()
    limits: Annotated[LimitsOptions, Meta(description="Budgets.")] = LimitsOptions()
    expire: Annotated[ExpireOptions, Meta(description="Old mail.")] = ExpireOptions()
    log: Annotated[LogOptions, Meta(description="The log.")] = LogOptions()
    smtp: Annotated[SmtpOptions, Meta(description="SMTP on the MX port.")] = SmtpOptions()
    submission: Annotated[SmtpOptions, Meta(description="Submission.")] = SmtpOptions()
    imap: Annotated[ImapOptions, Meta(description="IMAP.")] = ImapOptions()
    pop3: Annotated[Pop3Options, Meta(description="POP3.")] = Pop3Options()
    managesieve: Annotated[ManageSieveOptions, Meta(description="ManageSieve.")] = ManageSieveOptions()
    jmap: Annotated[JmapOptions, Meta(description="JMAP.")] = JmapOptions()
