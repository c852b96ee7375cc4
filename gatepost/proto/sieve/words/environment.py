"""environment (RFC 5183) and ihave with its command error (RFC 5463)."""

from __future__ import annotations

from gatepost.proto.sieve.binding import Action, Bound, Check, Step, Test
from gatepost.proto.sieve.matching import MATCH_TAGS, matcher
from gatepost.proto.sieve.run import Run

# What an extension changes about reading a script cannot begin in its middle (RFC 5463 §4).
_READING = frozenset({"encoded-character", "variables", "ihave"})


def _environment(bound: Bound) -> Check:
    name = bound.text(0)
    match = matcher(bound, bound.texts(1), bound.records)

    def environment(run: Run) -> bool:
        value = run.message.environment(name.value(run).decode("utf-8", "replace").lower())
        return False if value is None else match(run, [value.encode()])  # RFC 5183 §4: unknown items match nothing

    return environment


def _ihave(bound: Bound) -> Check:
    names = {bound.known(text).decode("utf-8", "replace") for text in bound.texts(0)}

    def ihave(run: Run) -> bool:
        if not names <= bound.compiler.known or names & (_READING - bound.compiler.required):
            return False
        run.enabled |= names
        return True

    return ihave


def _error(bound: Bound) -> Step:
    text = bound.text(0)

    def error(run: Run) -> None:
        raise run.error(text.value(run).decode("utf-8", "replace")[:500])

    return error


WORDS = (
    Test("environment", "environment", MATCH_TAGS, ("string", "strings"), build=_environment),
    Test("ihave", "ihave", positional=("strings",), build=_ihave),
    Action("error", "ihave", positional=("string",), build=_error),
)
