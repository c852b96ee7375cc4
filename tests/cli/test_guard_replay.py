"""`gatepost guard replay` as an administrator meets it."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from gatepost.adapters.log import json_line
from gatepost.cli.main import app
from gatepost.cli.output import Sorry
from gatepost.guard.options import GuardOptions
from gatepost.model.events import SEVERITY, ConnectionsRefused, Event, GuardLoaded, SignInFailed, Trace
from gatepost.model.units import Rate
from gatepost.recorded import as_noted

POLICY = GuardOptions(policy="simple", address_limit=Rate(10, 3600.0), account_limit=Rate(99, 3600.0))


def failed(number: int) -> SignInFailed:
    trace = Trace(order=number, after=number - 1, ticket=number, reserved_at=1000.0 + number, kind="imap")
    return SignInFailed(
        1000.5 + number,
        "c",
        "imap",
        "192.0.2.1",
        "ada@example.org",
        "LOGIN",
        "stranger",
        True,
        "wrong",
        (number, 77 + number),
        trace,
    )


def journal(folder: Path, *events: Event) -> str:
    path = folder / "journal.json"
    path.write_text("".join(json_line(event, SEVERITY[type(event)]) + "\n" for event in events))
    return str(path)


def policy(folder: Path, text: str) -> str:
    path = folder / "new.toml"
    path.write_text(f"[guard]\nnever_ban = []\n{text}\n")
    return str(path)


def test_it_says_who_would_be_banned(tmp_path: Path) -> None:
    loaded = GuardLoaded(1000.0, as_noted(POLICY), 0)
    dropped = ConnectionsRefused(1010.0, 3, {"banned": 3}, "192.0.2.9")
    recorded = journal(tmp_path, loaded, *map(failed, range(1, 7)), dropped)
    tighter = policy(tmp_path, 'policy = "simple"\naddress_limit = "3/1h"\naccount_limit = "99/1h"')
    done = CliRunner().invoke(app, ["guard", "replay", recorded, "--policy", tighter])
    assert done.exit_code == 0, done.output
    for part in (
        "6 of 6 answers as recorded, the same bans",
        "answers that would change: 3 of 6",
        "wrong, counted -> refused: source",
        "would be banned: 1",
        "3 connections were dropped",
    ):
        assert part in done.stdout, part
    printed = json.loads(CliRunner().invoke(app, ["guard", "replay", recorded, "--policy", tighter, "--json"]).stdout)
    assert printed["banned"][0]["network"] == "192.0.2.1"
    assert printed["changes"] == {"wrong, counted -> refused: source": 3}


def test_what_it_cannot_do_it_says(tmp_path: Path) -> None:
    new = policy(tmp_path, "")
    without = journal(tmp_path, failed(1))
    for words, sentence in (
        ([without, "--policy", new], "its policy is unknown"),
        ([str(tmp_path / "none"), "--policy", new], "No such file"),
        ([without, "--policy", str(tmp_path / "none")], "no such file"),
        ([new, "--policy", new], "no events there"),
    ):
        done = CliRunner().invoke(app, ["guard", "replay", *words])
        assert isinstance(done.exception, Sorry), done.output
        assert sentence in str(done.exception)
    named = CliRunner().invoke(app, ["guard", "replay", without, "--policy", new, "--recorded", new])
    assert named.exit_code == 0
    assert "does not begin with a new guard" in named.stdout
