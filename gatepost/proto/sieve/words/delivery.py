"""Where a message goes: keep, fileinto, redirect, discard, stop (RFC 5228 §3.3, §4), :copy (RFC 3894), :create (RFC 5490),
reject and ereject (RFC 5429)."""

from __future__ import annotations

import re

from gatepost.model.mailaddr import BadMailAddress, split_address
from gatepost.proto.mime import parse_addresses
from gatepost.proto.sieve.binding import Action, Bound, Step, TagRule
from gatepost.proto.sieve.outcome import Discard, FileInto, Keep, Redirect, Reject
from gatepost.proto.sieve.run import Run, Stopped
from gatepost.proto.sieve.words.flags import FLAGS_TAG, flags_argument

MAX_MAILBOX = 1000
"""Octets of a mailbox name."""

_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


def _keep(bound: Bound) -> Step:
    flags = flags_argument(bound)
    return lambda run: run.act(Keep(flags(run)))


def _fileinto(bound: Bound) -> Step:
    flags, mailbox = flags_argument(bound), bound.text(0)
    copy, create = bound.has("copy"), bound.has("create")

    def fileinto(run: Run) -> None:
        name = mailbox.value(run).decode("utf-8", "replace")
        if not name or len(name) > MAX_MAILBOX or _CONTROLS.search(name):
            raise run.error("not a mailbox name")
        run.act(FileInto(name, flags(run), create, copy))

    return fileinto


def outbound_address(raw: bytes) -> str | None:
    """The addr-spec of RFC 5228 §2.4.2.3's sieve-address, None if it is not one."""
    try:
        found = parse_addresses(raw)
        if len(found) != 1 or found[0].group is not None:
            return None
        split_address(found[0].email)
    except BadMailAddress:
        return None
    return found[0].email


def _redirect(bound: Bound) -> Step:
    target, copy = bound.text(0), bound.has("copy")
    if target.constant is not None and outbound_address(target.constant) is None:
        raise bound.wrong("not an address to redirect to")

    def redirect(run: Run) -> None:
        address = outbound_address(target.value(run))
        if address is None:
            raise run.error("not an address to redirect to")
        run.act(Redirect(address, copy))

    return redirect


def _discard(run: Run) -> None:
    run.act(Discard())


def _stop(run: Run) -> None:
    raise Stopped


def _reject(bound: Bound) -> Step:
    reason, ereject = bound.text(0), bound.word.name == "ereject"
    return lambda run: run.act(Reject(reason.value(run).decode("utf-8", "replace"), ereject))


WORDS = (
    Action("keep", tags={"flags": FLAGS_TAG}, build=_keep),
    Action(
        "fileinto",
        "fileinto",
        {"flags": FLAGS_TAG, "copy": TagRule(extension="copy"), "create": TagRule(extension="mailbox")},
        ("string",),
        build=_fileinto,
    ),
    Action("redirect", tags={"copy": TagRule(extension="copy")}, positional=("string",), build=_redirect),
    Action("discard", build=lambda bound: _discard),
    Action("stop", build=lambda bound: _stop),
    Action("reject", "reject", positional=("string",), build=_reject),
    Action("ereject", "ereject", positional=("string",), build=_reject),
)
