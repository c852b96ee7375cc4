"""How the command line speaks: tables for people, JSON for programs, one sentence for an error."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

WIDE = 200
"""Columns where there is no terminal to fit into: a file or a pipe wants whole rows."""

if TYPE_CHECKING:
    from rich.progress import Progress

console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)
errors = Console(stderr=True, highlight=False)


class Sorry(Exception):
    """It did not work; the text is one clear sentence. Exit status 1."""


def fail(sentence: str) -> NoReturn:
    """Says the sentence on standard error and ends with exit status 1."""
    errors.print(f"[red]gatepost:[/red] {escape(sentence)}", soft_wrap=True)
    sys.exit(1)


def say(text: str) -> None:
    """A line for people."""
    console.print(escape(text), soft_wrap=True)


def as_json(value: Any) -> None:
    """A value for programs, indented, on standard output."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def listing(rows: Sequence[dict[str, Any]], columns: dict[str, str], json: bool, empty: str) -> None:
    """Rows as a table of `columns` (key -> heading), or all of them as JSON."""
    if json:
        as_json(rows)
        return
    if not rows:
        say(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in columns.values():
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(escape(_cell(row.get(key, ""))) for key in columns))
    console.print(table)


def progress() -> Progress:
    """How far a long command is, on standard error, for people only."""
    from rich.progress import Progress

    return Progress(console=errors, disable=not errors.is_terminal, transient=True)


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item) for item in value)
    return str(value)
