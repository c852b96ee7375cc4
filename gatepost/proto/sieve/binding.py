"""What each command and test takes, and arguments put in their places (RFC 5228 §2.6). Not here: what the words do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol, TypeAlias

import msgspec

from gatepost.model.errors import BadScript
from gatepost.proto.sieve.run import Run
from gatepost.proto.sieve.strings import Text
from gatepost.proto.sieve.syntax import Argument, Node, NumberArgument, StringsArgument, TagArgument

Kind = Literal["string", "strings", "number"]
Step: TypeAlias = Callable[[Run], None]
Check: TypeAlias = Callable[[Run], bool]
Value: TypeAlias = int | tuple[Text, ...] | None


class TagRule(msgspec.Struct, frozen=True):
    """A tagged argument: what it takes after it, which extension brings it, and the group of which only one may be given."""

    takes: Kind | None = None
    extension: str = ""
    group: str = ""


class Compiling(Protocol):
    """What the words need of the compiler."""

    required: set[str]
    known: frozenset[str]
    """Every extension there is."""

    def text(self, raw: bytes, line: int) -> Text:
        """A script string. Raises BadScript."""
        ...

    def need(self, extension: str, line: int) -> None:
        """Raises BadScript unless the extension was required; with `ihave`, leaves the question to the run."""
        ...

    def count_regexes(self, count: int, line: int) -> None:
        """Raises BadScript when there are too many in the script."""
        ...

    def test(self, node: Node) -> Check:
        """A test, compiled. Raises BadScript."""
        ...


class Word(msgspec.Struct, frozen=True):
    """The shape of a command or a test. `optional_first`: the first positional argument may be left out.
    `tests` is how many tests it takes: 0, 1, or -1 for a list."""

    name: str
    extension: str = ""
    tags: Mapping[str, TagRule] = {}
    positional: tuple[Kind, ...] = ()
    optional_first: bool = False
    tests: int = 0


class Action(Word, frozen=True, kw_only=True):
    """A command that ends with a semicolon."""

    build: Callable[[Bound], Step]


class Test(Word, frozen=True, kw_only=True):
    """A test."""

    build: Callable[[Bound], Check]


class Bound:
    """One command's or test's arguments in their places."""

    def __init__(self, word: Word, node: Node, compiler: Compiling) -> None:
        self.word, self.node, self.compiler, self.line = word, node, compiler, node.line
        self.tags: dict[str, Value] = {}
        self.positional: list[Value] = []

    def has(self, tag: str) -> bool:
        """Whether the tag was given."""
        return tag in self.tags

    def one_of(self, *names: str) -> str | None:
        """Which of these tags was given."""
        return next((name for name in names if name in self.tags), None)

    def texts(self, key: str | int) -> tuple[Text, ...]:
        """The strings of a tag or of a positional argument."""
        value = self.tags[key] if isinstance(key, str) else self.positional[key]
        assert isinstance(value, tuple)
        return value

    def text(self, key: str | int) -> Text:
        """The one string."""
        return self.texts(key)[0]

    def number(self, key: str | int) -> int:
        """The number."""
        value = self.tags[key] if isinstance(key, str) else self.positional[key]
        assert isinstance(value, int)
        return value

    def constant(self, key: str | int) -> bytes:
        """A string that may hold no variable. Raises BadScript."""
        return self.known(self.text(key))

    def known(self, text: Text) -> bytes:
        """The value of a text that may hold no variable. Raises BadScript."""
        value = text.constant
        if value is None:
            raise BadScript("a constant string is wanted here", self.line)
        return value

    @property
    def records(self) -> bool:
        """Whether `:matches` is to set match variables (RFC 5229 §3.2)."""
        return "variables" in self.compiler.required

    def need(self, extension: str) -> None:
        """What Compiling.need says."""
        self.compiler.need(extension, self.line)

    def wrong(self, reason: str) -> BadScript:
        """To be raised."""
        return BadScript(reason, self.line)


def bind(word: Word, node: Node, compiler: Compiling) -> Bound:
    """Puts a node's arguments in their places. Raises BadScript."""
    if word.extension:
        compiler.need(word.extension, node.line)
    bound = Bound(word, node, compiler)
    rest = _bind_tags(bound, list(node.arguments))
    _bind_positional(bound, rest)
    _check_tests(word, node)
    return bound


def _bind_tags(bound: Bound, arguments: list[Argument]) -> list[Argument]:
    groups: set[str] = set()
    at = 0
    while at < len(arguments) and isinstance(tag := arguments[at], TagArgument):
        rule = bound.word.tags.get(tag.name)
        if rule is None:
            raise BadScript(f'"{bound.word.name}" does not take ":{tag.name}"', tag.line)
        if rule.extension:
            bound.compiler.need(rule.extension, tag.line)
        group = rule.group or tag.name
        if group in groups:
            raise BadScript(f'":{tag.name}" is given twice or conflicts with another argument', tag.line)
        groups.add(group)
        at += 1
        if rule.takes is None:
            bound.tags[tag.name] = None
        else:
            if at >= len(arguments):
                raise BadScript(f'":{tag.name}" wants a {_KINDS[rule.takes]} after it', tag.line)
            bound.tags[tag.name] = _value(bound, arguments[at], rule.takes, f":{tag.name}")
            at += 1
    return arguments[at:]


def _bind_positional(bound: Bound, arguments: Sequence[Argument]) -> None:
    kinds = list(bound.word.positional)
    if bound.word.optional_first and len(arguments) == len(kinds) - 1:
        kinds.pop(0)
    if len(arguments) != len(kinds):
        for argument in arguments:
            if isinstance(argument, TagArgument):
                raise BadScript(f'":{argument.name}" stands after a positional argument', argument.line)
        raise BadScript(f'"{bound.word.name}" takes {_count(bound.word)}, not {len(arguments)}', bound.line)
    for argument, kind in zip(arguments, kinds, strict=True):
        bound.positional.append(_value(bound, argument, kind, bound.word.name))


def _value(bound: Bound, argument: Argument, kind: Kind, whose: str) -> Value:
    if kind == "number" and isinstance(argument, NumberArgument):
        return argument.value
    if isinstance(argument, StringsArgument) and (kind == "strings" or (kind == "string" and not argument.listed)):
        return tuple(bound.compiler.text(raw, argument.line) for raw in argument.values)
    raise BadScript(f'"{whose}" wants a {_KINDS[kind]} here', argument.line)


def _check_tests(word: Word, node: Node) -> None:
    count = len(node.tests)
    if word.tests == 0 and count:
        raise BadScript(f'"{word.name}" takes no test', node.line)
    if word.tests == 1 and (count != 1 or node.tests_listed):
        raise BadScript(f'"{word.name}" takes one test', node.line)
    if word.tests < 0 and not node.tests_listed:
        raise BadScript(f'"{word.name}" takes a list of tests in parentheses', node.line)


def _count(word: Word) -> str:
    most = len(word.positional)
    if word.optional_first:
        return f"{most - 1} or {most} arguments"
    return "no arguments" if most == 0 else "1 argument" if most == 1 else f"{most} arguments"


_KINDS: dict[Kind, str] = {"string": "string", "strings": "string list", "number": "number"}
