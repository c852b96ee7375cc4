"""`gatepost guard simulate`: the guard against simulated attacks, before a real one comes."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from gatepost.cli.client import Client
from gatepost.cli.output import Sorry, as_json, console, errors, say
from gatepost.config.load import BadConfig, load
from gatepost.guard.options import GuardOptions
from gatepost.simulation.run import Simulation
from gatepost.simulation.run import simulate as run_all
from gatepost.simulation.scoring import Popularity, Score

_HEADINGS = (
    "ATTACK", "GUESSES", "AN-\nSWERED", "RE-\nFUSED", "DROPPED", "LOST", "RIGHT\nREFUSED", "PEO-\nPLE", "NAT", "BANS",
    "CLOSED", "STATE\nKiB",
)  # fmt: skip


def simulate(
    context: typer.Context,
    policy: Annotated[
        Path | None, typer.Option("--policy", help="A configuration whose [guard] is tried; else the one in force.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same table.")] = 1,
    hours: Annotated[float, typer.Option(min=1, max=720, help="Hours of attack.")] = 24.0,
    mailboxes: Annotated[int, typer.Option(min=50, max=5000, help="Mailboxes with their traffic.")] = 100,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run the guard through ten kinds of attack amid simulated mail traffic; the default size takes 10 to 30 s."""
    what = Simulation(_options(context.obj, policy), seed, hours, mailboxes, _listed())
    began = monotonic()
    columns = TextColumn("{task.description:<22}"), BarColumn(), TextColumn("{task.completed} of {task.total}")
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task("", total=None)
        scores = run_all(what, lambda done, of, name: bar.update(task, completed=done, total=of, description=name))
    if json:
        as_json(
            {"seed": seed, "hours": hours, "mailboxes": mailboxes, "policy": what.options.policy, "attacks": scores}
        )
        return
    _show(what, scores)
    say(f"took {monotonic() - began:.0f} s; seed {seed} gives the same table again")


def _listed() -> int:
    """How many passwords the shipped list has."""
    return resources.files("gatepost.adapters").joinpath("data/common_passwords.txt").read_bytes().count(b"\n")


def _options(client: Client, policy: Path | None) -> GuardOptions:
    if policy is None:
        return client.options().guard
    if not policy.is_file():
        raise Sorry(f"{policy}: no such file")
    try:
        return load(policy).guard
    except BadConfig as error:
        raise Sorry(str(error)) from error


def _show(what: Simulation, scores: list[Score]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for heading in _HEADINGS:
        table.add_column(heading, justify="left" if heading == "ATTACK" else "right", no_wrap=heading == "ATTACK")
    for score in scores:
        table.add_row(
            score.attack,
            str(score.sent),
            str(score.answered),
            str(score.refused),
            str(score.dropped),
            f"{score.lost:.2f}",
            str(score.right_refused),
            str(score.people_refused),
            str(score.innocents),
            str(score.bans),
            str(score.closed),
            str(round(score.state / 1024)),
        )
    say(
        f'policy "{what.options.policy}", {what.mailboxes} mailboxes, {what.hours:g} h of attack, '
        f"{scores[0].right} right sign-ins in each row"
    )
    console.print(table)
    say("LOST: accounts expected to be guessed, if " + Popularity(what.listed).words())
    say(
        "RIGHT REFUSED, PEOPLE: right sign-ins turned away, and of how many people; NAT: of those, refused for an address"
    )
    say("that they share and where they failed at nothing for a day; CLOSED: times an account closed to strangers")
