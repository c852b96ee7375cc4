"""Dropping banned peers before the acceptor sees them: in the kernel, and in the host's firewall, as configured.

Both hear of bans through the journal. Where neither is possible the acceptor's refusal serves, and the log says which is
at work.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence

from gatepost.adapters.kernel.drop import KernelDrop, KernelDropUnavailable
from gatepost.adapters.kernel.options import DropOptions
from gatepost.adapters.kernel.sink import KernelSink
from gatepost.adapters.nftables import NftExport, NftSink
from gatepost.gate import Gate
from gatepost.guard.bans import Ban
from gatepost.journal import Journal
from gatepost.model.address import Network
from gatepost.model.events import Warned
from gatepost.ports.clock import Clock


class CannotDrop(Exception):
    """The configuration asks for what this host can't do; the text says why."""


class EarlyDrop:
    """`never`: networks that are never put in, whatever the guard says."""

    def __init__(self, gate: Gate, journal: Journal, clock: Clock, never: tuple[Network, ...]) -> None:
        self._gate, self._journal, self._clock, self._never = gate, journal, clock, never
        self._kernel: KernelDrop | None = None
        self._nftables: NftExport | None = None

    def begin(self, options: DropOptions, listeners: Sequence[socket.socket]) -> str:
        """Loads the bans in force and follows from now on; the log's word for what is at work. Raises CannotDrop."""
        if options.kernel != "off":
            self._begin_kernel(listeners, required=options.kernel == "required")
        if options.nftables:
            self._begin_nftables(options.table)
        return "acceptor" if self._kernel is None else "kernel"

    async def end(self) -> None:
        """Takes everything away again."""
        if self._kernel is not None:
            self._kernel.close()
        if self._nftables is not None:
            await self._nftables.close()

    def _begin_kernel(self, listeners: Sequence[socket.socket], required: bool) -> None:
        try:
            self._kernel = KernelDrop.attach(listeners, report=self._warn)
        except KernelDropUnavailable as error:
            if required:
                raise CannotDrop(f"no kernel drop: {error}") from error
            self._warn(f"not used: {error}; banned peers are refused by the acceptor")
            return
        sink = KernelSink(self._kernel, self._gate.admit, self._never)
        sink.load(*self._in_force())
        self._journal.add(sink)

    def _begin_nftables(self, table: str) -> None:
        try:
            self._nftables = NftExport(self._journal, self._clock, table=table)
        except ValueError as error:
            raise CannotDrop(f"drop.table: {error}") from error
        sink = NftSink(self._nftables, self._gate.admit, self._never)
        sink.load(*self._in_force())
        self._journal.add(sink)
        self._nftables.start()

    def _in_force(self) -> tuple[list[Network], list[Ban]]:
        guard = self._gate.guard
        return [network for network, _ in guard.allowed()], guard.bans(self._clock.now())

    def _warn(self, text: str) -> None:
        self._journal.note(Warned(at=self._clock.now(), topic="kernel-drop", text=text))
