"""`gatepost serve` and `gatepost demo`."""

from __future__ import annotations

import asyncio
import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from gatepost.adapters.lock import BadFolder, FolderInUse
from gatepost.cli.client import Client
from gatepost.cli.output import Sorry, console
from gatepost.config.options import Options
from gatepost.model.connection import Door
from gatepost.model.errors import AccountExists, CannotStart, StorageUnavailable
from gatepost.services.admin.protocol import Refused

if TYPE_CHECKING:
    from gatepost.app import Server

DEMO_DOMAIN = "example.org"
DEMO_ACCOUNTS = (("ada@example.org", "Ada", "analytical-engine"), ("grace@example.org", "Grace", "first-moth-found"))
_YOUNG, _MIDDLE, _OLD = 10_000, 20, 50
"""gc thresholds: new containers before the young are looked at, and times the younger before the older are."""


def run(main: object) -> None:
    """Runs a coroutine function on uvloop where it is installed, else on asyncio's own loop."""
    assert callable(main)
    try:
        import uvloop
    except ImportError:
        _slim_tls()
        asyncio.run(main())
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main())


def _slim_tls() -> None:
    """Without uvloop every TLS connection would hold a 256 KiB buffer; a TLS record has at most 16 KiB (RFC 8446 §5.1)."""
    from asyncio import sslproto

    sslproto.SSLProtocol.max_size = 16 * 1024


def _calm_collector() -> None:
    """What was imported and loaded so far stays to the end: looking through it again and again stopped the event loop for
    tens of milliseconds each time, most often under attack."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
    gc.enable()


async def _serve(options: Options, demo: bool) -> None:
    from gatepost.app import Server  # the whole house is slow to import: the other commands do without
    from gatepost.net.acceptor import CannotListen, join

    gc.disable()  # a start only makes things that stay: with a million bans it would be searched for garbage half the time
    try:
        server = Server(options)
        if demo:
            await _make_accounts(server)
        await server.start()
        _calm_collector()
    except (CannotListen, FolderInUse, BadFolder, CannotStart, StorageUnavailable) as error:
        raise Sorry(f"cannot start: {error}") from error
    listening = ", ".join(f"{door} {join(host, port)}" for door, host, port in server.listening)
    sys.stdout.write(f"ready: {listening}\n")
    sys.stdout.flush()
    if demo:
        _print_demo(server)
    await server.wait()
    await server.stop()


def serve(
    context: typer.Context,
    config: Annotated[Path | None, typer.Option("--config", help="Configuration file.")] = None,
) -> None:
    """Run the server until SIGTERM or SIGINT."""
    client: Client = context.obj
    client.given = config or client.given
    options = client.options()
    run(lambda: _serve(options, demo=False))


def demo(
    context: typer.Context,
    data: Annotated[Path, typer.Option(help="The demo's own folder.")] = Path("var/demo"),
) -> None:
    """Run a server to try out: loopback ports, two accounts, a self-signed certificate; 127.x addresses can be banned."""
    client: Client = context.obj
    options = client.options()
    # so that one can see it work from one's own machine
    guard = msgspec.structs.replace(options.guard, never_ban=())
    if not client.chosen:
        options = msgspec.structs.replace(options, data=str(data.resolve()))
    run(lambda: _serve(msgspec.structs.replace(options, guard=guard), demo=True))


async def _make_accounts(server: Server) -> None:
    administration = server.house.administration
    await administration.call("domain.add", {"domain": DEMO_DOMAIN})
    for email, name, password in DEMO_ACCOUNTS:
        try:
            await administration.call("user.add", {"email": email, "name": name, "password": password})
        except Refused as error:
            if not isinstance(error.__cause__, AccountExists):
                raise CannotStart(str(error)) from error


def _print_demo(server: Server) -> None:
    where = {door: (host, port) for door, host, port in server.listening}
    ada, grace = DEMO_ACCOUNTS
    console.print("\n[bold]Gatepost is listening[/bold]  (loopback only, self-signed certificate)")
    for door, (host, port) in where.items():
        console.print(f"  [cyan]{door.value:<12}[/cyan] {host}:{port}")
    console.print("\n[bold]Accounts[/bold]")
    for email, _, password in DEMO_ACCOUNTS:
        console.print(f"  [green]{email}[/green]  password [green]{password}[/green]")
    console.print("\n[bold]Try it[/bold]  (stop with Ctrl-C)")
    for about, line in _lines(where, server.options.data, ada, grace):
        console.print(f"  [dim]# {about}[/dim]\n  {line}", soft_wrap=True, markup=True)
    sys.stdout.flush()


def _lines(
    where: dict[Door, tuple[str, int]], data: str, ada: tuple[str, str, str], grace: tuple[str, str, str]
) -> list[tuple[str, str]]:
    out: list[tuple[str, str]] = []

    def at(door: Door) -> str:
        host, port = where[door]
        return f"{host}:{port}"

    if Door.SMTP in where:
        out.append(
            ("deliver a message", f"swaks --server {at(Door.SMTP)} --from someone@elsewhere.example --to {ada[0]}")
        )
    if Door.SUBMISSION in where:
        out.append(
            (
                "send one from Grace to Ada",
                f"swaks --server {at(Door.SUBMISSION)} --tls --auth-user {grace[0]} --auth-password {grace[2]} "
                f"--from {grace[0]} --to {ada[0]}",
            )
        )
    if Door.IMAP in where:
        out.append(("read the newest", f"curl -s 'imap://{at(Door.IMAP)}/INBOX;MAILINDEX=1' -u {ada[0]}:{ada[2]}"))
    if Door.IMAPS in where:
        out.append(("look at TLS", f"openssl s_client -connect {at(Door.IMAPS)} -crlf -quiet"))
    if Door.HTTP in where:
        out.append(("JMAP", f"curl -s http://{at(Door.HTTP)}/jmap/session -u {ada[0]}:{ada[2]}"))
    if Door.IMAP in where:
        out.append(
            (
                "attack yourself from another address, and see it banned",
                f"for i in $(seq 20); do curl -sS -m 3 --interface 127.9.0.9 imap://{at(Door.IMAP)}/ -u {ada[0]}:guess-$i; done",
            )
        )
    out.append(("who is banned, and why", f"{sys.argv[0]} --data {data} ban list"))
    out.append(("a whole attack, over all doors", f"{sys.argv[0]} --data {data} drill"))
    return out
