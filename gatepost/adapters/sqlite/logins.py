"""What somebody typed as a login, as the one key under which it counts (GUARD law 7)."""

from __future__ import annotations

import hashlib
import unicodedata

import apsw

from gatepost.adapters.sqlite.rows import fetch_all, fetch_first
from gatepost.model.account import AccountId, Login
from gatepost.model.mailaddr import BadMailAddress, canonical_address, fold_local

_MAX_KEY = 320


def canonical_login(text: str, default_domain: str) -> str:
    """Case, domain completion and `+detail` undone, whatever the text is; bounded in length, free of control characters."""
    typed = unicodedata.normalize("NFC", text).strip()
    if "@" not in typed:
        typed = f"{typed}@{default_domain}"
    try:
        key = canonical_address(typed)
    except (BadMailAddress, UnicodeError):
        local, _, domain = typed.rpartition("@")
        key = f"{fold_local(local)}@{domain.strip().lower()}"
    # nobody's address holds such a character (accounts.new_address), and a key is written to logs
    key = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in key)
    if len(key) > _MAX_KEY:
        return "~" + hashlib.blake2b(key.encode(), digest_size=20).hexdigest()
    return key


def resolve(db: apsw.Connection, key: str) -> Login:
    """Whose login it is: an account's address, or an alias of one account only. A catch-all is nobody's login: made-up
    names in its domain would all be guesses at one account."""
    row = fetch_first(db, "SELECT id, disabled FROM account WHERE email = ?", (key,))
    if row is not None:
        return Login(key, None if row[1] else AccountId(row[0]))
    if key.startswith("@"):
        return Login(key)
    rows = fetch_all(
        db,
        "SELECT a.email, a.id, a.disabled FROM alias s JOIN account a ON a.id = s.account WHERE s.alias = ? LIMIT 2",
        (key,),
    )
    if len(rows) != 1:
        return Login(key)
    email, number, disabled = rows[0]
    return Login(email, None if disabled else AccountId(number))
