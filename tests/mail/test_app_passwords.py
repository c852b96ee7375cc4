"""App passwords and the memory of right ones."""

from __future__ import annotations

import re

from gatepost.mail.app_passwords import AppPasswords
from gatepost.mail.remembered import Remembered
from gatepost.model.account import AccountId
from gatepost.model.secret import Secret

ADA = AccountId("ada1")


class Hands:
    """A clock that a test moves."""

    at = 1000.0

    def now(self) -> float:
        return self.at


def test_an_app_password_is_known_by_its_check_group() -> None:
    ours, theirs = AppPasswords(b"k" * 32), AppPasswords(b"x" * 32)
    secret = ours.generate()
    text = secret.reveal().decode()
    assert re.fullmatch(r"([a-z2-7]{4}-){4}[a-z2-7]{4}", text)
    assert ours.matches_form(secret)
    digest = ours.digest(secret)
    assert digest is not None
    for spelling in (text.upper(), text.replace("-", ""), text.replace("-", " ")):
        assert ours.digest(Secret(spelling)) == digest
    assert theirs.digest(secret) is None
    other = ("b" if text[0] == "a" else "a") + text[1:]
    assert ours.matches_form(Secret(other))
    assert ours.digest(Secret(other)) is None
    for no in ("", "analytical-engine", "aaaa-bbbb-cccc-dddd", "aaaa-bbbb-cccc-dddd-eee1", "a" * 5000):
        assert not ours.matches_form(Secret(no))


def test_a_right_password_is_remembered_for_a_while_beside_its_hash() -> None:
    clock = Hands()
    memory = Remembered(clock, 300.0, size=2)
    memory.keep(ADA, "hash-1", Secret("right"))
    assert memory.knows(ADA, "hash-1", Secret("right"))
    assert not memory.knows(ADA, "hash-1", Secret("wrong"))
    assert not memory.knows(ADA, "hash-2", Secret("right"))
    clock.at += 301
    assert not memory.knows(ADA, "hash-1", Secret("right"))
    memory.keep(ADA, "hash-1", Secret("right"))
    memory.forget(ADA)
    assert not memory.knows(ADA, "hash-1", Secret("right"))
    for name in ("a", "b", "c"):
        memory.keep(AccountId(name), "h", Secret("right"))
    assert not memory.knows(AccountId("a"), "h", Secret("right"))
    assert memory.knows(AccountId("c"), "h", Secret("right"))
    never = Remembered(clock, 0.0)
    never.keep(ADA, "h", Secret("right"))
    assert not never.knows(ADA, "h", Secret("right"))
