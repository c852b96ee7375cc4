"""Mail addresses and domains in their canonical form (RFC 5321 §4.1.2, RFC 6531 §3.3). Not the header grammar: see proto/mime."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LITERAL = re.compile(r"\[[0-9A-Za-z.:-]{3,64}\]", re.ASCII)


class BadMailAddress(ValueError):
    """The text is not a mail address or domain that this server can hold."""


@lru_cache(maxsize=1024)
def canonical_domain(text: str) -> str:
    """Lower case, NFC, IDNA A-labels (`bücher.example` -> `xn--bcher-kva.example`). Raises BadMailAddress."""
    domain = unicodedata.normalize("NFC", text.strip()).rstrip(".").lower()
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError as error:
            raise BadMailAddress(f"not a domain: {text!r}") from error
    labels = domain.split(".")
    if len(domain) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise BadMailAddress(f"not a domain: {text!r}")
    return domain


def is_address_literal(domain: str) -> bool:
    """Whether the domain part is an address literal such as `[192.0.2.1]` (RFC 5321 §4.1.3)."""
    return _LITERAL.fullmatch(domain) is not None


def split_address(text: str) -> tuple[str, str]:
    """`local@domain` -> (local part as given, canonical domain). Raises BadMailAddress."""
    local, at, domain = text.rpartition("@")
    if not at or not local or len(local.encode()) > 64 or _CONTROL.search(local):
        raise BadMailAddress(f"not a mail address: {text!r}")
    return local, canonical_domain(domain)


def canonical_address(text: str) -> str:
    """The key under which an account or alias is kept: local part in lower case and NFC, without `+detail`; canonical
    domain. Case folding of the local part is our policy for local accounts (RFC 5321 §2.4 leaves it to the final host)."""
    local, domain = split_address(text)
    return f"{fold_local(local)}@{domain}"


def fold_local(local: str) -> str:
    """Lower case, NFC, `+detail` dropped (RFC 5233's subaddress)."""
    folded = unicodedata.normalize("NFC", local.strip().lower())  # lower case last would not always be NFC
    base = folded.partition("+")[0].rstrip()
    return base or folded


def detail_of(local: str) -> str | None:
    """The `detail` of `user+detail`, or None (RFC 5233 §4)."""
    base, plus, detail = local.partition("+")
    return detail if plus and base else None
