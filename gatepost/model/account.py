"""Accounts and logins: who somebody is, once and for every door."""

from __future__ import annotations

from typing import NewType

import msgspec

AccountId = NewType("AccountId", str)
"""Opaque, stable, unique for ever; `[a-z0-9]+`, so that it may be a JMAP id and a folder's name."""


class Account(msgspec.Struct, frozen=True):
    """One account. `email` is its canonical primary address; `addresses` also holds its aliases; `disabled` accounts
    keep receiving mail and cannot sign in. `quota` in octets, 0 for none."""

    id: AccountId
    email: str
    name: str = ""
    addresses: tuple[str, ...] = ()
    disabled: bool = False
    quota: int = 0


class Login(msgspec.Struct, frozen=True):
    """A login as it counts: `key` is canonical (case, domain completion, alias, `+detail`), the same for every spelling;
    `account` is None where nobody has that name, which no peer may learn."""

    key: str
    account: AccountId | None = None


class AppPassword(msgspec.Struct, frozen=True):
    """An app password as listed: never the secret itself. Times in seconds since the epoch; `used` 0 for never."""

    name: str
    created: float
    used: float = 0.0


class ScramKeys(msgspec.Struct, frozen=True):
    """What a server keeps for SCRAM (RFC 5802 §3): no password can be got back from it but by guessing."""

    mechanism: str
    salt: bytes
    stored_key: bytes
    server_key: bytes
    iterations: int


class Credentials(msgspec.Struct, frozen=True):
    """Everything that proves an account's owner, as kept: PHC strings (`$argon2id$...`) or imported crypt strings."""

    password: str = ""
    scram: tuple[ScramKeys, ...] = ()
    previous: tuple[str, ...] = ()
    """Hashes replaced within the last 30 days, newest first: a stale device is told from a guesser by them."""
