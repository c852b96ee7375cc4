"""`gatepost guard watch`: what the guard of a running server does, as it happens."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.live import Live

from gatepost.adapters.log import json_line
from gatepost.cli.board import Board, words
from gatepost.cli.client import Client
from gatepost.cli.output import Sorry, console, say
from gatepost.model.events import SEVERITY, Event
from gatepost.services.admin.protocol import ADMIN_SOCKET


def watch(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Print one event a line, as the JSON log has them.")] = False,
) -> None:
    """Watch sign-ins, refusals and bans as they happen; Ctrl-C ends it."""
    client: Client = context.obj
    path = Path(client.options().data) / ADMIN_SOCKET
    try:
        with _connected(path) as sock:
            lines = _lines(sock)
            if json:
                _as_json(lines)
            elif console.is_terminal:
                _live(lines, client)
            else:
                _plain(lines)
    except KeyboardInterrupt:
        return
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has left; nothing more can be said
        return
    raise Sorry("the server closed the connection: it stopped, or too many are watching")


def _connected(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.connect(str(path))
        sock.sendall(b'{"operation":"guard.watch"}\n')
    except PermissionError as error:
        sock.close()
        raise Sorry(f"{path}: permission denied; ask as the user who runs the server") from error
    except OSError as error:
        sock.close()
        raise Sorry("no server is running on this data folder: there is nothing to watch") from error
    return sock


def _lines(sock: socket.socket) -> Iterator[dict[str, Any]]:
    """What the server sends; an empty one each second at least. Ends when it closes the connection."""
    with sock.makefile("rb") as file:
        for line in file:
            answer = msgspec.json.decode(line, type=dict[str, Any])
            if "refused" in answer:
                return
            yield answer


def _event(line: dict[str, Any]) -> Event | None:
    return msgspec.convert(line["event"], Event) if "event" in line else None


def _as_json(lines: Iterator[dict[str, Any]]) -> None:
    for line in lines:
        event = _event(line)
        if event is not None:
            sys.stdout.write(json_line(event, SEVERITY[type(event)]) + "\n")
        elif "lost" in line:
            sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
        sys.stdout.flush()


def _plain(lines: Iterator[dict[str, Any]]) -> None:
    for line in lines:
        event = _event(line)
        if event is not None:
            say(words(event))
        elif "lost" in line:
            say(f"{line['lost']} events lost: too many to show")
        sys.stdout.flush()


def _live(lines: Iterator[dict[str, Any]], client: Client) -> None:
    bans = client.ask("ban.list")
    board = Board((ban["network"], ban["until"], ban["evidence"]["reason"]) for ban in bans)
    shown = 0.0
    with Live(console=console, screen=True, auto_refresh=False) as live:
        for line in lines:
            event = _event(line)
            if event is not None:
                board.add(event)
            board.lost += line.get("lost", 0)
            now = time.time()
            if now - shown >= 0.25 or event is None:
                shown = now
                live.update(board.picture(now, console.height), refresh=True)
