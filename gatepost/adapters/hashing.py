"""What is slow about passwords, and the process that does it: `python -m gatepost.adapters.hashing FD MANNER`.

A process and not a thread: a thread of low priority that holds the interpreter's lock while others keep its core busy holds
up the event loop, and every sign-in and FETCH behind it, for as long as that lasts. It speaks over one socket that keeps
messages apart (SOCK_SEQPACKET), one request and one answer at a time, both MessagePack, and ends when the socket does.
Not here: the queue before it (`passwords`), and who may be looked at (the guard).
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import hmac
import os
import signal
import socket
import struct
import sys
from functools import lru_cache
from typing import TypeAlias

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gatepost.adapters import importedhashes
from gatepost.model.account import ScramKeys
from gatepost.proto.sasl.saslprep import Unpreparable, saslprep

SCRAM_SHA256, SCRAM_SHA1 = "SCRAM-SHA-256", "SCRAM-SHA-1"
_DIGESTS = {SCRAM_SHA256: "sha256", SCRAM_SHA1: "sha1"}
SCRAM_ITERATIONS = 10_000
"""RFC 7677 §4 asks for 4,096 at least. Computed here once, when a password is set; afterwards the client computes them."""
MAX_OCTETS = 1024
"""A longer secret is wrong; it costs the same as any other."""
LARGEST = 65_536
"""Octets of a request or an answer."""
PROMPT, PATIENT = "prompt", "patient"
"""How a process shares the machine. A patient one gets the time that nobody else wants: guesses come by the thousand, and a
process that is merely nice keeps its core for some milliseconds when the event loop wakes."""
NICENESS = {PROMPT: 5, PATIENT: 15}
_PR_SET_NO_NEW_PRIVS, _CAPABILITY_VERSION_3 = 38, 0x20080522  # linux/prctl.h, linux/capability.h


class Verify(msgspec.Struct, frozen=True, tag="v", array_like=True):
    """Whether a secret is the one behind a hash; the empty hash is nobody's. Answered with a bool."""

    hashed: str
    secret: bytes


class MakeHash(msgspec.Struct, frozen=True, tag="h", array_like=True):
    """A new argon2id hash, answered as a PHC string."""

    secret: bytes


class MakeScramKeys(msgspec.Struct, frozen=True, tag="s", array_like=True):
    """SCRAM keys of a password that was prepared (SASLprep), for each mechanism; answered with as many ScramKeys."""

    mechanisms: tuple[str, ...]
    secret: bytes


Request: TypeAlias = Verify | MakeHash | MakeScramKeys
Answer: TypeAlias = bool | str | tuple[ScramKeys, ...]


_OWN = "$argon2id$v=19$m=19456,t=2,p=1$"
"""Hashes made here, of prepared passwords; other servers' may be of octets as they came."""


@lru_cache(1)
def _hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


@lru_cache(1)
def _dummy() -> str:
    """What nobody's password is computed against, so that it takes the same time."""
    return _hasher().hash(os.urandom(16))


def perform(request: Request) -> Answer:
    """The answer; takes tens of milliseconds, whatever it is."""
    match request:
        case Verify(hashed, secret):
            return _verify(hashed, secret)
        case MakeHash(secret):
            return _hasher().hash(prepared(secret))
        case MakeScramKeys(mechanisms, secret):
            return tuple(_scram_keys(name, secret, os.urandom(16)) for name in mechanisms)


def prepared(secret: bytes) -> bytes:
    """One password, however the keyboard wrote its letters (SASLprep; RFC 4616 §2, RFC 6856 §2.2). What SASLprep has no form for stays
    as it is."""
    if secret.isascii():
        return secret
    try:
        return saslprep(secret.decode()).encode()
    except (UnicodeDecodeError, Unpreparable):
        return secret


def _verify(hashed: str, secret: bytes) -> bool:
    """A hash of a kind that is unknown here is computed against the dummy and is wrong."""
    if not hashed or len(secret) > MAX_OCTETS:
        _argon2(_dummy(), secret[:MAX_OCTETS])
        return False
    if hashed.startswith("$argon2"):
        return _argon2(hashed, prepared(secret) if hashed.startswith(_OWN) else secret)
    answer = importedhashes.verify(hashed, secret)
    if answer is None:
        _argon2(_dummy(), secret)
    return bool(answer)


def _argon2(hashed: str, secret: bytes) -> bool:
    try:
        return _hasher().verify(hashed, secret)
    except (VerificationError, InvalidHashError):
        return False


def _scram_keys(mechanism: str, password: bytes, salt: bytes) -> ScramKeys:
    """RFC 5802 §3."""
    digest = _DIGESTS[mechanism]
    salted = hashlib.pbkdf2_hmac(digest, password, salt, SCRAM_ITERATIONS)
    client_key = hmac.digest(salted, b"Client Key", digest)
    server_key = hmac.digest(salted, b"Server Key", digest)
    return ScramKeys(mechanism, salt, hashlib.new(digest, client_key).digest(), server_key, SCRAM_ITERATIONS)


def serve(sock: socket.socket) -> None:
    """Answers until the other end is closed."""
    _dummy()
    decode = msgspec.msgpack.Decoder(Request).decode
    while octets := sock.recv(LARGEST):
        sock.sendall(msgspec.msgpack.encode(perform(decode(octets))))


def give_way(manner: str) -> None:
    """Lets the event loop run first, on a machine with few cores. Without SCHED_IDLE (sched(7), Linux) niceness must do."""
    os.nice(NICENESS[manner])
    if manner == PATIENT and sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def renounce() -> None:
    """Gives up the server's capabilities (CAP_BPF, CAP_NET_BIND_SERVICE) and every way to new ones, for good (Linux): what reads
    strangers' passwords needs none. Of root's uid nothing is taken: modules that are imported late may be root's to read only."""
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.geteuid():
        header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITY_VERSION_3, 0))
        libc.capset(header, ctypes.create_string_buffer(24))  # effective, permitted, inheritable, of 64 bits each: none


def main() -> None:
    """The process. What ends it is the server's end, however that came: never a signal that was meant for the server."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    give_way(sys.argv[2])
    renounce()
    with socket.socket(fileno=int(sys.argv[1])) as sock:
        serve(sock)


if __name__ == "__main__":
    main()
