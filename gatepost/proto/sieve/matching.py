"""Match types: how values from a message are held against keys from a script (RFC 5228 §2.7.1, RFC 5231 §4).

A new match type is a function and a line in MATCH_TYPES.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gatepost.model.errors import BadScript
from gatepost.proto.sieve.binding import Bound, TagRule
from gatepost.proto.sieve.comparators import ALWAYS_KNOWN, COMPARATORS, Comparator
from gatepost.proto.sieve.globs import Glob
from gatepost.proto.sieve.regexes import BadRegex, Regex
from gatepost.proto.sieve.run import Run
from gatepost.proto.sieve.strings import Text

Matcher = Callable[[Run, Sequence[bytes]], bool]
"""Whether any value matches any key; tests pass all their values at once, so that `:count` can count them."""

_RELATIONS: dict[bytes, Callable[[tuple[int, int, bytes], tuple[int, int, bytes]], bool]] = {
    b"gt": lambda a, b: a > b,
    b"ge": lambda a, b: a >= b,
    b"lt": lambda a, b: a < b,
    b"le": lambda a, b: a <= b,
    b"eq": lambda a, b: a == b,
    b"ne": lambda a, b: a != b,
}

MATCH_TAGS: dict[str, TagRule] = {
    "is": TagRule(group="match type"),
    "contains": TagRule(group="match type"),
    "matches": TagRule(group="match type"),
    "count": TagRule("string", "relational", "match type"),
    "value": TagRule("string", "relational", "match type"),
    "regex": TagRule(extension="regex", group="match type"),
    "comparator": TagRule("string"),
}
"""MATCH-TYPE and COMPARATOR, for the words that take them."""


def matcher(bound: Bound, keys: Sequence[Text], record: bool) -> Matcher:
    """What a test's MATCH-TYPE, COMPARATOR and keys come to. `record`: match variables are in use. Raises BadScript."""
    kind = bound.one_of("is", "contains", "matches", "regex", "count", "value") or "is"
    comparator = _comparator(bound)
    if kind in ("contains", "matches", "regex") and not comparator.substring:
        raise BadScript(f"this comparator does not go with :{kind}", bound.line)
    if kind == "is":
        return _is(comparator, keys)
    if kind == "contains":
        return _contains(comparator, keys)
    if kind == "matches":
        return _matches(comparator, keys, record)
    if kind == "regex":
        return _regex(bound, comparator, keys, record)
    relation = _RELATIONS.get(bound.constant(kind))
    if relation is None:
        raise BadScript(f":{kind} wants one of gt, ge, lt, le, eq, ne", bound.line)
    return _relational(comparator, keys, relation, count=kind == "count")


def _comparator(bound: Bound) -> Comparator:
    if not bound.has("comparator"):
        return COMPARATORS[b"i;ascii-casemap"]
    name = bound.constant("comparator").lower()
    found = COMPARATORS.get(name)
    if found is None:
        raise BadScript(f"unknown comparator {name.decode('utf-8', 'replace')!r}", bound.line)
    if name not in ALWAYS_KNOWN:
        bound.need("comparator-" + name.decode("ascii"))
    return found


def _folded(comparator: Comparator, keys: Sequence[Text]) -> Callable[[Run], Sequence[bytes]]:
    """The keys as they read when the test is run; folded once if they have no variables."""
    constants = [key.constant for key in keys]
    known = [comparator.fold(key) for key in constants if key is not None]
    if len(known) == len(keys):
        return lambda run: known
    return lambda run: [comparator.fold(key.value(run)) for key in keys]


def _is(comparator: Comparator, keys: Sequence[Text]) -> Matcher:
    wanted = _folded(comparator, keys)

    def match(run: Run, values: Sequence[bytes]) -> bool:
        texts = wanted(run)
        for value in values:
            run.spend(len(value))
            if comparator.fold(value) in texts:
                return True
        return False

    return match


def _contains(comparator: Comparator, keys: Sequence[Text]) -> Matcher:
    wanted = _folded(comparator, keys)

    def match(run: Run, values: Sequence[bytes]) -> bool:
        texts = wanted(run)
        for value in values:
            folded = comparator.fold(value)
            for text in texts:
                run.spend(len(folded))
                if text in folded:
                    return True
        return False

    return match


def _matches(comparator: Comparator, keys: Sequence[Text], record: bool) -> Matcher:
    constants = [key.constant for key in keys]
    known = [Glob(comparator.fold(key)) for key in constants if key is not None]
    fixed = known if len(known) == len(keys) else None

    def match(run: Run, values: Sequence[bytes]) -> bool:
        globs = fixed
        if globs is None:
            patterns = [comparator.fold(key.value(run)) for key in keys]
            run.spend(sum(map(len, patterns)) * _GLOB_COMPILING)
            globs = [Glob(pattern) for pattern in patterns]
        for value in values:
            folded = comparator.fold(value)
            for glob in globs:
                run.spend(len(folded) * glob.cost)
                spans = glob.match(folded)
                if spans is not None:
                    if record:
                        run.set_matched([value, *(value[start:end] for start, end in spans)])
                    return True
        return False

    return match


_GLOB_COMPILING = 100
"""What an octet of a pattern costs to compile, in octets looked at."""


def _regex(bound: Bound, comparator: Comparator, keys: Sequence[Text], record: bool) -> Matcher:
    fold = comparator is COMPARATORS[b"i;ascii-casemap"]
    bound.compiler.count_regexes(len(keys), bound.line)
    constants = [key.constant for key in keys]
    try:
        known = [Regex(key, fold) for key in constants if key is not None]
    except BadRegex as error:
        raise bound.wrong(str(error)) from error

    def match(run: Run, values: Sequence[bytes]) -> bool:
        if len(known) < len(keys):
            run.spend(len(keys) * _REGEX_COMPILING)
        try:
            found = known if len(known) == len(keys) else [Regex(key.value(run), fold) for key in keys]
        except BadRegex as error:
            raise run.error(str(error)) from error
        for value in values:
            for regex in found:
                run.spend(len(value) * _REGEX_COST)
                texts = regex.match(value)
                if texts is not None:
                    if record:
                        run.set_matched(texts)
                    return True
        return False

    return match


_REGEX_COST = 100
"""How much dearer an octet is to a regular expression than to a substring."""
_REGEX_COMPILING = 1000 * 1024
"""What compiling one costs, in octets looked at."""


def _relational(
    comparator: Comparator,
    keys: Sequence[Text],
    relation: Callable[[tuple[int, int, bytes], tuple[int, int, bytes]], bool],
    count: bool,
) -> Matcher:
    def match(run: Run, values: Sequence[bytes]) -> bool:
        if count:  # RFC 5231 §4.2
            values = [b"%d" % len(values)]
        wanted = [comparator.rank(key.value(run)) for key in keys]
        for value in values:
            run.spend(len(value) * len(wanted))
            rank = comparator.rank(value)
            if any(relation(rank, other) for other in wanted):
                return True
        return False

    return match
