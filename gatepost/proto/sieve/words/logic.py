"""Tests of tests, and the two that are always the same (RFC 5228 §5.2, §5.3, §5.8, §5.10). Left to right, no further than needed."""

from __future__ import annotations

from gatepost.proto.sieve.binding import Bound, Check, Test
from gatepost.proto.sieve.run import Run


def _allof(bound: Bound) -> Check:
    checks = [bound.compiler.test(node) for node in bound.node.tests]
    return lambda run: all(check(run) for check in checks)


def _anyof(bound: Bound) -> Check:
    checks = [bound.compiler.test(node) for node in bound.node.tests]
    return lambda run: any(check(run) for check in checks)


def _not(bound: Bound) -> Check:
    check = bound.compiler.test(bound.node.tests[0])
    return lambda run: not check(run)


def _true(run: Run) -> bool:
    return True


def _false(run: Run) -> bool:
    return False


WORDS = (
    Test("allof", tests=-1, build=_allof),
    Test("anyof", tests=-1, build=_anyof),
    Test("not", tests=1, build=_not),
    Test("true", build=lambda bound: _true),
    Test("false", build=lambda bound: _false),
)
