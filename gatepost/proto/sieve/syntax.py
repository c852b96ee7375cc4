"""Sieve's grammar as values (RFC 5228 §8.2): commands and tests with their arguments, before anybody knows what they mean."""

from __future__ import annotations

import msgspec


class TagArgument(msgspec.Struct, frozen=True):
    """`:name`, in lower case without its colon."""

    name: str
    line: int


class NumberArgument(msgspec.Struct, frozen=True):
    """A number, its suffix multiplied in."""

    value: int
    line: int


class StringsArgument(msgspec.Struct, frozen=True):
    """A string list; `listed` False for a string by itself. Escapes are undone, nothing else."""

    values: tuple[bytes, ...]
    listed: bool
    line: int


Argument = TagArgument | NumberArgument | StringsArgument


class Node(msgspec.Struct, frozen=True):
    """A command or a test: identifier in lower case, arguments, tests (`tests_listed`: in parentheses), and for a command
    that ends with a block, its commands."""

    name: str
    arguments: tuple[Argument, ...]
    tests: tuple[Node, ...]
    tests_listed: bool
    block: tuple[Node, ...] | None
    line: int
