"""`gatepost guard replay`: a recorded journal, asked again under another policy."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn

from gatepost.cli.output import Sorry, as_json, errors, listing, say
from gatepost.config.load import BadConfig, load
from gatepost.guard.options import GuardOptions
from gatepost.model.units import Duration
from gatepost.replay.comparing import CannotReplay, Change, Comparison, Sentence, compare, recorded_policy
from gatepost.replay.reading import Recording, events_of, record


def replay(
    journal: Annotated[list[Path], typer.Argument(metavar="JOURNAL...", help="The server's JSON log, oldest first.")],
    policy: Annotated[Path, typer.Option("--policy", help="A configuration whose [guard] section is to be tried.")],
    recorded: Annotated[
        Path | None, typer.Option("--recorded", help="The configuration in force then, if the journal does not say it.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell which answers another policy would have changed, and whom it would have banned or spared."""
    recording = _read(journal)
    new = _guard(policy)
    try:
        old = _guard(recorded) if recorded is not None else recorded_policy(recording)
    except CannotReplay as error:
        raise Sorry(str(error)) from error
    found = _compared(recording, old, new)
    if json:
        as_json(found)
        return
    _show(found)


def _read(paths: list[Path]) -> Recording:
    events, unread = [], 0
    for path in paths:
        try:
            with path.open("rb") as file:
                more, bad = events_of(file)
        except OSError as error:
            raise Sorry(f"{path}: {error.strerror}") from error
        events += more
        unread += bad
    if not events:
        raise Sorry('no events there: a journal is the server\'s log with [log] format = "json"')
    return record(events, unread)


def _guard(path: Path) -> GuardOptions:
    try:
        if not path.is_file():
            raise Sorry(f"{path}: no such file")
        return load(path).guard
    except BadConfig as error:
        raise Sorry(str(error)) from error


def _compared(recording: Recording, old: GuardOptions, new: GuardOptions) -> Comparison:
    columns = TextColumn("replaying"), BarColumn(), TextColumn("{task.completed} of {task.total}")
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task("", total=len(recording.steps))
        return compare(recording, old, new, lambda done, of: bar.update(task, completed=done))


# -- for people ------------------------------------------------------------------------------------------------------


def _show(found: Comparison) -> None:
    say(f"journal: {_time(found.first)} to {_time(found.last)}, {found.attempts} attempts")
    say(_fidelity(found))
    if found.astray:
        _changes("first that did not come out as recorded:", found.astray, "RECORDED", "REPLAYED")
    say("")
    say(f"answers that would change: {found.changed} of {found.attempts}")
    for words, count in found.changes.items():
        say(f"  {count:>7}  {words}")
    _changes("", found.examples, "OLD", "NEW")
    say("")
    say(
        f"bans: {found.bans_old} old, {found.bans_new} new; accounts closed: {found.closed_old} old, {found.closed_new} new"
    )
    _sentences("would be spared", found.spared)
    _sentences("would be banned", found.banned)
    for line in _caveats(found):
        say(f"note: {line}")


def _fidelity(found: Comparison) -> str:
    bans = "the same bans" if found.same_bans else "not the same bans"
    start = (
        ""
        if found.began_fresh
        else "; the journal does not begin with a new guard, so bans and counters of before are not in it"
    )
    return (
        f"the recorded policy, asked again: {found.reproduced} of {found.attempts} answers as recorded, {bans}{start}"
    )


def _caveats(found: Comparison) -> list[str]:
    out = []
    assumed = found.assumed
    if assumed.known:
        out.append(f"{assumed.known} refused attempts went on in a dry run: what they came to is in the journal")
    if assumed.right or assumed.wrong:
        out.append(
            f"{assumed.right + assumed.wrong} attempts that were refused unseen would be looked at: {assumed.right} are taken "
            "to be right (the same login, address and kind of client signed in rightly within a day), "
            f"{assumed.wrong} to be wrong, each with a password of its own"
        )
    if found.sprayed:
        out.append(
            f"{found.sprayed} attempts were refused since their password was being tried on many accounts. It may have been "
            "right, so nothing of it is recorded: it is taken for the one tried last on so many, and for wrong"
        )
    out.append(
        "of right passwords no fingerprint is recorded: they are taken not to be among those tried on many accounts"
    )
    if found.cut_off:
        out.append(
            f"{found.cut_off} attempts were cut off before their password was looked at: whether it was one of the commonest, "
            "which costs more, is not recorded"
        )
    if found.dropped:
        out.append(
            f"{found.dropped} connections were dropped before they could try anything: what they wanted is not known"
        )
    if found.untraced:
        out.append(f"{found.untraced} attempts lack what a replay needs (an older server's): client kinds, order")
    if found.unread:
        out.append(f"{found.unread} lines are no events")
    return out + [f"{count} x {what}" for what, count in found.undone.items()]


def _changes(title: str, changes: tuple[Change, ...], old: str, new: str) -> None:
    if not changes:
        return
    if title:
        say(title)
    rows = [
        {
            "at": _time(change.at),
            "source": change.source,
            "login": change.login,
            "door": change.door,
            "old": change.old,
            "new": change.new,
        }
        for change in changes
    ]
    columns = {"at": "TIME", "source": "SOURCE", "login": "LOGIN", "door": "DOOR", "old": old, "new": new}
    listing(rows, columns, False, "")


def _sentences(title: str, sentences: tuple[Sentence, ...], most: int = 10) -> None:
    if not sentences:
        return
    say(f"{title}: {len(sentences)}" + (f", the first {most}:" if len(sentences) > most else ":"))
    rows = [
        {
            "network": one.network,
            "first": _time(one.first),
            "bans": one.bans,
            "time": str(Duration(int(one.seconds))),
            "reason": one.reason,
        }
        for one in sentences[:most]
    ]
    columns = {"network": "NETWORK", "first": "FROM", "bans": "BANS", "time": "IN ALL", "reason": "REASON"}
    listing(rows, columns, False, "")


def _time(at: float) -> str:
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")
