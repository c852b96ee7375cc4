"""Hands the bans to nftables: a thread of its own runs `nft`, at most once a second, with all that changed meanwhile.

What nft shall hold is kept here, so that a failed run (nft missing, another program flushed the rules) is followed by
writing the whole table again. It is an echo of the guard: nothing waits for it, and nothing is let in for its sake.
Not here: the script's text (script.py).
"""

from __future__ import annotations

import asyncio
import subprocess
import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from gatepost.adapters.kernel.sink import Admit, dropped, exempted
from gatepost.adapters.nftables import script
from gatepost.guard.bans import Ban
from gatepost.journal import Journal
from gatepost.model.address import Network, parse_network
from gatepost.model.events import Administered, BanEnded, Banned, Event, Failed, Warned
from gatepost.ports.clock import Clock

_QUEUE = 100_000
"""Changes waiting; more are not counted one by one, the table is written again."""
_LONGEST_PAUSE = 60.0
_LONGEST_RUN = 60.0


class _Wanted:
    """What nft shall hold, and what of it nft doesn't know yet."""

    def __init__(self, table: str, capacity: int) -> None:
        self._table, self._capacity = table, capacity
        self._bans: dict[Network, float] = {}
        self._networks: dict[Network, float] = {}
        self._allowed: set[Network] = set()
        self._changed: set[Network] = set()
        self._rewrite_networks = self._rewrite_allowed = False
        self.unwritten = True  # the whole table

    @property
    def pending(self) -> bool:
        return self.unwritten or bool(self._changed) or self._rewrite_networks or self._rewrite_allowed

    def ban(self, network: Network, until: float) -> bool:
        """False where there is no room."""
        bans = self._bans if script.is_source(network) else self._networks
        if network not in bans and len(self._bans) + len(self._networks) >= self._capacity:
            return False
        bans[network] = until
        self._change(network)
        return True

    def lift(self, network: Network) -> None:
        bans = self._bans if script.is_source(network) else self._networks
        if bans.pop(network, None) is not None:
            self._change(network)

    def allow(self, network: Network, allowed: bool) -> None:
        if allowed:
            self._allowed.add(network)
        else:
            self._allowed.discard(network)
        self._rewrite_allowed = True

    def _change(self, network: Network) -> None:
        if not script.is_source(network):
            self._rewrite_networks = True
        elif not self.unwritten:
            self._changed.add(network)
            if len(self._changed) > _QUEUE:
                self.unwritten = True
                self._changed.clear()

    def take(self, now: float) -> Iterator[str]:
        """The scripts, a transaction each, that bring nft up to date; made as they are run, from a copy."""
        everything = self.unwritten
        changed = list(self._bans) if everything else list(self._changed)
        bans = dict(self._bans) if everything else {each: self._bans[each] for each in changed if each in self._bans}
        first = script.setup(self._table) if everything else ""
        if everything or self._rewrite_allowed:
            first += script.allowed(self._table, self._allowed)
        if everything or self._rewrite_networks:
            first += script.networks(self._table, self._networks.items(), now)
        self.unwritten = self._rewrite_networks = self._rewrite_allowed = False
        self._changed.clear()
        return chain([first] if first else [], script.sources(self._table, changed, bans, now))


class NftExport:
    """`start` on the event loop; the methods in between are the loop's, return at once and never raise; `close` once."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        *,
        table: str = "inet gatepost",
        command: Sequence[str] = ("nft",),
        interval: float = 1.0,
        capacity: int = 1_000_000,
    ) -> None:
        """`interval`: seconds between runs, at least. Raises ValueError for a bad `table`."""
        self._journal, self._clock = journal, clock
        self._table = script.checked_table(table)
        self._command, self._interval = (*command, "-f", "-"), interval
        self._wanted = _Wanted(self._table, capacity)
        self._turn = threading.Condition()
        self._closing = self._full = False
        self._thread = threading.Thread(target=self._work, name="nftables", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Writes the table, and what changes from now on."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def ban(self, network: Network, until: float) -> None:
        """Closed to this machine until then (seconds since the epoch)."""
        self.load([(network, until)])

    def load(self, bans: Iterable[tuple[Network, float]]) -> None:
        """The same for many at once."""
        with self._turn:
            placed = [self._wanted.ban(network, until) for network, until in bans]
            self._turn.notify()
        if not all(placed) and not self._full:
            self._full = True
            text = "there are more bans than are exported to nftables: the others are refused at the mail ports only"
            self._journal.note(Warned(at=self._clock.now(), topic="nftables", text=text))

    def lift(self, network: Network) -> None:
        """Ends the ban of this very network."""
        with self._turn:
            self._wanted.lift(network)
            self._turn.notify()

    def allow(self, network: Network) -> None:
        """Beats every ban."""
        with self._turn:
            self._wanted.allow(network, allowed=True)
            self._turn.notify()

    def disallow(self, network: Network) -> None:
        """Bans count for it again."""
        with self._turn:
            self._wanted.allow(network, allowed=False)
            self._turn.notify()

    async def close(self) -> None:
        """Removes the table: without the server nobody could lift these bans."""
        with self._turn:
            self._closing = True
            self._turn.notify()
        if self._thread.ident is not None:
            await asyncio.to_thread(self._thread.join, 2 * _LONGEST_RUN)

    # -- in the thread -------------------------------------------------------------------------------------------------
    def _work(self) -> None:
        failures = 0
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._closing or self._wanted.pending)
                if self._closing:
                    break
                scripts = self._wanted.take(self._clock.now())
            trouble = next((said for text in scripts if (said := self._run(text))), "")
            if trouble and not failures:
                self._tell(Failed(at=self._clock.now(), topic="nftables", text=f"bans are not exported: {trouble}"))
            elif failures and not trouble:
                self._tell(Warned(at=self._clock.now(), topic="nftables", text="bans are exported to nftables again"))
            failures = failures + 1 if trouble else 0
            with self._turn:
                self._wanted.unwritten |= bool(trouble)
                pause = min(self._interval * 2 ** min(failures, 10), max(self._interval, _LONGEST_PAUSE))
                self._turn.wait_for(lambda: self._closing, pause)
        self._run(script.removal(self._table))

    def _run(self, text: str) -> str:
        """Why it failed; empty if it didn't."""
        try:
            done = subprocess.run(  # noqa: S603  (the configured command; its input is made of numbers)
                self._command,
                input=text,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_LONGEST_RUN,
                check=False,
            )
        except (OSError, subprocess.SubprocessError) as error:
            return f"{self._command[0]} can't be run: {error}"[:300]
        if done.returncode == 0:
            return ""
        return (done.stderr.partition("\n")[0] or f"{self._command[0]} ended with {done.returncode}")[:300]

    def _tell(self, event: Event) -> None:
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(self._journal.note, event)
        except RuntimeError:
            pass  # the loop is closed: nobody is left to tell


class NftSink:
    """A journal's sink that keeps the export in step with the guard, by the same rule as the kernel drop's."""

    def __init__(self, export: NftExport, admit: Admit, never: Iterable[Network]) -> None:
        self._export, self._admit = export, admit
        self._never = frozenset(never)
        for network in self._never:
            export.allow(network)

    def load(self, allowed: Iterable[Network], bans: Iterable[Ban]) -> None:
        """What the guard holds at start."""
        for network in allowed:
            self._export.allow(network)
        self._export.load(
            (ban.network, ban.until) for ban in bans if dropped(ban.network, ban.scope, ban.by_hand, self._admit)
        )

    def __call__(self, event: Event) -> None:
        """Told by the journal, after the guard has changed."""
        if isinstance(event, Banned):
            network = parse_network(event.network)
            if event.enforced and dropped(network, event.scope, event.by != "guard", self._admit):
                self._export.ban(network, event.until)
            else:
                self._export.lift(network)
        elif isinstance(event, BanEnded):
            self._export.lift(parse_network(event.network))
        elif isinstance(event, Administered) and (change := exempted(event)):
            network, allowed = change
            if allowed:
                self._export.allow(network)
            elif network not in self._never:
                self._export.disallow(network)
