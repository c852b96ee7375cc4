"""Password hashing: right, wrong, nobody's; weak; SCRAM; the queue's end."""

from __future__ import annotations

import asyncio

import pytest
from scramp import ScramClient, ScramMechanism

from gatepost.model.errors import Overloaded, WeakPassword
from gatepost.model.secret import Secret
from gatepost.ports.passwords import Passwords


async def test_right_and_wrong(passwords: Passwords) -> None:
    hashed = await passwords.hash(Secret("correct horse"))
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert hashed != await passwords.hash(Secret("correct horse"))
    assert passwords.evaluations == 0
    assert await passwords.verify(hashed, Secret("correct horse"))
    assert not await passwords.verify(hashed, Secret("correct horsf"), urgent=True)
    assert passwords.evaluations == 2


async def test_however_the_keyboard_writes_it(passwords: Passwords) -> None:
    """SASLprep: composed or not, with blanks of any kind; what it forbids is compared as it is."""
    hashed = await passwords.hash(Secret("sch\u00f6n warm"))
    assert await passwords.verify(hashed, Secret("scho\u0308n\u00a0warm"))
    assert not await passwords.verify(hashed, Secret("schon warm"))
    odd = await passwords.hash(Secret("bell\u0007\u00f6"))
    assert await passwords.verify(odd, Secret("bell\u0007\u00f6"))
    assert not await passwords.verify(odd, Secret(b"bell\xff"))


@pytest.mark.parametrize("hashed", ["", "nonsense", "$argon2id$broken", "{UNKNOWN}x", "$y$j9T$broken", "*"])
async def test_nobodys_hash_is_computed_and_wrong(passwords: Passwords, hashed: str) -> None:
    assert not await passwords.verify(hashed, Secret("x"))
    assert not await passwords.verify(hashed, Secret(""))
    assert passwords.evaluations == 2


async def test_odd_secrets(passwords: Passwords) -> None:
    hashed = await passwords.hash(Secret(b"\xff\x00\xfe"))
    assert await passwords.verify(hashed, Secret(b"\xff\x00\xfe"))
    assert not await passwords.verify(hashed, Secret(b"\xff"))
    assert not await passwords.verify(hashed, Secret(b"x" * 100_000))
    with pytest.raises(WeakPassword):
        await passwords.hash(Secret(b"x" * 100_000))


@pytest.mark.parametrize(
    ("secret", "login"),
    [
        ("short12", "ada@example.org"),
        ("123456789", "ada@example.org"),
        ("PassWord1", "ada@example.org"),
        ("xxAugustaxx", "augusta@example.org"),
        ("ééééééé", "ada@example.org"),
    ],
)
async def test_weak_passwords(passwords: Passwords, secret: str, login: str) -> None:
    with pytest.raises(WeakPassword) as caught:
        passwords.check_new(Secret(secret), login)
    assert secret not in str(caught.value)


async def test_good_passwords(passwords: Passwords) -> None:
    passwords.check_new(Secret("quiet-river-42"), "ada@example.org")
    passwords.check_new(Secret("has ada in it"), "ada@example.org")  # three letters are in too many words
    assert passwords.is_common(Secret("Qwerty"))
    assert not passwords.is_common(Secret(b"\xff\xfe not common"))


@pytest.mark.parametrize("password", ["pencil", "I\u00adX", "\u2168 nine", "pä ss"])
async def test_scram_keys_let_a_client_in(passwords: Passwords, password: str) -> None:
    (keys,) = await passwords.scram_keys(Secret(password))
    assert keys.mechanism == "SCRAM-SHA-256"
    assert keys.iterations >= 4096
    server = ScramMechanism("SCRAM-SHA-256").make_server(
        lambda user: (keys.salt, keys.stored_key, keys.server_key, keys.iterations)
    )
    client = ScramClient(["SCRAM-SHA-256"], "ada", password)
    server.set_client_first(client.get_client_first())
    client.set_server_first(server.get_server_first())
    server.set_client_final(client.get_client_final())
    client.set_server_final(server.get_server_final())


@pytest.mark.parametrize("password", [b"\xff", b"", b"a\x00b", "\u0627a".encode(), "\U000e0001".encode()])
async def test_no_scram_for_what_saslprep_forbids(passwords: Passwords, password: bytes) -> None:
    assert await passwords.scram_keys(Secret(password)) == ()


async def test_a_full_queue_refuses_and_the_owners_lane_goes_first(passwords: Passwords) -> None:
    hashed = await passwords.hash(Secret("right"))
    order: list[str] = []

    async def check(name: str, urgent: bool) -> None:
        await passwords.verify(hashed, Secret("wrong"), urgent=urgent)
        order.append(name)

    tasks = [asyncio.create_task(check("stranger", False)) for _ in range(20)]
    await asyncio.sleep(0)
    tasks += [asyncio.create_task(check("owner", True)) for _ in range(3)]
    await asyncio.gather(*tasks)
    assert "owner" not in order[-10:]
    crowd = [asyncio.create_task(passwords.verify("", Secret("x"))) for _ in range(400)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await passwords.verify("", Secret("x"))
    before = passwords.evaluations
    for task in crowd:
        task.cancel()
    outcomes = await asyncio.gather(*crowd, return_exceptions=True)
    assert sum(isinstance(outcome, Overloaded) for outcome in outcomes) > 200
    assert await passwords.verify(hashed, Secret("right"), urgent=True)
    assert passwords.evaluations <= before + 3  # nobody computes what nobody waits for


async def test_closing_refuses_what_waits(passwords: Passwords) -> None:
    waiting = [asyncio.create_task(passwords.verify("", Secret("x"))) for _ in range(8)]
    await asyncio.sleep(0)
    await passwords.close()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {bool, Overloaded}
    with pytest.raises(Overloaded):
        await passwords.verify("", Secret("x"))
