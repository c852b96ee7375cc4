"""From tokens to commands and tests (RFC 5228 §8.2), without knowing any of them.

Law: raises BadScript with the line, nothing else; recursion is bounded by `Limits.nesting`.
"""

from __future__ import annotations

from gatepost.model.errors import BadScript
from gatepost.proto.sieve.lexer import Token, tokens
from gatepost.proto.sieve.limits import Limits
from gatepost.proto.sieve.syntax import Argument, Node, NumberArgument, StringsArgument, TagArgument


def parse(source: bytes, limits: Limits) -> tuple[Node, ...]:
    """A script's commands. Raises BadScript."""
    if len(source) > limits.script:
        raise BadScript("the script is too large", 1)
    if source.startswith(b"\xef\xbb\xbf"):
        source = source[3:]
    return _Parser(tokens(source, limits.tokens), limits.nesting).script()


class _Parser:
    def __init__(self, found: list[Token], nesting: int) -> None:
        self._tokens, self._at, self._nesting = found, 0, nesting

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _expect(self, kind: str, what: str) -> Token:
        if self._next.kind != kind:
            raise BadScript(f"expected {what}, found {_shown(self._next)}", self._next.line)
        return self._take()

    def script(self) -> tuple[Node, ...]:
        """start = commands"""
        commands = self._commands(0)
        if self._next.kind != "end":
            raise BadScript(f"unexpected {_shown(self._next)}", self._next.line)
        return commands

    def _commands(self, depth: int) -> tuple[Node, ...]:
        commands = []
        while self._next.kind == "word":
            commands.append(self._command(depth))
        return tuple(commands)

    def _command(self, depth: int) -> Node:
        """command = identifier arguments (";" / block)"""
        word = self._take()
        arguments, tests, listed = self._arguments(depth)
        if self._next.kind == ";":
            self._take()
            return Node(_name(word), arguments, tests, listed, None, word.line)
        self._expect("{", '";"')
        if depth >= self._nesting:
            raise BadScript("blocks are nested too deeply", word.line)
        block = self._commands(depth + 1)
        self._expect("}", '"}"')
        return Node(_name(word), arguments, tests, listed, block, word.line)

    def _test(self, depth: int) -> Node:
        """test = identifier arguments"""
        word = self._expect("word", "a test")
        if depth >= self._nesting:
            raise BadScript("tests are nested too deeply", word.line)
        arguments, tests, listed = self._arguments(depth + 1)
        return Node(_name(word), arguments, tests, listed, None, word.line)

    def _arguments(self, depth: int) -> tuple[tuple[Argument, ...], tuple[Node, ...], bool]:
        """arguments = *argument [test / test-list]"""
        arguments: list[Argument] = []
        while (argument := self._argument()) is not None:
            arguments.append(argument)
        if self._next.kind == "word":
            return tuple(arguments), (self._test(depth),), False
        if self._next.kind != "(":
            return tuple(arguments), (), False
        self._take()
        tests = [self._test(depth)]
        while self._next.kind == ",":
            self._take()
            tests.append(self._test(depth))
        self._expect(")", '")"')
        return tuple(arguments), tuple(tests), True

    def _argument(self) -> Argument | None:
        """argument = string-list / number / tag"""
        token = self._next
        if token.kind == "tag":
            self._take()
            return TagArgument(_name(token), token.line)
        if token.kind == "number" and isinstance(token.value, int):
            self._take()
            return NumberArgument(token.value, token.line)
        if token.kind == "string":
            return StringsArgument((self._string(),), False, token.line)
        if token.kind != "[":
            return None
        self._take()
        values = [self._string()]
        while self._next.kind == ",":
            self._take()
            values.append(self._string())
        self._expect("]", '"]"')
        return StringsArgument(tuple(values), True, token.line)

    def _string(self) -> bytes:
        value = self._expect("string", "a string").value
        return value if isinstance(value, bytes) else b""


def _name(token: Token) -> str:
    return token.value.decode("ascii") if isinstance(token.value, bytes) else ""


def _shown(token: Token) -> str:
    if token.kind == "end":
        return "the end of the script"
    if token.kind in ("string", "number"):
        return f"a {token.kind}"
    return f'"{":" if token.kind == "tag" else ""}{_name(token)}"'
