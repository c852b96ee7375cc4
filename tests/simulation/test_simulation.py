"""The simulation is the same for the same seed, and shows what the guard does and does not let through."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from typer.testing import CliRunner

from gatepost.cli.main import app
from gatepost.guard.options import GuardOptions
from gatepost.model.units import Rate
from gatepost.simulation.attacks import ATTACKS
from gatepost.simulation.run import Simulation, simulate
from gatepost.simulation.scoring import Popularity, Score, Tally
from gatepost.simulation.world import World

OPEN = GuardOptions(
    policy="simple",
    address_limit=Rate(1_000_000, 1.0),
    account_limit=Rate(1_000_000, 1.0),
    in_flight_source=1_000_000,
    in_flight_stranger=1_000_000,
)


@cache
def scores(options: GuardOptions, seed: int = 1) -> dict[str, Score]:
    return {score.attack: score for score in simulate(Simulation(options, seed, hours=2.0, mailboxes=50))}


def test_the_same_seed_gives_the_same_scores() -> None:
    options = GuardOptions(policy="full")
    first = scores(options)
    scores.cache_clear()
    assert scores(options) == first
    assert list(first) == [attack.name for attack in ATTACKS]


def test_a_world_depends_on_its_seed_only() -> None:
    assert World(1, 50, 2.0).visits == World(1, 50, 2.0).visits
    assert World(1, 50, 2.0).visits != World(2, 50, 2.0).visits


def test_without_limits_every_guess_is_answered_and_nobody_is_refused() -> None:
    for score in scores(OPEN).values():
        assert score.sent == score.answered + score.refused + score.dropped
        assert (score.refused, score.dropped, score.right_refused, score.bans) == (0, 0, 0, 0)


def test_the_guard_lets_little_through_and_refuses_few() -> None:
    guarded, unguarded = scores(GuardOptions(policy="full")), scores(OPEN)
    assert guarded["no attack"].right_refused == 0
    assert guarded["no attack"].right > 300
    for name in ("one address", "botnet, one account", "spraying", "IPv6 /48", "parallel burst"):
        assert guarded[name].answered < unguarded[name].answered / 5, name
        assert guarded[name].lost < unguarded[name].lost, name
    assert guarded["one address"].bans == 1


def test_a_closed_account_is_closed_to_its_owner_where_the_lock_is_strict() -> None:
    strict = GuardOptions(policy="full", account_lock="strict")
    assert scores(strict)["lock-out"].right_refused > 3 * scores(GuardOptions(policy="full"))["lock-out"].right_refused


def test_popularity_is_a_share_of_all_mailboxes() -> None:
    popularity = Popularity(10_000)
    assert abs(sum(popularity.odds(rank) for rank in range(1, 10_001)) - popularity.share) < 1e-9
    assert popularity.odds(10_001) == 0.0
    assert 0.005 < popularity.odds(1) < 0.01


def test_nobody_is_lost_twice() -> None:
    tally = Tally()
    for _ in range(100):
        tally.guess_answered(1, 0.02)
    assert tally.score("a", "b", 0).lost == 1.0


def test_the_command_prints_json(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('[guard]\npolicy = "full"\n')
    words = ["guard", "simulate", "--policy", str(policy), "--hours", "1", "--mailboxes", "50", "--json"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    printed = json.loads(done.stdout)
    assert printed["policy"] == "full"
    assert len(printed["attacks"]) == len(ATTACKS)
    table = CliRunner().invoke(app, words[:-1])
    assert "behind an office NAT" in table.stdout
