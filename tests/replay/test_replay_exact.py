"""Law 13: a recorded journal, asked again under the same policy, answers the same; under another, what was to be expected."""

from __future__ import annotations

from pathlib import Path

import pytest
from recorded_day import PEOPLE, Day, policy, right_password

from gatepost.guard.options import GuardOptions
from gatepost.replay.comparing import CannotReplay, Comparison, compare, recorded_policy
from gatepost.replay.reading import Recording, events_of, record

FULL = 'policy = "full"'
SIMPLE = 'policy = "simple"\naddress_limit = "6/1h"\naccount_limit = "8/1h"'


def recording_of(day: Day) -> Recording:
    with day.log.open("rb") as file:
        events, unread = events_of(file)
    return record(events, unread)


def replay(day: Day, new: GuardOptions | None = None) -> Comparison:
    recording = recording_of(day)
    old = recorded_policy(recording)
    return compare(recording, old, old if new is None else new)


@pytest.mark.parametrize("text", [FULL, SIMPLE, FULL + '\naccount_lock = "strict"', FULL + "\nenforce = false"])
@pytest.mark.parametrize("seed", [1, 2])
async def test_the_same_policy_changes_nothing(tmp_path: Path, text: str, seed: int) -> None:
    day = Day(tmp_path, policy(text), seed)
    day.open()
    day.play(400)
    await day.close()
    found = replay(day)
    assert found.attempts > 100
    assert found.astray == ()
    assert (found.reproduced, found.changed) == (found.attempts, 0)
    assert found.same_bans
    assert found.began_fresh
    assert (found.unread, found.untraced) == (0, 0)
    assert (found.spared, found.banned) == ((), ())


async def test_a_restart_in_between_changes_nothing(tmp_path: Path) -> None:
    day = Day(tmp_path, policy(FULL), 3)
    for _ in range(3):
        day.open()
        day.play(150)
        await day.close()
        day.clock.at += 100.5
    found = replay(day)
    assert found.attempts > 100
    assert found.astray == ()
    assert found.same_bans
    assert found.changed == 0


async def test_looser_and_tighter_policies(tmp_path: Path) -> None:
    """One address guesses 10 times; an owner mistypes 4 times."""
    day = Day(tmp_path, policy('policy = "simple"\naddress_limit = "6/1h"\naccount_limit = "100/1h"'))
    day.random.random = lambda: 0.5  # type: ignore[method-assign]
    day.open()
    ada = PEOPLE[0]
    assert day.attempt("198.51.0.7", ada, right_password(ada))
    for number in range(4):
        day.attempt("198.51.0.9", ada, b"typo-%d" % number)
    answered = [day.attempt("203.0.113.5", ada, b"guess-%d" % number) for number in range(10)]
    assert answered.count(True) == 6
    await day.close()

    looser = replay(day, policy('policy = "simple"\naddress_limit = "100/1h"\naccount_limit = "100/1h"'))
    assert [ban.network for ban in looser.spared] == ["203.0.113.5"]
    assert (looser.bans_old, looser.bans_new, looser.changed) == (1, 0, 0)

    tighter = replay(day, policy('policy = "simple"\naddress_limit = "3/1h"\naccount_limit = "100/1h"'))
    assert [ban.network for ban in tighter.banned] == ["198.51.0.9"]
    assert (tighter.bans_old, tighter.bans_new) == (1, 2)
    assert tighter.changes == {"wrong, counted -> refused: source": 4}
    assert {(change.source, change.login) for change in tighter.examples} == {("198.51.0.9", ada), ("203.0.113.5", ada)}


async def test_what_was_refused_is_taken_for_wrong_unless_it_came_right(tmp_path: Path) -> None:
    day = Day(tmp_path, policy('policy = "simple"\naddress_limit = "100/1h"\naccount_limit = "3/1h"'))
    day.random.random = lambda: 0.5  # type: ignore[method-assign]
    day.open()
    ada = PEOPLE[0]
    for number in range(3):
        assert day.attempt("203.0.113.5", ada, b"guess-%d" % number)
    assert not day.attempt("198.51.100.1", ada, right_password(ada))
    assert not day.attempt("203.0.113.6", ada, b"guess-9")
    day.clock.at += 7200
    assert day.attempt("198.51.100.1", ada, right_password(ada))
    await day.close()
    found = replay(day, policy('policy = "simple"\naddress_limit = "100/1h"\naccount_limit = "50/1h"'))
    assert found.changes == {"refused: account -> right": 1, "refused: account -> wrong, counted": 1}
    assert (found.assumed.right, found.assumed.wrong) == (1, 1)


async def test_a_dry_run_knows_what_was_refused(tmp_path: Path) -> None:
    day = Day(tmp_path, policy(SIMPLE + "\nenforce = false"))
    day.random.random = lambda: 0.5  # type: ignore[method-assign]
    day.open()
    for number in range(9):
        assert day.attempt("203.0.113.5", PEOPLE[0], b"guess-%d" % number)
    await day.close()
    found = replay(day, policy('policy = "simple"\naddress_limit = "100/1h"\naccount_limit = "100/1h"'))
    assert found.assumed.known == 3
    assert found.changes == {"refused: source -> wrong, counted": 3}


async def test_a_journal_that_begins_later(tmp_path: Path) -> None:
    """Who was known is told by the lanes; the policy must be named."""
    day = Day(tmp_path, policy(FULL), 5)
    day.open()
    day.random.random = lambda: 0.5  # type: ignore[method-assign]
    for person in PEOPLE:
        day.attempt(f"198.51.{PEOPLE.index(person)}.7", person, right_password(person), "ios")
    before = day.log.read_bytes()
    for _ in range(3):
        for person in PEOPLE:
            day.clock.at += 60
            day.attempt(f"198.51.{PEOPLE.index(person)}.7", person, right_password(person), "ios")
            day.attempt(f"198.51.{PEOPLE.index(person)}.77", person, b"typo", "ios")
    await day.close()
    day.log.write_bytes(b"not an event\n" + day.log.read_bytes()[len(before) :])
    with pytest.raises(CannotReplay):
        replay(day)
    found = compare(recording_of(day), policy(FULL), policy(FULL))
    assert (found.unread, found.began_fresh) == (1, False)
    assert found.reproduced == found.attempts == 72
