"""The filter on real sockets: who is dropped, who is not, and what undoes it (laws 3, 8, 9)."""

from __future__ import annotations

import errno
import shutil
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from kernel_peers import arrives, connected, hears

from gatepost.adapters.kernel.drop import KernelDrop, KernelDropUnavailable
from gatepost.model.address import Network, parse_network

Attach = Callable[..., KernelDrop]
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def drop(attach: Attach, listener: socket.socket) -> KernelDrop:
    """On the dual-stack listener."""
    return attach(listener)


class TestWhoIsDropped:
    def test_a_banned_peer_gets_no_answer_and_another_does(self, attach: Attach, plain_listener: socket.socket) -> None:
        drop = attach(plain_listener)
        assert hears(plain_listener, "127.0.0.2")
        drop.ban(parse_network("127.0.0.2"))
        assert not hears(plain_listener, "127.0.0.2")
        assert hears(plain_listener, "127.0.0.3")

    def test_its_handshake_never_began(self, attach: Attach, plain_listener: socket.socket) -> None:
        attach(plain_listener).ban(parse_network("127.0.0.2"))
        assert not hears(plain_listener, "127.0.0.2")
        plain_listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            plain_listener.accept()

    def test_ipv4_on_a_dual_stack_socket(self, drop: KernelDrop, listener: socket.socket) -> None:
        drop.ban(parse_network("127.0.0.2"))
        assert not hears(listener, "127.0.0.2")
        assert hears(listener, "127.0.0.3")
        assert hears(listener, "::1")

    def test_an_ipv6_source_is_its_64(self, drop: KernelDrop, listener: socket.socket) -> None:
        drop.ban(parse_network("::1").parent(64))
        assert not hears(listener, "::1")
        assert hears(listener, "127.0.0.2")

    def test_a_prefix(self, drop: KernelDrop, listener: socket.socket) -> None:
        drop.ban(parse_network("127.1.0.0/16"))
        assert not hears(listener, "127.1.0.0")
        assert not hears(listener, "127.1.255.255")
        assert hears(listener, "127.0.255.255")
        assert hears(listener, "127.2.0.0")

    def test_everybody(self, drop: KernelDrop, listener: socket.socket) -> None:
        drop.ban(parse_network("0.0.0.0/0"))
        assert not hears(listener, "127.0.0.1")
        assert hears(listener, "::1")

    def test_every_listener_that_was_handed_over_and_no_other(
        self, attach: Attach, listener: socket.socket, plain_listener: socket.socket
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as behind_proxy:
            attach(listener, plain_listener).ban(parse_network("127.0.0.2"))
            assert not hears(listener, "127.0.0.2")
            assert not hears(plain_listener, "127.0.0.2")
            assert hears(behind_proxy, "127.0.0.2")


class TestWhatUndoesIt:
    def test_a_lifted_ban(self, drop: KernelDrop, listener: socket.socket) -> None:
        drop.ban(parse_network("127.0.0.2"))
        drop.lift(parse_network("127.0.0.2"))
        assert hears(listener, "127.0.0.2")

    def test_a_lifted_network_leaves_the_ban_within(self, drop: KernelDrop, listener: socket.socket) -> None:
        drop.ban(parse_network("127.1.1.0/24"))
        drop.ban(parse_network("127.1.1.7"))
        drop.lift(parse_network("127.1.1.0/24"))
        assert hears(listener, "127.1.1.8")
        assert not hears(listener, "127.1.1.7")

    def test_a_lifted_address_leaves_the_ban_around(self, drop: KernelDrop, listener: socket.socket) -> None:
        drop.ban(parse_network("127.1.1.0/24"))
        drop.ban(parse_network("127.1.1.7"))
        drop.lift(parse_network("127.1.1.7"))
        assert not hears(listener, "127.1.1.7")

    def test_an_allowed_address_in_a_banned_network(self, drop: KernelDrop, listener: socket.socket) -> None:
        drop.ban(parse_network("127.1.1.0/24"))
        drop.allow(parse_network("127.1.1.7"))
        assert hears(listener, "127.1.1.7")
        assert not hears(listener, "127.1.1.8")
        drop.disallow(parse_network("127.1.1.7"))
        assert not hears(listener, "127.1.1.7")

    def test_a_banned_address_in_an_allowed_network(self, drop: KernelDrop, listener: socket.socket) -> None:
        drop.allow(parse_network("127.1.1.0/24"))
        drop.ban(parse_network("127.1.1.7"))
        assert hears(listener, "127.1.1.7")
        drop.disallow(parse_network("127.1.1.0/24"))
        assert not hears(listener, "127.1.1.7")

    def test_lifting_what_is_not_banned(self, drop: KernelDrop, listener: socket.socket) -> None:
        drop.lift(parse_network("127.0.0.2"))
        drop.disallow(parse_network("127.0.0.2"))
        assert drop.working

    def test_closing_twice(self, drop: KernelDrop, listener: socket.socket) -> None:
        drop.ban(parse_network("127.0.0.2"))
        drop.close()
        drop.close()
        assert hears(listener, "127.0.0.2")
        drop.ban(parse_network("127.0.0.2"))  # nobody listens any more; no harm
        assert not drop.working


class TestOpenConnections:
    def test_they_freeze_with_the_ban(self, drop: KernelDrop, listener: socket.socket) -> None:
        peer, ours = connected(listener, "127.0.0.2")
        with peer, ours:
            assert arrives(peer, ours)
            drop.ban(parse_network("127.0.0.2"))
            assert not arrives(peer, ours)

    def test_one_that_must_live_on_is_detached(self, drop: KernelDrop, listener: socket.socket) -> None:
        peer, ours = connected(listener, "127.0.0.2")
        with peer, ours:
            drop.ban(parse_network("127.0.0.2"))
            drop.detach(ours)
            assert arrives(peer, ours)
            ours.sendall(b"y")
            assert peer.recv(1) == b"y"
            assert not hears(listener, "127.0.0.2")

    def test_detaching_where_there_is_no_filter(self, drop: KernelDrop, plain_listener: socket.socket) -> None:
        peer, ours = connected(plain_listener, "127.0.0.2")
        with peer, ours:
            drop.detach(ours)
            assert arrives(peer, ours)
        drop.detach(ours)  # closed


class TestManyBans:
    def test_loading(self, drop: KernelDrop, listener: socket.socket) -> None:
        far = (Network(4, 0x0B000000 + 13 * number, 32) for number in range(70_000))
        drop.load([*far, parse_network("127.0.0.2"), parse_network("::/64")])
        assert not hears(listener, "127.0.0.2")
        assert not hears(listener, "::1")
        assert hears(listener, "127.0.0.3")
        assert drop.left_out == 0

    def test_a_full_set_leaves_the_rest_to_the_acceptor(self, attach: Attach, listener: socket.socket) -> None:
        said: list[str] = []
        drop = attach(listener, capacity=2, report=said.append)
        drop.load(parse_network(f"127.0.0.{last}") for last in (2, 3, 4, 5))
        assert drop.left_out == 2
        drop.ban(parse_network("127.0.0.6"))
        assert drop.left_out == 3
        assert [hears(listener, f"127.0.0.{last}") for last in (2, 3, 4, 6)] == [False, False, True, True]
        assert len(said) == 1
        assert "no room" in said[0]
        drop.lift(parse_network("127.0.0.2"))
        drop.ban(parse_network("127.0.0.6"))
        assert not hears(listener, "127.0.0.6")
        assert drop.working

    def test_no_room_for_an_allowed_network_takes_the_filter_off(self, attach: Attach, listener: socket.socket) -> None:
        said: list[str] = []
        drop = attach(listener, report=said.append)
        drop.ban(parse_network("127.0.0.2"))
        for number in range(65_537):
            drop.allow(Network(4, 0x0B000000 + number, 32))
        assert not drop.working
        assert len(said) == 1
        assert hears(listener, "127.0.0.2")


class TestPrivileges:
    def test_bans_go_on_after_privileges_are_dropped(self, attach: Attach, listener: socket.socket) -> None:
        attach(listener).close()  # skips where there is no kernel drop at all
        script = """
            import os, socket
            from kernel_peers import hears, listening
            from gatepost.adapters.kernel.drop import KernelDrop
            from gatepost.model.address import parse_network
            listener = listening(socket.AF_INET6, "::")
            drop = KernelDrop.attach([listener])
            os.setgroups([]); os.setgid(65534); os.setuid(65534)
            drop.ban(parse_network("127.0.0.2"))
            print(drop.working, hears(listener, "127.0.0.2"), hears(listener, "127.0.0.3"))
            drop.lift(parse_network("127.0.0.2"))
            print(hears(listener, "127.0.0.2"))
        """
        assert run(script) == ["True False True", "True"]

    def test_without_the_capability_the_reason_is_plain(self, attach: Attach, listener: socket.socket) -> None:
        attach(listener).close()
        script = """
            import os, socket
            from kernel_peers import hears, listening
            from gatepost.adapters.kernel.drop import KernelDrop, KernelDropUnavailable
            os.setgroups([]); os.setgid(65534); os.setuid(65534)
            listener = listening(socket.AF_INET6, "::")
            try:
                KernelDrop.attach([listener])
            except KernelDropUnavailable as error:
                print(error)
            print(hears(listener, "127.0.0.2"))
        """
        said, heard = run(script)
        assert said.startswith("the process lacks CAP_BPF")
        assert heard == "True"

    def test_cap_bpf_is_all_it_takes(self, attach: Attach, listener: socket.socket) -> None:
        attach(listener).close()
        script = """
            import socket
            from kernel_peers import hears, listening
            from gatepost.adapters.kernel.drop import KernelDrop
            from gatepost.model.address import parse_network
            listener = listening(socket.AF_INET6, "::")
            KernelDrop.attach([listener]).ban(parse_network("127.0.0.2"))
            print(hears(listener, "127.0.0.2"), hears(listener, "127.0.0.3"))
        """
        assert run(script, *program("setpriv"), "--bounding-set=-all,+bpf", "--inh-caps=-all") == ["False True"]

    def test_a_capability_that_does_not_count_is_told_apart(self, attach: Attach, listener: socket.socket) -> None:
        """In a user namespace the process seems to have every capability."""
        attach(listener).close()
        script = """
            import socket
            from gatepost.adapters.kernel.drop import KernelDrop, KernelDropUnavailable
            try:
                KernelDrop.attach([socket.create_server(("127.0.0.1", 0))])
            except KernelDropUnavailable as error:
                print(error)
        """
        [said] = run(script, *program("unshare"), "--user", "--map-root-user")
        assert said.startswith("bpf(2) is refused although the process has CAP_BPF: ")

    def test_no_listener_is_no_drop(self) -> None:
        with pytest.raises(KernelDropUnavailable, match="behind PROXY"):
            KernelDrop.attach([])

    def test_what_is_no_listening_socket_is_refused(self, attach: Attach, listener: socket.socket) -> None:
        attach(listener).close()
        closed = socket.socket()
        closed.close()
        with pytest.raises(KernelDropUnavailable, match="can't be attached"):
            KernelDrop.attach([listener, closed])
        with pytest.raises(OSError) as none:
            listener.setsockopt(socket.SOL_SOCKET, 27, 0)  # SO_DETACH_FILTER: the first has no filter left
        assert none.value.errno == errno.ENOENT


def program(name: str) -> list[str]:
    """Where it is; skips where it is missing."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"needs {name} (util-linux)")
    return [path]


def run(script: str, *under: str) -> list[str]:
    """The lines that a fresh interpreter prints, started by the program `under`."""
    done = subprocess.run(
        [*under, sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        cwd=Path(__file__).parent,
        env={"PYTHONPATH": f"{Path(__file__).parent}:{ROOT}", "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]
