"""The directory's rows: what each look-up and each change does to them."""

from __future__ import annotations

import re
import secrets

import apsw
import msgspec

from gatepost.adapters.sqlite.rows import fetch_all, fetch_first
from gatepost.model.account import Account, AccountId, Credentials, ScramKeys
from gatepost.model.errors import AccountExists, DomainInUse, NoSuchAccount, NoSuchDomain
from gatepost.model.mailaddr import BadMailAddress, canonical_address, canonical_domain, detail_of

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_ACCOUNT = "SELECT id, email, name, disabled, quota FROM account"
# RFC 5321 §4.1.2 Dot-string, with RFC 6531's non-ASCII; quoted local parts are nobody's address here
_LOCAL = re.compile(r"[\w!#$%&'*/=?^`{|}~-]+(?:\.[\w!#$%&'*/=?^`{|}~-]+)*")
_decode = msgspec.msgpack.Decoder(Credentials).decode
_encode = msgspec.msgpack.Encoder().encode


def new_address(text: str) -> str:
    """The canonical form of an address that may be given to somebody. Raises BadMailAddress."""
    address = canonical_address(text)
    local = address.rpartition("@")[0]
    if not _LOCAL.fullmatch(local) or detail_of(text.rpartition("@")[0]) is not None:
        raise BadMailAddress(f"nobody can have the address {text!r}")
    return address


def new_alias(text: str) -> str:
    """The same for an alias, which may be `@domain`: all of the domain that nobody else has. Raises BadMailAddress."""
    return "@" + canonical_domain(text[1:]) if text.startswith("@") else new_address(text)


def _account(db: apsw.Connection, row: tuple[object, ...]) -> Account:
    number, email, name, disabled, quota = row
    rows = db.execute("SELECT alias FROM alias WHERE account = ? ORDER BY alias", (str(number),))
    addresses = (email, *(alias for (alias,) in rows))
    return Account(AccountId(str(number)), str(email), str(name), addresses, bool(disabled), quota)  # type: ignore[arg-type]


def by_id(db: apsw.Connection, account: AccountId) -> Account | None:
    """By id."""
    row = fetch_first(db, f"{_ACCOUNT} WHERE id = ?", (account,))
    return None if row is None else _account(db, row)


def by_address(db: apsw.Connection, address: str) -> tuple[Account, ...]:
    """Everybody whom a canonical address or alias leads to, by email."""
    row = fetch_first(db, f"{_ACCOUNT} WHERE email = ?", (address,))
    if row is not None:
        return (_account(db, row),)
    query = f"{_ACCOUNT} WHERE id IN (SELECT account FROM alias WHERE alias = ?) ORDER BY email"  # noqa: S608 - constants
    rows = fetch_all(db, query, (address,))
    return tuple(_account(db, row) for row in rows)


def listed(db: apsw.Connection, domain: str | None) -> tuple[Account, ...]:
    """By email."""
    rows = fetch_all(db, f"{_ACCOUNT} ORDER BY email")
    return tuple(_account(db, row) for row in rows if _within(row[1], domain))


def aliases(db: apsw.Connection, domain: str | None) -> tuple[tuple[str, str], ...]:
    """(alias, account's email), sorted."""
    query = "SELECT s.alias, a.email FROM alias s JOIN account a ON a.id = s.account ORDER BY s.alias, a.email"
    return tuple((alias, email) for alias, email in fetch_all(db, query) if _within(alias, domain))


def _within(address: str, domain: str | None) -> bool:
    if domain is None:
        return True
    try:
        return address.rpartition("@")[2] == canonical_domain(domain)
    except BadMailAddress:
        return False


def credentials(db: apsw.Connection, account: AccountId) -> Credentials:
    """Raises NoSuchAccount."""
    row = fetch_first(db, "SELECT credentials FROM account WHERE id = ?", (account,))
    if row is None:
        raise NoSuchAccount(account)
    return _decode(row[0])


def has_domain(db: apsw.Connection, domain: str) -> bool:
    """Whether mail for it is delivered here."""
    return fetch_first(db, "SELECT 1 FROM domain WHERE name = ?", (domain,)) is not None


def add_domain(db: apsw.Connection, domain: str) -> None:
    """Twice does no harm."""
    db.execute("INSERT OR IGNORE INTO domain (name) VALUES (?)", (domain,))


def remove_domain(db: apsw.Connection, domain: str) -> None:
    """Raises NoSuchDomain, DomainInUse."""
    if not has_domain(db, domain):
        raise NoSuchDomain(domain)
    if listed(db, domain) or aliases(db, domain):
        raise DomainInUse(domain)
    db.execute("DELETE FROM domain WHERE name = ?", (domain,))


def add(db: apsw.Connection, address: str, owned: Credentials, name: str, quota: int) -> Account:
    """Raises NoSuchDomain, AccountExists."""
    _require_domain(db, address)
    if by_address(db, address):
        raise AccountExists(address)
    number = AccountId(secrets.choice(_ALPHABET[:26]) + "".join(secrets.choice(_ALPHABET) for _ in range(9)))
    db.execute(
        "INSERT INTO account (id, email, name, disabled, quota, credentials) VALUES (?, ?, ?, 0, ?, ?)",
        (number, address, name, quota, _encode(owned)),
    )
    return Account(number, address, name, (address,), False, quota)


def remove(db: apsw.Connection, account: AccountId) -> None:
    """With aliases and app passwords. Raises NoSuchAccount."""
    _require(db, account)
    db.execute("DELETE FROM alias WHERE account = ?", (account,))
    db.execute("DELETE FROM app_password WHERE account = ?", (account,))
    db.execute("DELETE FROM account WHERE id = ?", (account,))


def set_credentials(db: apsw.Connection, account: AccountId, owned: Credentials) -> None:
    """Raises NoSuchAccount."""
    _require(db, account)
    db.execute("UPDATE account SET credentials = ? WHERE id = ?", (_encode(owned), account))


def add_scram_keys(db: apsw.Connection, account: AccountId, password: str, keys: tuple[ScramKeys, ...]) -> None:
    """Raises NoSuchAccount."""
    owned = credentials(db, account)
    have = {own.mechanism for own in owned.scram}
    more = tuple(new for new in keys if new.mechanism not in have)
    if more and owned.password == password:
        set_credentials(db, account, msgspec.structs.replace(owned, scram=owned.scram + more))


def set_disabled(db: apsw.Connection, account: AccountId, disabled: bool) -> None:
    """Raises NoSuchAccount."""
    _require(db, account)
    db.execute("UPDATE account SET disabled = ? WHERE id = ?", (disabled, account))


def add_alias(db: apsw.Connection, alias: str, email: str) -> None:
    """Raises NoSuchDomain, NoSuchAccount, AccountExists."""
    _require_domain(db, alias)
    row = fetch_first(db, "SELECT id FROM account WHERE email = ?", (email,))
    if row is None:
        raise NoSuchAccount(email)
    if fetch_first(db, "SELECT 1 FROM account WHERE email = ?", (alias,)):
        raise AccountExists(alias)
    if fetch_first(db, "SELECT 1 FROM alias WHERE alias = ? AND account = ?", (alias, row[0])):
        raise AccountExists(alias)
    db.execute("INSERT INTO alias (alias, account) VALUES (?, ?)", (alias, row[0]))


def remove_alias(db: apsw.Connection, alias: str, email: str | None) -> None:
    """The alias, or its way to one account only. Raises NoSuchAccount."""
    gone = fetch_all(
        db,
        "DELETE FROM alias WHERE alias = ?1 AND (?2 IS NULL OR account = (SELECT id FROM account WHERE email = ?2)) RETURNING 1",
        (alias, email),
    )
    if not gone:
        raise NoSuchAccount(alias)


def add_app_password(db: apsw.Connection, account: AccountId, name: str, digest: bytes, at: float) -> None:
    """Raises NoSuchAccount, AccountExists."""
    _require(db, account)
    known = "SELECT 1 FROM app_password WHERE (account = ? AND name = ?) OR digest = ?"
    if fetch_first(db, known, (account, name, digest)):
        raise AccountExists(name)
    db.execute("INSERT INTO app_password VALUES (?, ?, ?, ?, 0)", (account, name, digest, at))


def revoke_app_password(db: apsw.Connection, account: AccountId, name: str) -> None:
    """Raises NoSuchAccount: also where the account has no app password of this name."""
    query = "DELETE FROM app_password WHERE account = ? AND name = ? RETURNING 1"
    if not fetch_all(db, query, (account, name)):
        raise NoSuchAccount(name)


def note_used(db: apsw.Connection, used: dict[tuple[AccountId, str], float]) -> None:
    """When app passwords were last used."""
    for (account, name), at in used.items():
        db.execute("UPDATE app_password SET used = max(used, ?) WHERE account = ? AND name = ?", (at, account, name))


def _require(db: apsw.Connection, account: AccountId) -> None:
    if fetch_first(db, "SELECT 1 FROM account WHERE id = ?", (account,)) is None:
        raise NoSuchAccount(account)


def _require_domain(db: apsw.Connection, address: str) -> None:
    domain = address.rpartition("@")[2]
    if not has_domain(db, domain):
        raise NoSuchDomain(domain)
