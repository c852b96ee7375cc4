"""LIST, LSUB, STATUS (RFC 9051 §6.3.9, §6.3.11; RFC 4314, 5258, 5819, 6154, 7889, 8438, 8440, 8474, 9208)."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeAlias

import re2

from gatepost.model.errors import NoSuchMailbox, NotPermitted
from gatepost.model.flags import DELETED
from gatepost.model.ids import mailbox_object_id
from gatepost.model.mail import SEPARATOR, Mailbox
from gatepost.model.rights import READ
from gatepost.model.search import HasFlag
from gatepost.model.uidset import UidSet
from gatepost.proto.imap.commands import List, Lsub, Status
from gatepost.proto.imap.names import BadName, decode_name, kept_form
from gatepost.proto.imap.render import mailbox as render
from gatepost.proto.imap.render.access import my_rights
from gatepost.proto.imap.render.mailbox import Listed
from gatepost.proto.imap.render.status import Status as Answer
from gatepost.proto.imap.render.status import ok
from gatepost.services.imap.attributes import attributes, parents_of, special_use
from gatepost.services.imap.context import Context, Place
from gatepost.services.imap.handler import Handler, State
from gatepost.services.imap.tree import bare_levels, places

_WILDCARD = re.compile(r"[*%]+")
_MAX_PATTERN = 2048
_EMAILS_AT_ONCE = 500

_re2: Any = re2  # it has no types

Matches: TypeAlias = Callable[[str], bool]


def matcher(patterns: Iterable[str]) -> Matches:
    """Whether a path matches one of the patterns: `*` anything, `%` anything within a level (RFC 9051 §6.3.9). In time
    linear in the path, whatever the pattern (re2)."""
    compiled = [_re2.compile(_regex(pattern)) for pattern in patterns if len(pattern) <= _MAX_PATTERN]
    folded = [_re2.compile(f"(?i){_regex(pattern)}") for pattern in patterns if len(pattern) <= _MAX_PATTERN]

    def matches(path: str) -> bool:
        tried = folded if path == "INBOX" else compiled  # INBOX in any case
        return any(pattern.fullmatch(path) is not None for pattern in tried)

    return matches


def _regex(pattern: str) -> str:
    def wildcard(match: re.Match[str]) -> str:
        return "(?s:.*)" if "*" in match[0] else f"[^{SEPARATOR}]*"

    at, out = 0, ""
    for match in _WILDCARD.finditer(pattern):
        out += str(_re2.escape(pattern[at : match.start()])) + wildcard(match)
        at = match.end()
    return out + str(_re2.escape(pattern[at:]))


def _patterns(context: Context, reference: bytes, patterns: Iterable[bytes]) -> list[str]:
    """The patterns under their reference, in the form that names are kept in; those that are no names match nothing."""
    found = []
    for pattern in patterns:
        try:
            text = decode_name(reference, context.utf8) + decode_name(pattern, context.utf8)
        except BadName:
            continue
        found.append(kept_form(text))
    return found


async def list_mailboxes(context: Context, command: List) -> Answer:
    """LIST, plain and extended; children and special use are always told."""
    if command.patterns == (b"",) and not command.extended:
        # RFC 9051 §6.3.9: the hierarchy's delimiter
        context.send(b'* LIST (\\Noselect) "%b" ""\r\n' % SEPARATOR.encode())
        return ok("LIST done")
    patterns = _patterns(context, command.reference, command.patterns)
    found = await places(context, patterns)
    everything = [place.mailbox for place in found]
    left: tuple[str, ...] = ()
    if "SUBSCRIBED" in command.select and "SPECIAL-USE" not in command.select:
        left = await context.mail.left_subscriptions()
    matches = matcher(patterns)
    children = _Chosen(command, everything, left, matches)
    _tell_levels(context, command, patterns, everything, children)
    parents = parents_of(everything)
    for place in found:
        mailbox = place.mailbox
        if not matches(mailbox.path):
            continue
        wanted = _wanted(command, mailbox)
        child_info = children.info(mailbox.path, wanted)
        if not wanted and not child_info:
            continue
        names = attributes(mailbox, everything, parents)
        if mailbox.subscribed and "SUBSCRIBED" in command.select | command.returns:
            names = ("\\Subscribed", *names)
        context.send(render.listed(Listed(mailbox.path, names, child_info), context.utf8))
        if wanted:
            await _tell_more(context, command, place)
        await context.relieve()
    for path in _left(command, everything, left, matches):
        names = ("\\NonExistent", "\\Subscribed") if path in left else ("\\NonExistent",)
        context.send(render.listed(Listed(path, names, children.info(path, path in left)), context.utf8))
    return ok("LIST done")


class _Chosen:
    """The names that the selection options take, as RECURSIVEMATCH sees them from above (RFC 5258 §3.5)."""

    def __init__(self, command: List, everything: Sequence[Mailbox], left: Sequence[str], matches: Matches) -> None:
        self._options = tuple(name for name in ("SUBSCRIBED", "SPECIAL-USE") if name in command.select)
        self._above: frozenset[str] = frozenset()
        self._above_unlisted: frozenset[str] = frozenset()
        if "RECURSIVEMATCH" in command.select:
            chosen = [*(one.path for one in everything if _wanted(command, one)), *left]
            self._above = frozenset(above for path in chosen for above in _above(path))
            self._above_unlisted = frozenset(above for path in chosen if not matches(path) for above in _above(path))

    def info(self, path: str, wanted: bool) -> tuple[str, ...]:
        """CHILDINFO of a name: one that is not chosen itself has it only where a chosen one under it is not listed."""
        return self._options if path in (self._above if wanted else self._above_unlisted) else ()


def _tell_levels(
    context: Context, command: List, patterns: Sequence[str], everything: Sequence[Mailbox], children: _Chosen
) -> None:
    """Levels that are no mailboxes, for those who walk down the tree (RFC 9051 §6.3.9); older clients know only \\Noselect."""
    walking = [pattern for pattern in patterns if "*" not in pattern]
    levels = bare_levels(everything) if walking else []
    walked = matcher(walking)
    for path in levels:
        child_info = children.info(path, wanted=False)
        if walked(path) and (child_info or not command.select):
            names = ("\\NonExistent", "\\Noselect", "\\HasChildren")
            context.send(render.listed(Listed(path, names, child_info), context.utf8))


async def _tell_more(context: Context, command: List, place: Place) -> None:
    """STATUS where it may be told (RFC 5819 §2), MYRIGHTS (RFC 8440 §3)."""
    mail, mailbox = place
    if not command.status and "MYRIGHTS" not in command.returns:
        return
    try:
        rights = await mail.rights(mailbox.id)
        if command.status and READ in rights:
            values = await _values(context, place, command.status)
            context.send(render.status_data(mailbox.path, values, context.utf8))
    except (NoSuchMailbox, NotPermitted):  # withdrawn meanwhile
        return
    if "MYRIGHTS" in command.returns:
        context.send(my_rights(render.mailbox_name(mailbox.path, context.utf8), rights))


def _left(command: List, everything: Sequence[Mailbox], left: Sequence[str], matches: Matches) -> list[str]:
    """Names still subscribed to whose mailbox is gone (RFC 5258 §3.4), and with RECURSIVEMATCH those above them."""
    there = {mailbox.path for mailbox in everything}
    above = {path for name in left if not matches(name) for path in _above(name)} - there
    if "RECURSIVEMATCH" not in command.select:
        above = set()
    return [path for path in sorted({*left, *above}) if matches(path)]


def _above(path: str) -> list[str]:
    levels = path.split(SEPARATOR)
    return [SEPARATOR.join(levels[:depth]) for depth in range(1, len(levels))]


def _wanted(command: List, mailbox: Mailbox) -> bool:
    """Whether the selection options take it. REMOTE adds mailboxes elsewhere, of which there are none (RFC 5258 §3.1)."""
    if "SUBSCRIBED" in command.select and not mailbox.subscribed:
        return False
    return "SPECIAL-USE" not in command.select or special_use(mailbox) is not None


async def list_subscribed(context: Context, command: Lsub) -> Answer:
    """RFC 3501 §6.3.9; with `%`, an unsubscribed parent of a subscribed mailbox is listed as \\Noselect."""
    patterns = _patterns(context, command.reference, (command.pattern,))
    matches = matcher(patterns)
    subscribed = {mailbox.path for _, mailbox in await places(context, patterns) if mailbox.subscribed}
    subscribed.update(await context.mail.left_subscriptions())
    found = {path: () for path in subscribed if matches(path)}
    lines: dict[str, tuple[str, ...]] = dict(found)
    for path in subscribed - found.keys():
        while SEPARATOR in path:
            path = path.rpartition(SEPARATOR)[0]
            if path not in subscribed and matches(path):
                lines[path] = ("\\Noselect",)
    for path in sorted(lines):
        context.send(render.listed(Listed(path, lines[path]), context.utf8, b"LSUB"))
    return ok("LSUB done")


async def status(context: Context, command: Status) -> Answer:
    """STATUS of any mailbox, the selected one too."""
    if "HIGHESTMODSEQ" in command.items:
        context.use_condstore()  # RFC 7162 §3.1
    place = await context.place(command.mailbox, READ)
    context.send(render.status_data(place.mailbox.path, await _values(context, place, command.items), context.utf8))
    return ok("STATUS done")


async def _values(context: Context, place: Place, items: Sequence[str]) -> list[tuple[str, int | str | None]]:
    values: list[tuple[str, int | str | None]] = []
    for item in items:
        if item in _LOOKED_UP:
            values.append((item, await _LOOKED_UP[item](context, place)))
        else:
            values.append((item, _STATUS[item](context, place)))
    return values


_STATUS: dict[str, Callable[[Context, Place], int | str | None]] = {
    "MESSAGES": lambda context, place: place.mailbox.messages,
    "UIDNEXT": lambda context, place: place.mailbox.uidnext,
    "UIDVALIDITY": lambda context, place: place.mailbox.uidvalidity,
    "UNSEEN": lambda context, place: place.mailbox.unseen,
    "DELETED": lambda context, place: place.mailbox.deleted,
    "SIZE": lambda context, place: place.mailbox.size,
    "HIGHESTMODSEQ": lambda context, place: max(1, place.mailbox.modseq),
    "APPENDLIMIT": lambda context, place: context.house.max_message,
    "MAILBOXID": lambda context, place: mailbox_object_id(place.mailbox.id, context.owner_of(place.mail)),
}


async def _deleted_storage(context: Context, place: Place) -> int:
    """Octets of messages marked \\Deleted (RFC 9208 §4.1.4)."""
    mail, mailbox = place
    if not mailbox.deleted:
        return 0
    uids = await mail.search(mailbox.id, HasFlag(DELETED))
    ids = [entry.email for entry in await mail.entries(mailbox.id, UidSet.of(uids))]
    total = 0
    for start in range(0, len(ids), _EMAILS_AT_ONCE):
        chunk = ids[start : start + _EMAILS_AT_ONCE]
        sizes = {email.id: email.size for email in await mail.outlines(chunk)}
        total += sum(sizes.get(email, 0) for email in chunk)
    return total


async def _recent(context: Context, place: Place) -> int:
    """RFC 3501 §2.3.2; asking claims nothing."""
    mail, mailbox = place
    if context.view is not None and context.view.shows(mail, mailbox.id):
        return context.view.recent
    fresh = await mail.recent(mailbox.id)
    return len(await mail.entries(mailbox.id, fresh)) if fresh else 0


_LOOKED_UP: dict[str, Callable[[Context, Place], Awaitable[int]]] = {
    "RECENT": _recent,
    "DELETED-STORAGE": _deleted_storage,
}
"""What the mailbox itself does not know."""


HANDLERS: dict[type, Handler] = {
    List: Handler(list_mailboxes, State.KNOWN),
    Lsub: Handler(list_subscribed, State.KNOWN),
    Status: Handler(status, State.KNOWN),
}
