"""A real client: sievelib."""

from __future__ import annotations

import asyncio

import pytest
from lineroom import PASSWORD, Room
from sievelib.managesieve import Client


@pytest.mark.filterwarnings("ignore:Credentials are sent over an unencrypted connection")
async def test_sievelib(room: Room, port: int) -> None:
    def talk() -> tuple[object, ...]:
        client = Client("127.0.0.1", port)
        assert not client.connect("ada@example.org", "wrong", authmech="PLAIN")
        client = Client("127.0.0.1", port)
        assert client.connect("ada@example.org", PASSWORD, authmech="PLAIN")
        assert "fileinto" in client.get_sieve_capabilities()
        assert client.havespace("a", 100)
        assert client.putscript("a", 'require "fileinto";\nfileinto "Größe";\n')
        assert not client.putscript("b", "nonsense nonsense")
        assert client.setactive("a")
        assert client.renamescript("a", "café")
        listed = client.listscripts()
        script = client.getscript("café")
        assert not client.deletescript("café")
        assert client.setactive("")
        assert client.deletescript("café")
        client.logout()
        return listed, script

    (active, others), script = await asyncio.to_thread(talk)  # type: ignore[misc]
    assert (active, others) == ("café", [])
    assert "Größe" in str(script)
