"""What `gatepost guard watch` shows: the last minute's rates, the last events, who tries most, who is banned.

Events in, a picture out; no clock, no terminal, no socket.
"""

from __future__ import annotations

import datetime
from collections import Counter, deque
from collections.abc import Iterable

from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from gatepost.model.events import (
    Abuse,
    AccountClosed,
    Administered,
    BanEnded,
    Banned,
    ConnectionsRefused,
    Event,
    Failed,
    SignedIn,
    SignInFailed,
    SignInRefused,
    SignInsTurnedAway,
    SignInUntried,
    Warned,
)
from gatepost.model.units import Duration

_WINDOW = 60
_KEPT = 200
_COUNTED = 2000
"""Sources and logins counted at most; the rarest are forgotten."""
_CONTROLS = dict.fromkeys((*range(32), 127, *range(128, 160)), "?")


def words(event: Event) -> str:
    """One line for people."""
    time = datetime.datetime.fromtimestamp(event.at, datetime.UTC).astimezone().strftime("%H:%M:%S")
    return f"{time} {_words(event)}".translate(_CONTROLS)


def _words(event: Event) -> str:
    match event:
        case SignedIn():
            where = "from a new place" if event.first_from_here else event.lane
            return f"signed in   {event.login} from {event.client} at {event.door} ({where})"
        case SignInFailed():
            counted = "" if event.counted else ", not counted"
            return f"failed      {event.login} from {event.client} at {event.door} ({event.why}{counted})"
        case SignInRefused():
            return f"refused     {event.login} from {event.client} at {event.door} ({event.rule})"
        case SignInUntried():
            return f"overloaded  {event.login} from {event.client} at {event.door}"
        case SignInsTurnedAway():
            return f"overloaded  {event.count} sign-ins were not looked at, the last from {event.last}"
        case ConnectionsRefused():
            return f"dropped     {event.count} connections, the last from {event.last}"
        case Abuse():
            return f"abuse       {event.client} at {event.door} ({event.kind})"
        case Banned():
            only = "" if event.enforced else " (not enforced)"
            return f"BANNED      {event.network} for {Duration(int(event.until - event.at))}{only}: {event.evidence.reason}"
        case BanEnded():
            return f"ban ended   {event.network} ({event.why})"
        case AccountClosed():
            return f"CLOSED      {event.login} to strangers, after {event.failures} failures"
        case Administered():
            return f"by hand     {event.operation} {event.subject}"
        case Warned() | Failed():
            return f"{'warning' if isinstance(event, Warned) else 'error':<11} {event.text}"
    return type(event).__name__


class Board:
    """`bans` maps a network to the end of its ban (seconds since the epoch) and the reason."""

    def __init__(self, bans: Iterable[tuple[str, float, str]] = ()) -> None:
        self._seconds: deque[tuple[int, Counter[str]]] = deque(maxlen=_WINDOW)
        self._lines: deque[str] = deque(maxlen=_KEPT)
        self._sources: Counter[str] = Counter()
        self._logins: Counter[str] = Counter()
        self.bans = {network: (until, reason) for network, until, reason in bans}
        self.lost = 0

    def add(self, event: Event) -> None:
        """One more thing that happened."""
        self._lines.append(words(event))
        match event:
            case SignedIn():
                self._count(event.at, "attempts")
            case SignInFailed() | SignInRefused():
                self._count(event.at, "attempts")
                if isinstance(event, SignInRefused):
                    self._count(event.at, "refusals")
                self._blame(event.client, event.login)
            case SignInsTurnedAway():
                self._count(event.at, "attempts", event.count)
                self._count(event.at, "refusals", event.count)
            case ConnectionsRefused():
                self._count(event.at, "dropped", event.count)
            case Abuse():
                self._blame(event.client, "")
            case Banned():
                self._count(event.at, "bans")
                self.bans[event.network] = (event.until, event.evidence.reason)
            case BanEnded():
                self.bans.pop(event.network, None)

    def _count(self, at: float, what: str, number: int = 1) -> None:
        second = int(at)
        if not self._seconds or self._seconds[-1][0] < second:
            self._seconds.append((second, Counter()))
        self._seconds[-1][1][what] += number

    def _blame(self, source: str, login: str) -> None:
        for counter, key in ((self._sources, source), (self._logins, login)):
            if key:
                counter[key] += 1
            if len(counter) > _COUNTED:
                for rare, _ in counter.most_common()[_COUNTED // 2 :]:
                    del counter[rare]

    def rates(self, now: float) -> dict[str, float]:
        """Attempts, refusals, dropped connections and bans a second, over the last ten seconds."""
        recent = [counts for second, counts in self._seconds if now - 10 <= second <= now]
        return {what: sum(c[what] for c in recent) / 10 for what in ("attempts", "refusals", "dropped", "bans")}

    # -- the picture -------------------------------------------------------------------------------------------------------
    def picture(self, now: float, height: int) -> Group:
        """For a terminal of `height` lines."""
        room = max(6, height - 4)
        tops = min(8, room // 3)
        rates = "   ".join(f"{what} {rate:.1f}/s" for what, rate in self.rates(now).items())
        head = f"{rates}   banned {len(self.bans)}" + (f"   {self.lost} events lost: too many" if self.lost else "")
        side = Table.grid(padding=(0, 3))
        side.add_row(_top("SOURCE", self._sources, tops), _top("LOGIN", self._logins, tops), self._banned(now, tops))
        lines = [*self._lines][-(room - tops - 2) :]
        return Group(Text(head, "bold"), side, Text("\n".join(lines), no_wrap=True, overflow="ellipsis"))

    def _banned(self, now: float, most: int) -> Table:
        table = Table("BANNED", "LEFT", "REASON", box=None, pad_edge=False, header_style="bold")
        newest = sorted(self.bans.items(), key=lambda item: item[1][0])[-most:]
        for network, (until, reason) in newest:
            table.add_row(escape(network), str(Duration(max(0, int(until - now)))), escape(reason.translate(_CONTROLS)))
        return table


def _top(heading: str, counter: Counter[str], most: int) -> Table:
    table = Table(heading, "FAILED", box=None, pad_edge=False, header_style="bold")
    for key, count in counter.most_common(most):
        table.add_row(escape(key.translate(_CONTROLS)), str(count))
    return table
