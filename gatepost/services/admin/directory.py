"""Domains, users, aliases, app passwords."""

from __future__ import annotations

from typing import Any

import msgspec

from gatepost.model.account import Account, Credentials
from gatepost.model.secret import Secret
from gatepost.services.admin.operations import Administration, NoArguments, Refused, operation


class Domain(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A domain."""

    domain: str


class InDomain(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A domain, or all."""

    domain: str | None = None


class NewUser(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`password` in the clear, or `hashed`: a crypt or PHC string from elsewhere. `quota` in octets."""

    email: str
    password: str | None = None
    hashed: str | None = None
    name: str = ""
    quota: int = 0


class User(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account's address."""

    email: str


class NewPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The new password, in the clear."""

    email: str
    password: str


class Disable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether it is to be disabled, or enabled again."""

    email: str
    disabled: bool = True


class Alias(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An alias and the account it leads to."""

    alias: str
    email: str | None = None


class AppPasswordName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An app password by account and name."""

    email: str
    name: str


@operation("domain.add", Domain)
async def domain_add(admin: Administration, args: Domain) -> None:
    """Mail for the domain is delivered here from now on."""
    await admin.directory.add_domain(args.domain)
    admin.note("domain.add", args.domain)


@operation("domain.list")
async def domain_list(admin: Administration, args: NoArguments) -> list[dict[str, Any]]:
    """Every domain with its number of accounts."""
    return [
        {"domain": domain, "accounts": len(admin.directory.accounts(domain))} for domain in admin.directory.domains()
    ]


@operation("domain.remove", Domain)
async def domain_remove(admin: Administration, args: Domain) -> None:
    """Refused while it has accounts or aliases."""
    await admin.directory.remove_domain(args.domain)
    admin.note("domain.remove", args.domain)


def _shown(admin: Administration, account: Account) -> dict[str, Any]:
    return {
        "email": account.email,
        "name": account.name,
        "aliases": [address for address in account.addresses if address != account.email],
        "disabled": account.disabled,
        "quota": account.quota,
        "app_passwords": len(admin.directory.app_passwords(account.id)),
    }


async def _credentials(admin: Administration, email: str, password: str) -> Credentials:
    secret = Secret(password)
    admin.passwords.check_new(secret, email)
    return Credentials(
        password=await admin.passwords.hash(secret), scram=tuple(await admin.passwords.scram_keys(secret))
    )


@operation("user.add", NewUser)
async def user_add(admin: Administration, args: NewUser) -> dict[str, Any]:
    """A new account, with its password or an imported hash."""
    if args.password is not None:
        credentials = await _credentials(admin, args.email, args.password)
    elif args.hashed:
        if not admin.passwords.knows_form(args.hashed):
            raise Refused("this server can't check that kind of password hash")
        credentials = Credentials(password=args.hashed)
    else:
        raise Refused("a password is needed")
    account = await admin.directory.add_account(args.email, credentials, args.name, args.quota)
    admin.note("user.add", account.email)
    return _shown(admin, account)


@operation("user.list", InDomain)
async def user_list(admin: Administration, args: InDomain) -> list[dict[str, Any]]:
    """Accounts, of one domain or all."""
    return [_shown(admin, account) for account in admin.directory.accounts(args.domain)]


@operation("user.passwd", NewPassword)
async def user_passwd(admin: Administration, args: NewPassword) -> None:
    """A new password; the old one's hash is kept, so that a device that still has it is told from a guesser."""
    account = admin.directory.find(args.email)
    old = admin.directory.credentials(account.id)
    new = await _credentials(admin, account.email, args.password)
    previous = (old.password, *old.previous)[:2] if old.password else old.previous
    await admin.directory.set_credentials(account.id, msgspec.structs.replace(new, previous=previous))
    admin.remembered.forget(account.id)
    _sign_out(admin, account)
    admin.note("user.passwd", account.email)


@operation("user.disable", Disable)
async def user_disable(admin: Administration, args: Disable) -> None:
    """A disabled account gets mail and lets nobody in; its sessions end."""
    account = admin.directory.find(args.email)
    await admin.directory.set_disabled(account.id, args.disabled)
    admin.remembered.forget(account.id)
    if args.disabled:
        _sign_out(admin, account)
    admin.note("user.disable" if args.disabled else "user.enable", account.email)


@operation("user.remove", User)
async def user_remove(admin: Administration, args: User) -> None:
    """The account, its mail, and what the guard knew of it."""
    account = admin.directory.find(args.email)
    await admin.directory.remove_account(account.id)
    admin.remembered.forget(account.id)
    _sign_out(admin, account)
    await admin.store.erase(account.id)
    admin.gate.guard.forget(account.email)
    await admin.gate.save()
    admin.note("user.remove", account.email)


def _sign_out(admin: Administration, account: Account) -> None:
    for live in admin.live.of_account(account.id):
        live.abort("signed out")


@operation("alias.add", Alias)
async def alias_add(admin: Administration, args: Alias) -> None:
    """Mail for the alias goes to the account too; the owner may send as it and sign in with it."""
    if args.email is None:
        raise Refused("an alias needs an account to lead to")
    await admin.directory.add_alias(args.alias, args.email)
    admin.note("alias.add", f"{args.alias} -> {args.email}")


@operation("alias.list", InDomain)
async def alias_list(admin: Administration, args: InDomain) -> list[dict[str, Any]]:
    """Aliases, of one domain or all."""
    return [{"alias": alias, "email": email} for alias, email in admin.directory.aliases(args.domain)]


@operation("alias.remove", Alias)
async def alias_remove(admin: Administration, args: Alias) -> None:
    """For one account, or for all it leads to."""
    await admin.directory.remove_alias(args.alias, args.email)
    admin.note("alias.remove", args.alias)


@operation("app-password.add", AppPasswordName)
async def app_password_add(admin: Administration, args: AppPasswordName) -> dict[str, Any]:
    """A new one; it is told once, here, and never again."""
    account = admin.directory.find(args.email)
    secret = admin.app_passwords.generate()
    digest = admin.app_passwords.digest(secret)
    assert digest is not None
    await admin.directory.add_app_password(account.id, args.name, digest, admin.clock.now())
    admin.note("app-password.add", f"{account.email} {args.name}")
    return {"email": account.email, "name": args.name, "password": secret.reveal().decode()}


@operation("app-password.list", User)
async def app_password_list(admin: Administration, args: User) -> list[dict[str, Any]]:
    """Names and times, no secrets."""
    account = admin.directory.find(args.email)
    return [
        {"name": found.name, "created": found.created, "used": found.used}
        for found in admin.directory.app_passwords(account.id)
    ]


@operation("app-password.revoke", AppPasswordName)
async def app_password_revoke(admin: Administration, args: AppPasswordName) -> None:
    """It lets nobody in any more; sessions of the account end."""
    account = admin.directory.find(args.email)
    if all(found.name != args.name for found in admin.directory.app_passwords(account.id)):
        raise Refused(f"{account.email} has no app password named {args.name!r}")
    await admin.directory.revoke_app_password(account.id, args.name)
    _sign_out(admin, account)
    admin.note("app-password.revoke", f"{account.email} {args.name}")
