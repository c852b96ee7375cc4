"""A data folder, opened: directory, mail, guard, doors and administration, put together from the configuration.

The command line uses it by itself where no server runs; `app` opens its doors. Not here: sockets and services.
"""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

from gatepost.adapters import changeover
from gatepost.adapters.accesstokens import JwtAccessTokens
from gatepost.adapters.clock import SystemClock
from gatepost.adapters.hashing import SCRAM_SHA1, SCRAM_SHA256
from gatepost.adapters.lock import BadFolder, FolderLock
from gatepost.adapters.log import Log
from gatepost.adapters.passwords import HashedPasswords
from gatepost.adapters.sqlite import SqliteDirectory, SqliteGuardStore, SqliteMailstore
from gatepost.config.options import Options
from gatepost.gate import Gate
from gatepost.journal import Journal
from gatepost.mail.app_passwords import AppPasswords
from gatepost.mail.auth import AuthDoor, AuthOptions
from gatepost.mail.filing import Filing
from gatepost.mail.intake import Intake
from gatepost.mail.loitering import Loitering
from gatepost.mail.mailbox import MailboxDoor
from gatepost.mail.notices import Notices
from gatepost.mail.remembered import Remembered
from gatepost.mail.scripts import ScriptDoor
from gatepost.mail.strangers import Strangers
from gatepost.mail.submission import SubmissionDoor
from gatepost.mail.verdicts import Granted
from gatepost.model.address import BadAddress, Network, parse_network
from gatepost.model.connection import Connection
from gatepost.model.errors import CannotStart, StorageUnavailable
from gatepost.net.live import LiveConnections
from gatepost.net.own import own_addresses
from gatepost.proto.sieve import Limits
from gatepost.services.admin.table import Administration

DATABASE = "gatepost.db"


class House:
    """A data folder, opened: directory, mail, guard and doors. Needs a running event loop. Raises FolderInUse, BadFolder."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.folder = Path(options.data)
        self.lock = FolderLock(self.folder)
        try:
            self._finish_restore()
            self._open(options)
        except BaseException:
            self.lock.release()
            raise

    def _finish_restore(self) -> None:
        """A restore of the whole server that was broken off while the folders changed places."""
        try:
            changeover.finish(self.folder)
        except OSError as error:
            raise BadFolder(f"cannot finish a restore in {self.folder}: {error.filename}: {error.strerror}") from error

    def _open(self, options: Options) -> None:
        self.clock = clock = SystemClock()
        self.tokens = JwtAccessTokens(options.oauth, clock) if options.oauth.issuer else None
        self.hostname = options.hostname or socket.gethostname()
        self.log = Log(options.log.format, options.log.level, options.log.file)
        self.journal = journal = Journal(self.log)
        self.live = LiveConnections()
        self.directory = directory = SqliteDirectory(self.folder / DATABASE, options.default_domain)
        self.store = SqliteMailstore(self.folder / "mail", clock)
        scram = (SCRAM_SHA256, SCRAM_SHA1) if options.auth.scram_sha1 else (SCRAM_SHA256,)
        self.passwords = HashedPasswords(options.auth.hashing_processes or None, scram)
        self.remembered = Remembered(clock, float(options.auth.remember))
        self.app_passwords = AppPasswords(directory.secret_key("app-passwords"))
        self.guard_store = SqliteGuardStore(self.folder / DATABASE)
        self.strangers = Strangers(options.guard.stranger, clock, options.guard.enforce)
        self.gate = Gate(
            options.guard,
            journal=journal,
            clock=clock,
            store=self.guard_store,
            key=directory.secret_key("guard"),
            is_common=self.passwords.is_common,
            companions=(self.strangers,),
        )
        journal.add(Loitering(journal).hear)
        journal.add(self.strangers.hear)
        self.trusted = networks_of(options.trusted.proxies)
        protected = (*self.trusted, *own_addresses())
        self.gate.guard.protect(protected)
        self.never_banned = (*protected, *networks_of(options.guard.never_ban))
        self.auth = AuthDoor(
            gate=self.gate,
            directory=directory,
            passwords=self.passwords,
            remembered=self.remembered,
            app_passwords=self.app_passwords,
            options=AuthOptions(plaintext=options.auth.plaintext),
            tokens=self.tokens,
            signed_in=self._signed_in,
            signed_out=self.live.signed_out,
        )
        self.mailboxes = MailboxDoor(self.store, directory, int(options.limits.quota))
        self.notices = Notices(
            directory=directory,
            mailboxes=self.mailboxes,
            journal=journal,
            clock=clock,
            hostname=self.hostname,
            hold=options.guard.stranger.hold,
            every=options.guard.stranger.notice_every,
            under_attack=lambda: self.gate.guard.under_attack,
        )
        self.strangers.tell = self.notices.tell
        self.scripts = ScriptDoor(
            self.mailboxes, int(options.limits.script_size), options.limits.scripts, self.strangers
        )
        self.intake = Intake(
            directory=directory,
            mailboxes=self.mailboxes,
            filing=Filing(Limits(script=int(options.limits.script_size)), hostname=self.hostname, now=clock.now),
            journal=journal,
            clock=clock,
            hostname=self.hostname,
            max_message=int(options.limits.message_size),
        )
        self.submission = SubmissionDoor(
            intake=self.intake, clock=clock, hostname=self.hostname, strangers=self.strangers
        )
        self.administration = Administration(
            gate=self.gate,
            directory=directory,
            store=self.store,
            passwords=self.passwords,
            remembered=self.remembered,
            app_passwords=self.app_passwords,
            live=self.live,
            journal=journal,
            clock=clock,
        )

    def _signed_in(self, connection: Connection, granted: Granted) -> None:
        self.live.signed_in(connection, granted.account.id)

    async def close(self) -> None:
        """Finishes what was promised; the folder is free afterwards."""
        await self.notices.finish()
        with contextlib.suppress(StorageUnavailable):  # said in the journal; what can't be written now is lost
            await self.gate.save()
        await self.store.close()
        await self.directory.close()
        await self.guard_store.close()
        await self.passwords.close()
        self.log.close()
        self.lock.release()


def networks_of(texts: tuple[str, ...]) -> tuple[Network, ...]:
    """Raises CannotStart for one that is no network."""
    try:
        return tuple(parse_network(text) for text in texts)
    except BadAddress as error:
        raise CannotStart(str(error)) from error
