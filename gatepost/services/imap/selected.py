"""A selected mailbox as its client believes it to be: the numbering, and what it has not been told yet.

Law: sequence numbers change only when the client is told (RFC 9051 §5.5, §7.5.1), so the view lags behind the store on
purpose. Memory is four octets a message.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from gatepost.model.flags import Flags
from gatepost.model.mail import AccountChange, FlagsChanged, MailboxId, Opening
from gatepost.model.rights import ALL_RIGHTS, EXPUNGE, INSERT, MARK_DELETED, SEE, WRITE, Rights
from gatepost.model.uidset import MAX_UID, NO_UIDS, UidSet
from gatepost.ports.mailstore import AccountMail
from gatepost.proto.imap.sequence import SequenceSet

if TYPE_CHECKING:
    from gatepost.services.imap.contexts import SearchContext

MAX_FLAGS = 256
"""Flags that are listed for a mailbox, the system's among them; a mailbox may have more."""
_MAX_COMBINATIONS = 4096
_SPARSE = 16
"""Times as many messages lie among some UIDs as there are of these: then each is looked for by itself."""
_CHANGING = frozenset({INSERT, EXPUNGE, SEE, WRITE, MARK_DELETED})


class NoSuchNumber(Exception):
    """A sequence number beyond the last message (RFC 9051 §9 seq-number: BAD)."""


class KnownFlags:
    """The flags that a client was told of, which are the `common` ones and others. `told` keeps them as they were first written,
    by their lower case."""

    def __init__(self, common: Mapping[str, str], others: Iterable[str] = ()) -> None:
        self.told = dict(common)
        for flag in others:
            self.told.setdefault(flag.lower(), flag)
        self._seen: set[str] = set()

    def learn(self, sets: Iterable[Flags]) -> bool:
        """Whether there are flags in these sets that were not told yet; they count as told then. Cheap where the same flags
        come again and again. Past MAX_FLAGS nothing is new any more."""
        before = len(self.told)
        for flags in dict.fromkeys(sets):
            if flags in self._seen:
                continue
            for flag in flags.split():
                if len(self.told) < MAX_FLAGS:
                    self.told.setdefault(flag.lower(), flag)
            if len(self._seen) < _MAX_COMBINATIONS:
                self._seen.add(flags)
        return len(self.told) > before


class Selected:
    """`mail` is what the mailbox lies in, `rights` what the client may do there, as it was told; which mailbox it is says
    `open`, before which every change counts as one of it. `modseq` up to which the client was
    told everything but `gone`, expunged messages that it may not be told of yet. `dirty` when the store changed since. `told`
    are ranges of modseqs of changes that were our own, and reported; `mine` are messages that this client put here and was not
    told of yet. `flags` are those that the client was told of. `fresh` are
    the UIDs that are \\Recent in this session. `saved` is `$` (RFC 5182); `contexts`, by tag, are searches that are kept up to
    date (RFC 5267)."""

    def __init__(self, mail: AccountMail, examined: bool) -> None:
        self.mail, self.examined = mail, examined
        self.rights: Rights = ALL_RIGHTS
        self.mailbox, self.path, self.modseq = MailboxId(0), "", 0
        self.uids = array("I")
        self.fresh = NO_UIDS
        self.dirty = False
        self._heard = self._newest = 0
        self.gone: set[int] = set()
        self.told: list[tuple[int, int]] = []
        self.mine: set[int] = set()
        self.flags = KnownFlags({})
        self.saved = NO_UIDS
        self.contexts: dict[str, SearchContext] = {}

    @property
    def read_only(self) -> bool:
        """Opened by EXAMINE, or nothing in it may be changed (RFC 4314 §5.2; all flags are shared here)."""
        return self.examined or _CHANGING.isdisjoint(self.rights)

    def shows(self, mail: AccountMail, mailbox: MailboxId) -> bool:
        """Whether it is this mailbox of that mail; ids are an account's own."""
        return self.mailbox == mailbox and self.mail.account == mail.account

    def open(self, opened: Opening, rights: Rights) -> None:
        """Shows the mailbox as it was at that moment."""
        mailbox, self.rights = opened.mailbox, rights
        self.mailbox, self.path, self.modseq = mailbox.id, mailbox.path, mailbox.modseq
        self.uids = opened.uids if isinstance(opened.uids, array) else array("I", opened.uids)

    def concerns(self, change: AccountChange) -> bool:
        """Whether a change of the account touched this mailbox, or may have."""
        return not self.mailbox or self.mailbox in change.mailboxes

    @property
    def last(self) -> int:
        """The highest UID the client knows of, 0 for none."""
        return self.uids[-1] if self.uids else 0

    @property
    def recent(self) -> int:
        """How many messages are recent in this session (RFC 3501 §2.3.2)."""
        return self.count(self.fresh)

    def freshen(self, uids: UidSet) -> None:
        """These became \\Recent here too."""
        if uids:
            self.fresh = UidSet((*self.fresh.ranges, *uids.ranges))

    def hear(self, change: AccountChange) -> None:
        """The store changed."""
        self.dirty = True
        self._heard += 1
        self._newest = 0 if self.mailbox in change.granted else change.states.email

    @property
    def heard(self) -> int:
        """How often the store changed; -1 where some of that is still to be looked at."""
        return -1 if self.dirty else self._heard

    def tell(self, changed: FlagsChanged, heard: int = -1) -> None:
        """Our own change was told, or is not to be told (.SILENT). `heard` as it was before: where nothing but our own change
        was heard of since, there is nothing to look for."""
        if not changed.first:
            return
        alone = heard >= 0 and self._heard == heard + 1 and self._newest == changed.modseq
        if alone and self.modseq == changed.before and not self.contexts:
            self.modseq, self.dirty = changed.modseq, False
        else:
            self.told.append((changed.first, changed.modseq))

    def number(self, uid: int) -> int | None:
        """The message's sequence number, None if the client does not know it."""
        index = bisect_left(self.uids, uid)
        return index + 1 if index < len(self.uids) and self.uids[index] == uid else None

    def numbers(self, uids: Sequence[int]) -> list[int]:
        """Sequence numbers of UIDs that are all known, ascending or descending."""
        if not uids:
            return []
        known = self.uids
        first, last = min(uids[0], uids[-1]), max(uids[0], uids[-1])
        low = bisect_left(known, first)
        if last - first < len(known) - low and known[low + last - first] == last:
            offset = low + 1 - first  # no UID between them is missing
            return [uid + offset for uid in uids]
        high = bisect_left(known, last, low) + 1
        if high - low > _SPARSE * len(uids):
            return [bisect_left(known, uid, low, high) + 1 for uid in uids]
        numbers = dict(zip(known[low:high], range(low + 1, high + 1), strict=True))
        return [numbers[uid] for uid in uids]

    def knows(self, uids: Sequence[int]) -> bool:
        """Whether the client knows all of `uids`, one or more, ascending."""
        among = self.uids[bisect_left(self.uids, uids[0]) : bisect_left(self.uids, uids[-1] + 1)]
        return len(among) == uids[-1] - uids[0] + 1 or set(uids).issubset(among)

    def known(self, uids: Iterable[int]) -> list[int]:
        """Those of `uids` that the client knows."""
        return [uid for uid in uids if self.number(uid) is not None]

    def resolve(self, messages: SequenceSet, uid: bool) -> UidSet:
        """The UIDs that a command means. Raises NoSuchNumber. UIDs that do not exist are left out by the store."""
        if messages.saved:
            return self.saved
        if uid:
            # `*` is the last message; n:* holds it even where n is beyond it (RFC 9051 §9 seq-range)
            return messages.resolve(self.last or MAX_UID).upto(self.last)
        if messages.highest > len(self.uids) or (messages.starred and not self.uids):
            raise NoSuchNumber
        numbers = messages.resolve(len(self.uids))
        return UidSet((self.uids[low - 1], self.uids[high - 1]) for low, high in numbers.ranges)

    def resolve_key(self, messages: SequenceSet, uid: bool) -> UidSet:
        """The UIDs that a search key means. A number beyond the last message is no error there: no message matches it,
        and 6:* still means the last of five."""
        if uid or messages.saved:
            return self.resolve(messages, uid)
        if not self.uids:
            return UidSet()
        numbers = overlap(messages.resolve(len(self.uids)), UidSet([(1, len(self.uids))]))
        return UidSet((self.uids[low - 1], self.uids[high - 1]) for low, high in numbers.ranges)

    def count(self, uids: UidSet) -> int:
        """How many known messages lie in `uids`."""
        known = self.uids
        return sum([bisect_left(known, high + 1) - bisect_left(known, low) for low, high in uids.ranges])

    def within(self, uids: UidSet) -> list[int]:
        """The known messages that lie in `uids`, ascending."""
        known: list[int] = []
        for low, high in uids.ranges:
            known.extend(self.uids[bisect_left(self.uids, low) : bisect_left(self.uids, high + 1)])
        return known

    def parts(self, uids: UidSet, most: int) -> Iterator[UidSet]:
        """`uids` in parts of at most so many known messages, ascending."""
        if self.count(uids) <= most:
            yield uids
            return
        places = self.numbered(uids)
        while places:
            ranges: list[tuple[int, int]] = []
            room, last = most, 0
            for low, high in places.ranges:
                if not room:
                    break
                last = min(high, low + room - 1)
                ranges.append((self.uids[low - 1], self.uids[last - 1]))
                room -= last - low + 1
            yield UidSet(ranges)
            places = overlap(places, UidSet([(last + 1, MAX_UID)]))

    def numbered(self, uids: UidSet) -> UidSet:
        """Known UIDs as a set of sequence numbers, range by range."""
        return UidSet(
            (low, high)
            for low, high in (
                (bisect_left(self.uids, first) + 1, bisect_left(self.uids, last + 1)) for first, last in uids.ranges
            )
            if low <= high
        )

    def forget(self, uids: Sequence[int]) -> list[int]:
        """Takes these messages out of the numbering; returns the numbers for EXPUNGE, highest first, so that each is
        right when it is read (RFC 9051 §7.5.1)."""
        numbers = sorted((bisect_left(self.uids, uid) + 1 for uid in uids), reverse=True)
        if len(numbers) > 64:
            lost = set(uids)
            self.uids = array("I", [uid for uid in self.uids if uid not in lost])
        else:
            for number in numbers:
                del self.uids[number - 1]
        if self.saved:
            lost = set(uids)
            self.saved = UidSet.of(uid for uid in self.saved if uid not in lost)  # RFC 5182 §2.1
        return numbers


def overlap(one: UidSet, other: UidSet) -> UidSet:
    """The members of both."""
    ranges: list[tuple[int, int]] = []
    a, b = list(one.ranges), list(other.ranges)
    i = j = 0
    while i < len(a) and j < len(b):
        low, high = max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
        if low <= high:
            ranges.append((low, high))
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    return UidSet(ranges)


def uid_list(uids: Iterable[int]) -> str:
    """UIDs in the order given, runs shortened: for COPYUID and APPENDUID, where order tells which is which."""
    parts: list[str] = []
    low = high = 0
    for uid in uids:
        if low and uid == high + 1:
            high = uid
            continue
        if low:
            parts.append(f"{low}:{high}" if high > low else str(low))
        low = high = uid
    if low:
        parts.append(f"{low}:{high}" if high > low else str(low))
    return ",".join(parts)
