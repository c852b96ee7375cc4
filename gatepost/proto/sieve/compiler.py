"""From a script's text to a program that can be run: every word known, every argument in place, every extension required.

Law: `compile_script` raises BadScript with the line and nothing else; `Program.run` raises RunError and nothing else; both
end within their limits (RFC 5228 §2.10.6, §2.10.7).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from gatepost.model.errors import BadScript
from gatepost.proto.sieve.binding import Check, Step, bind
from gatepost.proto.sieve.limits import Limits, RunError
from gatepost.proto.sieve.message import MessageView
from gatepost.proto.sieve.outcome import Outcome
from gatepost.proto.sieve.parser import parse
from gatepost.proto.sieve.run import Run, Stopped
from gatepost.proto.sieve.strings import Text, decode_characters, parse_text
from gatepost.proto.sieve.syntax import Node, StringsArgument
from gatepost.proto.sieve.words import ACTIONS, KNOWN_EXTENSIONS, TESTS

DEFAULT_LIMITS = Limits()
BuiltT = TypeVar("BuiltT")


class Program(msgspec.Struct, frozen=True):
    """A compiled script. It keeps no state between runs and may be run by several threads at once."""

    steps: tuple[Step, ...]
    extensions: frozenset[str]
    words: frozenset[str]
    """The names of all commands and tests in it."""

    @property
    def reads_body(self) -> bool:
        """Whether it looks at more of a message than header, size and envelope."""
        return "body" in self.words

    def run(self, message: MessageView, limits: Limits = DEFAULT_LIMITS) -> Outcome:
        """What is to become of the message. Raises RunError."""
        run = Run(message, limits, self.extensions)
        try:
            for step in self.steps:
                step(run)
        except Stopped:
            pass
        return run.outcome()


def compile_script(source: bytes, limits: Limits = DEFAULT_LIMITS) -> Program:
    """A program of the script. Raises BadScript."""
    nodes = parse(source, limits)
    compiler = _Compiler(limits)
    body = compiler.requires(nodes)
    steps = compiler.commands(body)
    return Program(steps, frozenset(compiler.required), frozenset(compiler.words))


class _Compiler:
    """Implements binding.Compiling. `guards` are the extensions that only the run can tell whether they are in force."""

    def __init__(self, limits: Limits) -> None:
        self._regexes = limits.regexes
        self.known = KNOWN_EXTENSIONS
        self.required: set[str] = set()
        self.words: set[str] = set()
        self.guards: set[str] = set()

    @property
    def lenient(self) -> bool:
        """RFC 5463 §4: with `ihave`, use of extensions is checked when it comes to it."""
        return "ihave" in self.required

    def requires(self, nodes: Sequence[Node]) -> Sequence[Node]:
        """Takes the leading `require` commands (RFC 5228 §3.2); returns the others."""
        at = 0
        while at < len(nodes) and nodes[at].name == "require":
            node = nodes[at]
            if len(node.arguments) != 1 or node.tests or node.block is not None:
                raise BadScript('"require" takes a string list', node.line)
            names = node.arguments[0]
            if not isinstance(names, StringsArgument):
                raise BadScript('"require" takes a string list', node.line)
            for raw in names.values:
                name = raw.decode("utf-8", "replace")
                if name not in KNOWN_EXTENSIONS:
                    raise BadScript(f"unknown extension {name[:80]!r}", names.line)
                self.required.add(name)
            at += 1
        return nodes[at:]

    def text(self, raw: bytes, line: int) -> Text:
        """Escapes are undone already; then encoded characters, then variables (RFC 5229 §3.1)."""
        if "encoded-character" in self.required:
            raw = decode_characters(raw, line)
        if "variables" in self.required and b"${" in raw:
            return parse_text(raw, line)
        return Text((raw,))

    def need(self, extension: str, line: int) -> None:
        """Raises BadScript unless required; with `ihave`, the run checks it."""
        if extension in self.required:
            return
        if not self.lenient:
            raise BadScript(f'"{extension}" is not required', line)
        self.guards.add(extension)

    def count_regexes(self, count: int, line: int) -> None:
        """Raises BadScript when there are too many."""
        self._regexes -= count
        if self._regexes < 0:
            raise BadScript("too many regular expressions", line)

    def commands(self, nodes: Sequence[Node]) -> tuple[Step, ...]:
        """A block's commands."""
        steps: list[Step] = []
        at = 0
        while at < len(nodes):
            node = nodes[at]
            at += 1
            if node.name == "if":
                chain = [node]
                while at < len(nodes) and nodes[at].name in ("elsif", "else"):
                    chain.append(nodes[at])
                    at += 1
                    if chain[-1].name == "else":
                        break
                steps.append(self.condition(chain))
            else:
                steps.append(self.command(node))
        return tuple(steps)

    def condition(self, chain: Sequence[Node]) -> Step:
        """if, elsif, else (RFC 5228 §3.1)."""
        branches: list[tuple[Check | None, tuple[Step, ...]]] = []
        for node in chain:
            wanted = 0 if node.name == "else" else 1
            if node.arguments or len(node.tests) != wanted or node.tests_listed:
                raise BadScript(f'"{node.name}" takes {"one test" if wanted else "no test"} and a block', node.line)
            if node.block is None:
                raise BadScript(f'"{node.name}" wants a block', node.line)
            check = self.test(node.tests[0]) if wanted else None
            branches.append((check, self.commands(node.block)))

        def run_condition(run: Run) -> None:
            run.spend()
            for check, steps in branches:
                if check is None or check(run):
                    for step in steps:
                        step(run)
                    return

        return run_condition

    def command(self, node: Node) -> Step:
        """An action. Raises BadScript."""
        line = node.line
        self.words.add(node.name)
        if node.name in ("elsif", "else"):
            raise BadScript(f'"{node.name}" without an "if" before it', line)
        if node.name == "require":
            raise BadScript('"require" must come before all other commands', line)
        try:
            action = ACTIONS.get(node.name)
            if action is None:
                raise BadScript(f'unknown command "{node.name}"', line)
            if node.block is not None:
                raise BadScript(f'"{node.name}" takes no block', line)
            step, guards = self.guarded(lambda: action.build(bind(action, node, self)))
        except BadScript as error:
            if not self.lenient:
                raise
            return _fault(error)

        def run_command(run: Run) -> None:
            run.line = line
            run.spend()
            if guards and not guards <= run.enabled:
                raise run.error(f"not required: {', '.join(sorted(guards - run.enabled))}")
            step(run)

        return run_command

    def test(self, node: Node) -> Check:
        """A test. Raises BadScript."""
        line = node.line
        self.words.add(node.name)
        try:
            test = TESTS.get(node.name)
            if test is None:
                raise BadScript(f'unknown test "{node.name}"', line)
            check, guards = self.guarded(lambda: test.build(bind(test, node, self)))
        except BadScript as error:
            if not self.lenient:
                raise
            return _fault(error)

        def run_test(run: Run) -> bool:
            run.line = line
            run.spend()
            if guards and not guards <= run.enabled:
                raise run.error(f"not required: {', '.join(sorted(guards - run.enabled))}")
            return check(run)

        return run_test

    def guarded(self, build: Callable[[], BuiltT]) -> tuple[BuiltT, frozenset[str]]:
        """What `build` makes, and the extensions it used that only the run can vouch for."""
        outer, self.guards = self.guards, set()
        try:
            return build(), frozenset(self.guards)
        finally:
            self.guards = outer


def _fault(error: BadScript) -> Callable[[Run], Any]:
    """RFC 5463 §4: what cannot be understood is an error only when the script gets there."""

    def fail(run: Run) -> bool:
        raise RunError(error.reason, error.line)

    return fail
