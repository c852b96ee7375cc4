"""variables (RFC 5229): set with its modifiers, and the test `string`. Match variables are set by `:matches` (matching.py)."""

from __future__ import annotations

import re
from collections.abc import Callable

from gatepost.proto.sieve.binding import Action, Bound, Check, Step, TagRule, Test
from gatepost.proto.sieve.matching import MATCH_TAGS, matcher
from gatepost.proto.sieve.run import Run
from gatepost.proto.sieve.strings import variable_name

_WILD = re.compile(rb"[*?\\]")
_SPECIAL = re.compile(rb"[.^$*+?()\[\]{}|\\]")

# RFC 5229 §4.1: applied in this order; those of one precedence exclude each other
_MODIFIERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "lower": ("precedence 40", bytes.lower),
    "upper": ("precedence 40", bytes.upper),
    "lowerfirst": ("precedence 30", lambda text: text[:1].lower() + text[1:]),
    "upperfirst": ("precedence 30", lambda text: text[:1].upper() + text[1:]),
    "quotewildcard": ("precedence 20", lambda text: _WILD.sub(rb"\\\g<0>", text)),
    "quoteregex": ("precedence 20", lambda text: _SPECIAL.sub(rb"\\\g<0>", text)),
    "length": ("precedence 10", lambda text: b"%d" % len(text.decode("utf-8", "replace"))),
}


def _set(bound: Bound) -> Step:
    name, text = variable_name(bound.text(0), bound.line), bound.text(1)
    changes = [change for tag, (_, change) in _MODIFIERS.items() if bound.has(tag)]

    def set_variable(run: Run) -> None:
        value = text.value(run)
        run.spend(len(value))
        for change in changes:
            value = change(value)
        run.set_variable(name, value)

    return set_variable


def _string(bound: Bound) -> Check:
    sources, match = bound.texts(0), matcher(bound, bound.texts(1), True)
    counted = bound.has("count")

    def string(run: Run) -> bool:
        values = [source.value(run) for source in sources]
        # RFC 5229 §5: empty strings do not count
        return match(run, [value for value in values if value] if counted else values)

    return string


WORDS = (
    Action(
        "set",
        "variables",
        {
            tag: TagRule(extension="regex" if tag == "quoteregex" else "", group=group)
            for tag, (group, _) in _MODIFIERS.items()
        },
        ("string", "string"),
        build=_set,
    ),
    Test("string", "variables", MATCH_TAGS, ("strings", "strings"), build=_string),
)
