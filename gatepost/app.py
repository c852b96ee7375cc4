"""The wiring: a house with its doors open. Together with `house`, the only module that knows everything."""

from __future__ import annotations

import asyncio
import logging
import signal
from pathlib import Path
from typing import TypedDict

from gatepost import __version__
from gatepost.adapters.early import CannotDrop, EarlyDrop
from gatepost.config.options import Options
from gatepost.guard.verdicts import Admission
from gatepost.house import House
from gatepost.journal import Journal
from gatepost.mail.auth import AuthDoor
from gatepost.mail.expiry import Expiry
from gatepost.model.address import parse_network
from gatepost.model.connection import Door
from gatepost.model.errors import CannotStart
from gatepost.model.events import Banned, Event, Failed, Started, Stopping
from gatepost.net import systemd
from gatepost.net.acceptor import AcceptLimits, Acceptor, Handler, join
from gatepost.net.conversation import Budget
from gatepost.net.http import HttpClocks, HttpConnections, JournalHandler
from gatepost.net.lines import LineConnections
from gatepost.net.tls import BadCertificate, TlsContexts, make_self_signed
from gatepost.ports.clock import Clock
from gatepost.services.admin.protocol import ADMIN_SOCKET
from gatepost.services.admin.socket import AdminSocket
from gatepost.services.imap.service import ImapService
from gatepost.services.jmap.service import JmapService
from gatepost.services.managesieve.service import ManageSieveService
from gatepost.services.pop3.service import Pop3Service
from gatepost.services.smtp.service import SmtpService


class _Shared(TypedDict):
    """What every line service is given."""

    auth: AuthDoor
    journal: Journal
    clock: Clock
    budget: Budget
    hostname: str


class Server:
    """A house with its doors open. `start`, then `wait`, then `stop`."""

    def __init__(self, options: Options) -> None:
        self.house = house = House(options)
        self.options = options
        self.listening: list[tuple[Door, str, int]] = []
        self._stopped = asyncio.Event()
        self._background: list[asyncio.Task[None]] = []
        self._early: EarlyDrop | None = None
        try:
            self.tls = self._certificates(options)
        except CannotStart:
            house.lock.release()
            raise
        self.lines = LineConnections(live=house.live, tls=self.tls, journal=house.journal, clock=house.clock)
        self.budget = Budget(int(options.limits.memory))
        self.acceptor = Acceptor(
            gate=house.gate,
            live=house.live,
            tls=self.tls,
            trusted=house.trusted,
            limits=AcceptLimits(
                connections=options.limits.connections,
                connections_per_source=options.limits.connections_per_source,
            ),
            journal=house.journal,
            clock=house.clock,
        )
        self.jmap = JmapService(
            auth=house.auth,
            mailboxes=house.mailboxes,
            submission=house.submission,
            journal=house.journal,
            clock=house.clock,
            hostname=house.hostname,
            options=options.jmap,
            max_message=house.intake.max_message,
        )
        self.http = HttpConnections(
            self.jmap.app,
            gate=house.gate,
            live=house.live,
            trusted=house.trusted,
            clocks=HttpClocks(),
            journal=house.journal,
            clock=house.clock,
        )
        self._libraries = JournalHandler(house.journal, house.clock)
        self.admin = AdminSocket(house.administration, house.folder / ADMIN_SOCKET, house.journal, house.clock)

    # -- the services ------------------------------------------------------------------------------------------------
    def _handlers(self) -> dict[Door, Handler]:
        house, options = self.house, self.options
        shared: _Shared = {
            "auth": house.auth,
            "journal": house.journal,
            "clock": house.clock,
            "budget": self.budget,
            "hostname": house.hostname,
        }
        mx = SmtpService(role="mx", intake=house.intake, submission=house.submission, options=options.smtp, **shared)
        submission = SmtpService(
            role="submission", intake=house.intake, submission=house.submission, options=options.submission, **shared
        )
        imap = ImapService(
            mailboxes=house.mailboxes, options=options.imap, max_message=house.intake.max_message, **shared
        )
        pop3 = Pop3Service(mailboxes=house.mailboxes, options=options.pop3, **shared)
        sieve = ManageSieveService(
            mailboxes=house.mailboxes, scripts=house.scripts, options=options.managesieve, **shared
        )
        line = self.lines.handler
        return {
            Door.SMTP: line(mx),
            Door.SUBMISSION: line(submission),
            Door.SUBMISSIONS: line(submission),
            Door.IMAP: line(imap),
            Door.IMAPS: line(imap),
            Door.POP3: line(pop3),
            Door.POP3S: line(pop3),
            Door.MANAGESIEVE: line(sieve),
            Door.HTTP: self.http,
            Door.HTTPS: self.http,
        }

    # -- life ----------------------------------------------------------------------------------------------------------
    async def start(self) -> None:
        """Opens every door. Raises net.acceptor.CannotListen."""
        house = self.house
        house.journal.add(self._obey)
        for door, handler in self._handlers().items():
            for endpoint in self.options.listen.of(door):
                host, port = self.acceptor.listen(door, endpoint.host, endpoint.port, endpoint.proxy_protocol, handler)
                self.listening.append((door, host, port))
                house.administration.listening.append(
                    {
                        "door": door.value,
                        "host": host,
                        "port": port,
                        "proxy_protocol": endpoint.proxy_protocol,
                        "passwords_need_tls": self.options.auth.plaintext == "never",
                    }
                )
        await self.admin.start()
        logging.getLogger().addHandler(self._libraries)
        self._early = EarlyDrop(house.gate, house.journal, house.clock, house.never_banned)
        try:
            drop = self._early.begin(self.options.drop, self.acceptor.direct)
        except CannotDrop as error:
            raise CannotStart(str(error)) from error
        house.passwords.start()
        self.acceptor.start()
        loop = asyncio.get_running_loop()
        self._background = [
            loop.create_task(house.gate.run(), name="guard"),
            loop.create_task(house.notices.run(), name="notices"),
            loop.create_task(self._every_second(), name="every-second"),
            loop.create_task(self._expiry().run(), name="expiry"),
        ]
        for task in self._background:
            task.add_done_callback(self._background_ended)
        house.journal.note(
            Started(
                at=house.clock.now(),
                version=__version__,
                listening=tuple(f"{door} {join(host, port)}" for door, host, port in self.listening),
                drop=drop,
            )
        )
        systemd.notify("READY=1")

    def _expiry(self) -> Expiry:
        house, ages = self.house, self.options.expire
        return Expiry(
            {"trash": float(ages.trash), "junk": float(ages.junk)},
            store=house.store,
            directory=house.directory,
            journal=house.journal,
            clock=house.clock,
        )

    async def wait(self) -> None:
        """Until SIGTERM, SIGINT, or `leave`; SIGHUP reads the certificate and the keys again."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.leave)
        loop.add_signal_handler(signal.SIGHUP, self.reload)
        await self._stopped.wait()

    def leave(self) -> None:
        """Ends `wait`."""
        self._stopped.set()

    async def stop(self) -> None:
        """No new connections; those there are told, and have `stop_grace` seconds; then everything is closed."""
        house, grace = self.house, float(self.options.limits.stop_grace)
        systemd.notify("STOPPING=1")
        house.journal.note(Stopping(at=house.clock.now(), reason="asked to"))
        self.acceptor.stop()
        if self._early is not None:
            await self._early.end()
        await self.admin.stop()
        self.jmap.stop()
        for live in house.live:
            live.stop()
        await asyncio.gather(self.lines.finish(grace), self.http.finish(grace))
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        logging.getLogger().removeHandler(self._libraries)
        await house.close()

    def reload(self) -> None:
        """Reads the files again that may be renewed under us: certificate, and the keys of access tokens."""
        systemd.notify("RELOADING=1")
        self._renew(force=True)
        systemd.notify("READY=1")

    def _renew(self, force: bool = False) -> None:
        """What can't be used is reported, and what was there stays in use."""
        try:
            self.tls.reload(force=force)
        except BadCertificate as error:
            self.house.journal.note(Failed(at=self.house.clock.now(), topic="tls", text=str(error)))
        try:
            if self.house.tokens is not None:
                self.house.tokens.reload()
        except CannotStart as error:
            self.house.journal.note(Failed(at=self.house.clock.now(), topic="oauth", text=str(error)))

    async def _every_second(self) -> None:
        seconds = 0
        while True:
            await asyncio.sleep(1)
            seconds += 1
            self.acceptor.report()
            if seconds % 30 == 0:
                self._renew()

    def _background_ended(self, task: asyncio.Task[None]) -> None:
        """A background task that dies would leave the guard deaf: better to stop, loudly, and be started again."""
        if not task.cancelled():
            self.house.journal.note(
                Failed(at=self.house.clock.now(), topic=task.get_name(), text=f"ended: {task.exception()!r}")
            )
            self.leave()

    def _obey(self, event: Event) -> None:
        """The journal's word that somebody was banned: close what they have open, everywhere (law 3)."""
        if isinstance(event, Banned) and event.enforced:
            for live in self.house.live.within(parse_network(event.network)):
                admission = self.house.gate.admit(live.connection.client)
                if admission is Admission.DROP or (admission is Admission.CONFINED and live.account is None):
                    live.abort("banned")

    def _certificates(self, options: Options) -> TlsContexts:
        certificate, key = options.tls.certificate, options.tls.key or options.tls.certificate
        try:
            if certificate:
                return TlsContexts(Path(certificate), Path(key))
            folder = self.house.folder / "tls"
            if not (folder / "key.pem").exists():
                make_self_signed(self.house.hostname, folder / "certificate.pem", folder / "key.pem")
            return TlsContexts(folder / "certificate.pem", folder / "key.pem")
        except (BadCertificate, OSError) as error:
            raise CannotStart(str(error)) from error
