"""Banned peers are dropped by the kernel, before the handshake: their SYN gets no answer, and costs this process nothing.

`KernelDrop` holds the prefixes and the filter. It is never the only judge: the acceptor asks the guard about whoever
gets through, so that a ban which does not fit here is refused there (law 3). The other way round nothing may be left
to chance: a ban that ended, or an allowed address, must not stay dropped (laws 8, 9); where the kernel refuses that,
the filter is taken off altogether.

Only listeners whose peers are the clients themselves get the filter: behind PROXY the peers are the proxies. A
connection accepted from a filtered listener inherits the filter, and freezes when its peer is banned.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import socket
import struct
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path

from gatepost.adapters.kernel.bpf import NoBpf, PrefixSet, Rejected, System
from gatepost.adapters.kernel.program import Maps, source_filter
from gatepost.model.address import Network

_DETACH_FILTER, _ATTACH_BPF = 27, 50  # SO_*, <asm-generic/socket.h>
_CAP_SYS_ADMIN, _CAP_BPF = 21, 39
_ALLOWED_CAPACITY = 65_536
_LOADED_AT_ONCE = 262_144
_LENGTHS = tuple(length.to_bytes(4, sys.byteorder) for length in range(129))
_ADDRESS_SIZE = {4: 4, 6: 16}


class KernelDropUnavailable(Exception):
    """Banned peers can't be dropped by the kernel here; the text says why, for an administrator."""


class KernelDrop:
    """Made by `attach`. Not thread-safe: it belongs to the event loop's thread. No method but `attach` raises."""

    def __init__(self, system: System, capacity: int, report: Callable[[str], None]) -> None:
        """For `attach`. Raises OSError, bpf.Rejected."""
        self._report = report
        self._listeners: list[socket.socket] = []
        self._banned: dict[int, PrefixSet] = {}
        self._allowed: dict[int, PrefixSet] = {}
        self._filter = -1
        self._working = False
        self.left_out = 0
        """Bans that found no room and are refused by the acceptor instead."""
        try:
            for version, size in _ADDRESS_SIZE.items():
                self._banned[version] = PrefixSet(system, size, capacity, f"gp_banned{version}")
                self._allowed[version] = PrefixSet(system, size, _ALLOWED_CAPACITY, f"gp_allowed{version}")
            v4, v6 = (Maps(self._allowed[version].fd, self._banned[version].fd) for version in (4, 6))
            self._filter = system.load_filter(source_filter(v4, v6), "gatepost_drop")
        except BaseException:
            self._release()
            raise
        self._working = True

    @classmethod
    def attach(
        cls,
        listeners: Sequence[socket.socket],
        capacity: int = 1_000_000,
        report: Callable[[str], None] = logging.getLogger("gatepost.kernel").warning,
    ) -> KernelDrop:
        """Puts the filter on listening sockets whose peers are the clients (never behind PROXY).

        `capacity`: prefixes for each address family; memory is taken only for those in use. `report` is told, once
        for each kind of trouble, in one sentence. Raises KernelDropUnavailable; no listener is changed then.
        """
        if not listeners:
            raise KernelDropUnavailable("no listener hears the clients themselves: all are behind PROXY")
        try:
            drop = cls(System(), capacity, report)
        except NoBpf as error:
            raise KernelDropUnavailable(str(error)) from error
        except Rejected as error:
            raise KernelDropUnavailable(f"the kernel refused the filter (it needs Linux 4.18): {error}") from error
        except OSError as error:
            raise KernelDropUnavailable(_why(error)) from error
        try:
            for listener in listeners:
                listener.setsockopt(socket.SOL_SOCKET, _ATTACH_BPF, struct.pack("i", drop._filter))
                drop._listeners.append(listener)
        except OSError as error:
            drop.close()
            raise KernelDropUnavailable(f"the filter can't be attached: {error.strerror}") from error
        return drop

    @property
    def working(self) -> bool:
        """False after `close`, or after the kernel refused a change and the filter was taken off."""
        return self._working

    # -- who is dropped --------------------------------------------------------------------------------------------
    def ban(self, network: Network) -> None:
        """Drops its packets from now on, unless allowed. An IPv6 source is banned as its /64."""
        if not self._working:
            return
        error = self._banned[network.version].add(_key(network))
        if error in (errno.ENOSPC, errno.ENOMEM):
            self._leave_out(1)
        elif error:
            self._give_up(error)

    def lift(self, network: Network) -> None:
        """Ends the ban of this very network; bans of networks around it and in it stay."""
        if not self._working:
            return
        error = self._banned[network.version].remove(_key(network))
        if error not in (0, errno.ENOENT):
            self._give_up(error)

    def load(self, networks: Iterable[Network]) -> None:
        """Many bans at once, as at start."""
        left = iter(networks)
        while self._working and (some := list(islice(left, _LOADED_AT_ONCE))):
            for version, banned in self._banned.items():
                keys = sorted(
                    _key(network) for network in some if network.version == version
                )  # neighbours go in faster
                taken, error = banned.add_all(b"".join(keys))
                if error in (errno.ENOSPC, errno.ENOMEM):
                    self._leave_out(len(keys) - taken)
                elif error:
                    self._give_up(error)
                    return

    # -- who never is ------------------------------------------------------------------------------------------------
    def allow(self, network: Network) -> None:
        """Beats every ban in it and around it: the allow list, this host's own addresses, trusted proxies (law 9)."""
        if self._working and (error := self._allowed[network.version].add(_key(network))):
            self._give_up(error)

    def disallow(self, network: Network) -> None:
        """Bans count for it again."""
        if not self._working:
            return
        error = self._allowed[network.version].remove(_key(network))
        if error not in (0, errno.ENOENT):
            self._give_up(error)

    # -- sockets -----------------------------------------------------------------------------------------------------
    def detach(self, sock: socket.socket) -> None:
        """Takes the inherited filter off an accepted connection that must outlive a ban of its peer."""
        _detach(sock)

    def close(self) -> None:
        """The listeners hear everybody again."""
        self._working = False
        for listener in self._listeners:
            _detach(listener)
        self._listeners.clear()
        self._release()

    def _release(self) -> None:
        for prefixes in (*self._banned.values(), *self._allowed.values()):
            prefixes.close()
        if self._filter >= 0:
            os.close(self._filter)
            self._filter = -1

    # -- trouble -----------------------------------------------------------------------------------------------------
    def _leave_out(self, count: int) -> None:
        if not self.left_out:
            self._report("the kernel has no room for more bans: further ones are refused when they connect")
        self.left_out += count

    def _give_up(self, error: int) -> None:
        """A change was refused. The acceptor can replace a ban that is missing here, not undo one that is left over."""
        self.close()
        if error == errno.EPERM:
            why = "Linux before 5.19 wants CAP_BPF for every change, so the process must keep it"
        else:
            why = os.strerror(error)
        self._report(f"the kernel refused a change of its bans ({why}): banned peers are refused when they connect")


def _key(network: Network) -> bytes:
    return _LENGTHS[network.length] + network.value.to_bytes(_ADDRESS_SIZE[network.version], "big")


def _detach(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):  # closed, or no filter is on it
        sock.setsockopt(socket.SOL_SOCKET, _DETACH_FILTER, 0)


def _why(error: OSError) -> str:
    if error.errno == errno.ENOSYS:
        return "this kernel has no bpf(2), or a seccomp filter hides it"
    if error.errno == errno.EPERM and not _capable():
        return "the process lacks CAP_BPF (systemd: AmbientCapabilities=CAP_BPF; before Linux 5.8 CAP_SYS_ADMIN)"
    if error.errno == errno.EPERM:
        return (
            "bpf(2) is refused although the process has CAP_BPF: a seccomp filter (systemd: SystemCallFilter=bpf), a "
            "container, a security module, or (before Linux 5.11) LimitMEMLOCK"
        )
    if error.errno == errno.EINVAL:
        return "this kernel is too old: the kernel drop needs Linux 4.18"
    return f"bpf(2) is refused: {error.strerror}"


def _capable() -> bool:
    """Whether the process holds CAP_BPF or CAP_SYS_ADMIN, in its own user namespace at least."""
    try:
        status = Path("/proc/self/status").read_bytes()
        effective = int(status.partition(b"CapEff:")[2].split(None, 1)[0], 16)
    except (OSError, IndexError, ValueError):
        return False
    return bool(effective >> _CAP_BPF & 1 or effective >> _CAP_SYS_ADMIN & 1)
