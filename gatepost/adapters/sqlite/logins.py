"""What somebody typed as a login, as the one key under which it counts (GUARD law 7)."""

from __future__ import annotations

import hashlib
import unicodedata

import apsw

from gatepost.adapters.sqlite.rows import fetch_all, fetch_first
from gatepost.model.account import AccountId, Login
from gatepost.model.mailaddr import BadMailAddress, canonical_address, fold_local

_MAX_KEY = 320
_MOST_NAMES = 50_000  # that are held in memory


def canonical_login(text: str, default_domain: str) -> str:
    """Case, domain completion and `+detail` undone, whatever the text is; bounded in length, free of control characters."""
    typed = _printable(unicodedata.normalize("NFC", text).strip())
    if "@" not in typed:
        typed = f"{typed}@{default_domain}"
    try:
        key = canonical_address(typed)
    except (BadMailAddress, UnicodeError):
        local, _, domain = typed.rpartition("@")
        key = f"{fold_local(local)}@{unicodedata.normalize('NFC', domain.strip().lower())}"
    key = _printable(key)
    if len(key) > _MAX_KEY:
        return "~" + hashlib.blake2b(key.encode(), digest_size=20).hexdigest()
    return key


def _printable(text: str) -> str:
    """Nobody's address holds another character (accounts.new_address), and a key is written to logs. Done first too: a character
    that was replaced must not be read otherwise the next time."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


class Names:
    """All addresses and aliases, so that an invented login costs no query: under attack most are. Read anew after every
    change of the directory."""

    def __init__(self, db: apsw.Connection) -> None:
        row = fetch_first(db, "SELECT min(name) FROM domain")
        self.first_domain: str = row[0] if row is not None and row[0] else "localhost"
        names = fetch_all(db, "SELECT email FROM account UNION ALL SELECT alias FROM alias LIMIT ?", (_MOST_NAMES + 1,))
        self._known = frozenset(name for (name,) in names) if len(names) <= _MOST_NAMES else None

    def may_know(self, key: str) -> bool:
        """False for a key that is surely nobody's."""
        return self._known is None or key in self._known


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
