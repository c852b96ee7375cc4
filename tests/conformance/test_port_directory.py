"""The directory: logins in any spelling, addresses, aliases, credentials."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gatepost.model.account import AccountId, Credentials, ScramKeys
from gatepost.model.errors import AccountExists, DomainInUse, NoSuchAccount, NoSuchDomain, NotLocal
from gatepost.model.mailaddr import BadMailAddress
from gatepost.ports.directory import Directory

OWNED = Credentials("$argon2id$x", (ScramKeys("SCRAM-SHA-256", b"s", b"k", b"v", 4096),), ("$old",))


@pytest.fixture
async def ada(directory: Directory) -> AccountId:
    await directory.add_domain("example.org")
    await directory.add_domain("Bücher.example")
    return (await directory.add_account("Ada@Example.org", OWNED, "Ada", quota=5)).id


@pytest.mark.parametrize(
    "typed",
    [
        "ada",
        "ADA",
        " ada@example.org ",
        "Ada@EXAMPLE.org.",
        "ada+phone",
        "ada+x+y@example.org",
        "a.l@example.org",
        "A.L",
    ],
)
async def test_every_spelling_is_one_login(directory: Directory, ada: AccountId, typed: str) -> None:
    await directory.add_alias("a.l@example.org", "ada@example.org")
    assert directory.login(typed) == type(directory.login("x"))("ada@example.org", ada)


async def test_unknown_logins_have_a_key_too(directory: Directory, ada: AccountId) -> None:
    assert directory.login("Nobody+x") == directory.login("NOBODY@example.org")
    assert directory.login("nobody").key == "nobody@example.org"
    assert directory.login("nobody").account is None
    assert directory.login("x@" + "y" * 5000).key != directory.login("x@" + "z" * 5000).key
    assert len(directory.login("x" * 100_000).key) < 400


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(typed=st.text(max_size=40))
@example(typed="\x1b@\N{INVERTED EXCLAMATION MARK}")
async def test_no_login_raises_and_a_key_is_its_own_key(directory: Directory, typed: str) -> None:
    key = directory.login(typed).key
    assert key.isprintable()
    assert directory.login(key).key == key


async def test_an_ambiguous_alias_and_a_catch_all_are_nobodys_login(directory: Directory, ada: AccountId) -> None:
    await directory.add_account("bob@example.org", Credentials())
    for target in ("ada@example.org", "bob@example.org"):
        await directory.add_alias("team@example.org", target)
    await directory.add_alias("@example.org", "ada@example.org")
    assert directory.login("team").account is None
    assert directory.login("team").key == "team@example.org"
    assert directory.login("made-up").account is None
    assert directory.login("@example.org").account is None
    with pytest.raises(NoSuchAccount):
        directory.find("team@example.org")
    assert [a.email for a in directory.recipients("Team+x@example.org")] == ["ada@example.org", "bob@example.org"]
    assert [a.email for a in directory.recipients("made-up@example.org")] == ["ada@example.org"]
    with pytest.raises(NotLocal):
        directory.recipients("@example.org")


async def test_disabled_accounts_get_mail_and_cannot_sign_in(directory: Directory, ada: AccountId) -> None:
    await directory.set_disabled(ada, True)
    assert directory.login("ada").account is None
    assert directory.login("ada").key == "ada@example.org"
    assert directory.recipients("ada@example.org")[0].disabled
    assert directory.account(ada).disabled
    await directory.set_disabled(ada, False)
    assert directory.login("ada").account == ada


async def test_recipients(directory: Directory, ada: AccountId) -> None:
    assert directory.recipients("ADA+lists@example.org")[0].id == ada
    with pytest.raises(NoSuchAccount):
        directory.recipients("nobody@example.org")
    for foreign in ("ada@example.com", "", "no address", "a@b\x00c"):
        with pytest.raises(NotLocal):
            directory.recipients(foreign)
    assert directory.holds("BÜCHER.example")
    assert not directory.holds("nonsense..")
    assert directory.domains() == ("example.org", "xn--bcher-kva.example")


async def test_accounts(directory: Directory, ada: AccountId) -> None:
    account = directory.account(ada)
    assert (account.email, account.name, account.quota, account.addresses) == (
        "ada@example.org",
        "Ada",
        5,
        ("ada@example.org",),
    )
    assert directory.find("ada@example.org") == account
    assert directory.accounts() == directory.accounts("EXAMPLE.org") == (account,)
    assert directory.accounts("xn--bcher-kva.example") == ()
    assert directory.credentials(ada) == OWNED
    await directory.set_credentials(ada, Credentials("$new"))
    assert directory.credentials(ada) == Credentials("$new")
    for taken in ("ada@example.org", "ADA@example.org"):
        with pytest.raises(AccountExists):
            await directory.add_account(taken, OWNED)
    with pytest.raises(NoSuchDomain):
        await directory.add_account("ada@example.com", OWNED)
    for bad in (
        "ada",
        "a b@example.org",
        "a+b@example.org",
        ".a@example.org",
        '"a"@example.org',
        "a\r@example.org",
        "@example.org",
    ):
        with pytest.raises(BadMailAddress):
            await directory.add_account(bad, OWNED)


async def test_removing_an_account_takes_all_of_it(directory: Directory, ada: AccountId) -> None:
    await directory.add_alias("info@example.org", "ada@example.org")
    await directory.add_app_password(ada, "phone", b"digest", 1.0)
    await directory.remove_account(ada)
    assert directory.account(ada) is None
    assert directory.aliases() == ()
    assert directory.app_password(b"digest") is None
    for gone in (
        directory.remove_account(ada),
        directory.set_credentials(ada, OWNED),
        directory.set_disabled(ada, True),
        directory.add_app_password(ada, "x", b"y", 1.0),
        directory.add_alias("x@example.org", "ada@example.org"),
    ):
        with pytest.raises(NoSuchAccount):
            await gone
    with pytest.raises(NoSuchAccount):
        directory.credentials(ada)
    assert (await directory.add_account("ada@example.org", OWNED)).id != ada


async def test_domains(directory: Directory, ada: AccountId) -> None:
    await directory.add_domain("EXAMPLE.org")
    with pytest.raises(DomainInUse):
        await directory.remove_domain("example.org")
    await directory.remove_account(ada)
    await directory.remove_domain("example.org")
    with pytest.raises(NoSuchDomain):
        await directory.remove_domain("example.org")
    with pytest.raises(BadMailAddress):
        await directory.add_domain("under_score")


async def test_aliases(directory: Directory, ada: AccountId) -> None:
    await directory.add_alias("Info@example.org", "ADA@example.org")
    assert directory.aliases() == (("info@example.org", "ada@example.org"),)
    assert directory.find("info@example.org").addresses == ("ada@example.org", "info@example.org")
    for again in ("info@example.org", "ada@example.org"):
        with pytest.raises(AccountExists):
            await directory.add_alias(again, "ada@example.org")
    with pytest.raises(AccountExists):
        await directory.add_account("info@example.org", OWNED)
    with pytest.raises(NoSuchDomain):
        await directory.add_alias("info@example.com", "ada@example.org")
    with pytest.raises(NoSuchAccount):
        await directory.remove_alias("info@example.org", "bob@example.org")
    await directory.remove_alias("INFO@example.org")
    with pytest.raises(NoSuchAccount):
        await directory.remove_alias("info@example.org")


async def test_app_passwords(directory: Directory, ada: AccountId) -> None:
    await directory.add_app_password(ada, "phone", b"one", 5.0)
    await directory.add_app_password(ada, "desk", b"two", 6.0)
    assert directory.app_password(b"one") == (ada, "phone")
    assert directory.app_password(b"none") is None
    with pytest.raises(AccountExists):
        await directory.add_app_password(ada, "phone", b"three", 7.0)
    directory.note_app_password_used(ada, "phone", 9.0)
    assert [(p.name, p.created, p.used) for p in directory.app_passwords(ada)] == [
        ("desk", 6.0, 0.0),
        ("phone", 5.0, 9.0),
    ]
    await directory.revoke_app_password(ada, "phone")
    assert directory.app_password(b"one") is None
    with pytest.raises(NoSuchAccount):
        await directory.revoke_app_password(ada, "phone")


async def test_secret_keys_stay(directory: Directory) -> None:
    key = directory.secret_key("tags")
    assert len(key) == 32
    assert directory.secret_key("tags") == key != directory.secret_key("other")


async def test_missing_scram_keys_are_added_while_the_password_is_the_same(
    directory: Directory, ada: AccountId
) -> None:
    sha1 = ScramKeys("SCRAM-SHA-1", b"s1", b"k1", b"v1", 4096)
    other = ScramKeys("SCRAM-SHA-256", b"other", b"k", b"v", 4096)
    await directory.add_scram_keys(ada, "$argon2id$another", (sha1,))
    assert directory.credentials(ada) == OWNED
    await directory.add_scram_keys(ada, "$argon2id$x", (other, sha1))
    assert directory.credentials(ada).scram == (*OWNED.scram, sha1)
    assert directory.credentials(ada).previous == OWNED.previous
    with pytest.raises(NoSuchAccount):
        await directory.add_scram_keys(AccountId("nobody"), "", ())
