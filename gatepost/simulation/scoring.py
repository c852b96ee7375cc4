"""What an attack won, and what the guard cost those who only wanted their mail."""

from __future__ import annotations

import msgspec


class Popularity:
    """How likely a guess is to be right. The shipped list says which passwords are the commonest and in which order, not how
    common each is, so an assumption stands in: of mailboxes whose passwords were never checked against the list, `share`
    have one of it, the r-th with weight r ** -`exponent`. (Gatepost itself refuses them when a password is set.)"""

    def __init__(self, listed: int, share: float = 0.2, exponent: float = 0.8) -> None:
        self.listed, self.share, self.exponent = listed, share, exponent
        self._whole = sum(rank**-exponent for rank in range(1, listed + 1))

    def odds(self, rank: int) -> float:
        """That a mailbox has the password of this rank (from 1)."""
        return self.share * rank**-self.exponent / self._whole if rank <= self.listed else 0.0

    def words(self) -> str:
        """The assumption, for people."""
        return (
            f"{self.share:.0%} of the mailboxes have one of the {self.listed} commonest passwords (the commonest: "
            f"{self.odds(1):.2%}), the r-th with weight 1/r^{self.exponent}; a leaked pair is right in 1 of 50 cases"
        )


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """One attack. Guesses: `sent` = `answered` (looked at) + `refused` + `dropped` (at the door). `lost`: accounts, expected.
    `innocents`: people refused because of an address that they share and where they failed at nothing for a day."""

    attack: str
    about: str
    sent: int
    answered: int
    refused: int
    dropped: int
    lost: float
    right: int
    right_refused: int
    people_refused: int
    innocents: int
    bans: int
    closed: int
    state: int
    """Octets of durable state at the end."""


class Tally:
    """Counts while it runs."""

    def __init__(self) -> None:
        self.answered = self.refused = self.dropped = 0
        self.right = self.right_refused = self.bans = self.closed = 0
        self.people: set[int] = set()
        self.innocents: set[int] = set()
        self._odds: dict[int, float] = {}

    def guess_answered(self, person: int, odds: float) -> None:
        """A new guess at somebody's password was looked at; guesses of one person exclude each other."""
        self.answered += 1
        if odds:
            self._odds[person] = min(1.0, self._odds.get(person, 0.0) + odds)

    def turned_away(self, person: int, innocent: bool) -> None:
        """A right password was not accepted."""
        self.right_refused += 1
        self.people.add(person)
        if innocent:
            self.innocents.add(person)

    def score(self, attack: str, about: str, state: int) -> Score:
        """The sum."""
        return Score(
            attack=attack,
            about=about,
            sent=self.answered + self.refused + self.dropped,
            answered=self.answered,
            refused=self.refused,
            dropped=self.dropped,
            lost=sum(self._odds.values()),
            right=self.right,
            right_refused=self.right_refused,
            people_refused=len(self.people),
            innocents=len(self.innocents),
            bans=self.bans,
            closed=self.closed,
            state=state,
        )
