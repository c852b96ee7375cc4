"""imap4flags (RFC 5232): setflag, addflag, removeflag, hasflag, and :flags for keep and fileinto.

A set of flags in a variable is a string of names with blanks between them; what is no flag is passed over (§2.1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gatepost.model.flags import MAX_KEYWORDS, BadFlag, Flags, add_flags, make_flags, remove_flags, split_flags
from gatepost.proto.sieve.binding import Action, Bound, Check, Step, TagRule, Test
from gatepost.proto.sieve.matching import MATCH_TAGS, matcher
from gatepost.proto.sieve.run import Run
from gatepost.proto.sieve.strings import Text, variable_name

FLAGS_TAG = TagRule("strings", "imap4flags")

Change = Callable[[Flags, Flags], Flags]


def read_flags(texts: Iterable[bytes]) -> Flags:
    """The flags named in these strings, those that can be kept."""
    good: list[str] = []
    for name in dict.fromkeys(word for text in texts for word in text.decode("utf-8", "replace").split()):
        try:
            good += split_flags(make_flags([name]))
        except BadFlag:
            continue
        if len(good) == MAX_KEYWORDS:
            break
    return make_flags(good)


def flags_argument(bound: Bound) -> Callable[[Run], Flags]:
    """What :flags says, else the internal variable when the command is reached (§5)."""
    if not bound.has("flags"):
        return lambda run: run.flags
    texts = bound.texts("flags")
    return lambda run: read_flags(text.value(run) for text in texts)


def _replace(old: Flags, new: Flags) -> Flags:
    return new


def _union(old: Flags, more: Flags) -> Flags:
    try:
        return add_flags(old, more)
    except BadFlag:  # more than a message can have: the new ones are left out
        return old


def _changer(change: Change) -> Callable[[Bound], Step]:
    def build(bound: Bound) -> Step:
        named = len(bound.positional) == 2
        texts = bound.texts(-1)
        if not named:

            def change_internal(run: Run) -> None:
                run.flags = change(run.flags, read_flags(text.value(run) for text in texts))

            return change_internal
        bound.need("variables")
        name = variable_name(bound.text(0), bound.line)

        def change_variable(run: Run) -> None:
            old = read_flags([run.variable(name)])
            run.set_variable(name, change(old, read_flags(text.value(run) for text in texts)).encode())

        return change_variable

    return build


def _hasflag(bound: Bound) -> Check:
    keys = [text for listed in bound.texts(-1) for text in _words(listed)]
    match = matcher(bound, keys, bound.records)
    names: list[bytes] | None = None
    if len(bound.positional) == 2:
        bound.need("variables")
        names = [variable_name(text, bound.line) for text in bound.texts(0)]

    def hasflag(run: Run) -> bool:
        sets = [run.flags] if names is None else [read_flags([run.variable(name)]) for name in names]
        return match(run, [flag.encode() for flags in sets for flag in split_flags(flags)])

    return hasflag


def _words(text: Text) -> list[Text]:
    """`"b A"` is two flags (§4); what comes out of a variable is taken as it is."""
    constant = text.constant
    return [text] if constant is None else [Text((word,)) for word in constant.split()] or [text]


WORDS = (
    Action("setflag", "imap4flags", {}, ("string", "strings"), optional_first=True, build=_changer(_replace)),
    Action("addflag", "imap4flags", {}, ("string", "strings"), optional_first=True, build=_changer(_union)),
    Action("removeflag", "imap4flags", {}, ("string", "strings"), optional_first=True, build=_changer(remove_flags)),
    Test("hasflag", "imap4flags", MATCH_TAGS, ("strings", "strings"), optional_first=True, build=_hasflag),
)
