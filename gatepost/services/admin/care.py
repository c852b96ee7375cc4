"""Care for stored mail: check, repair, backup, restore. Backups are written by the server itself, where it may write."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
from pathlib import Path
from typing import Any

import msgspec

from gatepost.model.account import Account, AccountId
from gatepost.model.upkeep import Backup, BadBackup, Fault
from gatepost.services.admin.operations import Administration, NoArguments, Refused, operation

LIST = "backup.json"
SERVER = "gatepost.db"
MAIL = "mail"


class Of(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account by its address, or by the id that a folder of mail has."""

    account: str


class BackupTo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`target` is an absolute path on the server's host; `email` None: all accounts and the server's own database."""

    target: str
    email: str | None = None


class RestoreFrom(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`replace`: even though the account has mail."""

    source: str
    email: str
    replace: bool = False


async def _find(admin: Administration, text: str) -> AccountId:
    """By address; by id where there is such an account or such a folder."""
    known = {account.id for account in admin.directory.accounts()} if "@" not in text else set()
    if text in known or text in await admin.store.upkeep.kept():
        return AccountId(text)
    return admin.directory.find(text).id


@operation("mail.kept")
async def mail_kept(admin: Administration, args: NoArguments) -> list[dict[str, Any]]:
    """Every account and every folder of mail; `email` None: a folder of nobody's."""
    accounts = {account.id: account.email for account in admin.directory.accounts()}
    ids = [*accounts, *(number for number in await admin.store.upkeep.kept() if number not in accounts)]
    return [{"account": number, "email": accounts.get(number)} for number in ids]


@operation("mail.check-server")
async def mail_check_server(admin: Administration, args: NoArguments) -> list[Fault]:
    """The server's own database, and folders of mail that are nobody's."""
    nobody = [
        Fault("nobody", row["account"], f"the folder {MAIL}/{row['account']} is of no account")
        for row in await mail_kept(admin, args)
        if row["email"] is None
    ]
    return [*await admin.directory.check(), *nobody]


@operation("mail.check", Of)
async def mail_check(admin: Administration, args: Of) -> list[Fault]:
    """Reads all of the account's mail; changes nothing."""
    return await admin.store.upkeep.check(await _find(admin, args.account))


@operation("mail.repair", Of)
async def mail_repair(admin: Administration, args: Of) -> list[Fault]:
    """What was found, and what of it is mended."""
    found = await admin.store.upkeep.repair(await _find(admin, args.account))
    if found:
        admin.note("mail.repair", args.account)
    return found


# -- backups -----------------------------------------------------------------------------------------------------------
@operation("mail.backup", BackupTo)
async def mail_backup(admin: Administration, args: BackupTo) -> dict[str, Any]:
    """Under its name only when it is whole."""
    target = _absolute(args.target)
    part = target.with_name(f".{target.name}.part")
    if target.exists():
        raise Refused(f"{target} is there already; name a folder that is not")
    lock: int | None = None
    try:
        lock = await asyncio.to_thread(_begin, part)
        accounts, missing = await _copy(admin, part, args.email)
        backup = Backup(admin.clock.now(), accounts, server=args.email is None)
        await asyncio.to_thread(_finish, part, target, backup)
    except OSError as error:
        raise Refused(f"the server cannot write {error.filename or target}: {error.strerror}") from error
    finally:
        if lock is not None:
            await asyncio.to_thread(
                shutil.rmtree, part, ignore_errors=True
            )  # half of one is none; on success it is gone
            os.close(lock)
    admin.note("mail.backup", args.email or "all")
    return {"target": str(target), "accounts": len(accounts), "warnings": missing}


def _begin(part: Path) -> int:
    """The empty folder, locked until what is returned is closed: whoever is killed leaves a part and no lock. Raises OSError;
    Refused where another one is being written there."""
    part.mkdir(mode=0o700, exist_ok=True)
    lock = os.open(part, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for left in part.iterdir():
            if left.is_dir():
                shutil.rmtree(left)
            else:
                left.unlink()
    except BlockingIOError as error:
        os.close(lock)
        raise Refused(f"another backup is being written to {part}") from error
    except OSError:
        os.close(lock)
        raise
    return lock


async def _copy(admin: Administration, part: Path, email: str | None) -> tuple[tuple[tuple[str, str], ...], list[str]]:
    """The server's database first: an account that is made meanwhile is in the next backup."""
    accounts: tuple[Account, ...]
    if email is None:
        await admin.directory.backup(part / SERVER)
        accounts = admin.directory.accounts()
    else:
        accounts = (admin.directory.find(email),)
    missing: list[str] = []
    (part / MAIL).mkdir(mode=0o700)
    for account in accounts:
        lost = await admin.store.upkeep.backup(account.id, part / MAIL / account.id)
        missing += [f"{account.email}: {text}" for text in lost]
    return tuple((str(account.id), account.email) for account in accounts), missing


def _finish(part: Path, target: Path, backup: Backup) -> None:
    with open(part / LIST, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(msgspec.json.format(msgspec.json.encode(backup), indent=1) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    for folder in (part / MAIL, part):
        _sync(folder)
    part.rename(target)
    _sync(target.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _absolute(text: str) -> Path:
    path = Path(text)
    if not path.is_absolute():
        raise Refused("a backup's place is named by its whole path")
    return path


def read_backup(source: Path) -> Backup:
    """The backup's own list. Raises BadBackup."""
    try:
        found = msgspec.json.decode((source / LIST).read_bytes(), type=Backup)
    except OSError as error:
        half = source.name.endswith(".part")
        why = "it was broken off before it was whole" if half else error.strerror
        raise BadBackup(f"{source} holds no backup: {why}") from error
    except msgspec.MsgspecError as error:
        raise BadBackup(f"{source / LIST} is damaged") from error
    if found.version != 1:
        raise BadBackup(f"{source} was made by a newer version")
    return found


@operation("mail.restore", RestoreFrom)
async def mail_restore(admin: Administration, args: RestoreFrom) -> dict[str, Any]:
    """The account must be there; its mail becomes what it was. Its sessions end."""
    source = _absolute(args.source)
    account = admin.directory.find(args.email)
    found = [number for number, email in read_backup(source).accounts if email == account.email]
    if not found:
        raise Refused(f"{source} holds no mail of {account.email}")
    held = sum([box.messages for box in await admin.store.open(account.id).mailboxes()])
    if held and not args.replace:
        raise Refused(f"{account.email} has {held} messages; --replace lets them go")
    missing = await admin.store.upkeep.restore(account.id, source / MAIL / found[0])
    for live in admin.live.of_account(account.id):
        live.abort("mail restored")
    admin.note("mail.restore", account.email)
    return {"email": account.email, "warnings": missing}
