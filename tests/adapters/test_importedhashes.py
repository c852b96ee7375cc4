"""Hashes made elsewhere."""

from __future__ import annotations

import pytest

from gatepost.adapters import importedhashes
from gatepost.adapters.importedhashes import WrongLibrary, assert_libpass, verify


def test_crypt_strings() -> None:
    from passlib.hash import bcrypt, ldap_salted_sha512, sha256_crypt, sha512_crypt

    for scheme in (
        sha512_crypt.using(rounds=1000),
        sha256_crypt.using(rounds=1000),
        bcrypt.using(rounds=4),
        ldap_salted_sha512,
    ):
        hashed = scheme.hash("secret")
        assert verify(hashed, b"secret") is True
        assert verify(hashed, b"Secret") is False
    assert verify("{BLF-CRYPT}" + bcrypt.using(rounds=4).hash("s"), b"s") is True
    assert verify("{SHA512-CRYPT}" + sha512_crypt.using(rounds=1000).hash("s"), b"s") is True


def test_bcrypt_beyond_72_octets_is_as_where_it_was_made() -> None:
    from passlib.hash import bcrypt

    hashed = bcrypt.using(rounds=4).hash("x" * 72)
    assert verify(hashed, b"x" * 100) is True
    assert verify(hashed, b"x" * 71) is False


def test_yescrypt_of_the_system() -> None:
    crypt = importedhashes._crypt_module()
    hashed = crypt.crypt("secret", "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$") if crypt else None
    if not hashed or not hashed.startswith("$y$"):
        pytest.skip("this system's crypt does not know yescrypt")
    assert verify(hashed, b"secret") is True
    assert verify(hashed, b"Secret") is False


@pytest.mark.parametrize(
    "hashed", ["", "plain", "{PLAIN}secret", "{NOBODY}x", "$9$x", "$y$", "$2b$", "$6$", "\x00", "{", "$y$\x00"]
)
@pytest.mark.parametrize("secret", [b"secret", b"", b"a\x00b", b"\xff"])
def test_nothing_else_is_believed_or_raises(hashed: str, secret: bytes) -> None:
    assert not verify(hashed, secret)


def test_the_right_library_is_asserted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert_libpass()

    class Found:
        def __init__(self, name: str) -> None:
            self.metadata = {"Name": name}

    monkeypatch.setattr(importedhashes.metadata, "distributions", lambda: [Found("libpass"), Found("passlib")])
    with pytest.raises(WrongLibrary):
        assert_libpass()
