"""`:regex`: POSIX extended expressions that cannot take long."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from gatepost.model.errors import BadScript
from gatepost.proto.sieve import FileInto, Limits, RunError, compile_script
from gatepost.proto.sieve.regexes import BadRegex, Regex

Runner = Callable[..., tuple[object, ...]]


@pytest.mark.parametrize(
    ("test", "true"),
    [
        ('header :regex "subject" "^\\\\[[a-z-]+\\\\] "', True),
        ('header :regex "subject" "VERSION [0-9.]+"', True),
        ('header :regex :comparator "i;octet" "subject" "VERSION"', False),
        ('header :regex "subject" "^version"', False),
        ('header :regex "subject" "[[:digit:]]\\\\.[[:digit:]]"', True),
        ('address :regex :localpart "to" "ken\\\\+(mta|x)"', True),
        ('header :regex ["no-such", "x-empty"] "^$"', True),
    ],
)
def test_regex(holds: Callable[[str, str], bool], test: str, true: bool) -> None:
    assert holds(test, "regex") is true


def test_match_variables(run: Runner) -> None:
    script = (
        'require ["regex", "variables", "fileinto"]; if header :regex "subject" "\\\\[(a.*s)\\\\].*(x)?n ([0-9])" '
        '{ fileinto "${1}/${2}/${3}"; }'
    )
    assert run(script) == (FileInto("acme-users//1"),)


def test_quoteregex(run: Runner) -> None:
    script = 'require ["regex", "variables", "fileinto"]; set :quoteregex "a" "[x].*"; fileinto "${a}";'
    assert run(script) == (FileInto("\\[x\\]\\.\\*"),)


@pytest.mark.parametrize("pattern", ["(", "*x", "[a", "a{5000}", "(a{900}){900}", "x" * 3000, "(?P<n>a)", "(.)\\\\1"])
def test_what_is_refused(run: Runner, pattern: str) -> None:
    with pytest.raises(BadScript):
        compile_script(f'require "regex"; if header :regex "subject" "{pattern}" {{ }}'.encode())
    with pytest.raises(RunError):
        run(f'require ["regex", "variables"]; set "p" "{pattern}"; if header :regex "subject" "${{p}}" {{ }}')


def test_it_needs_its_extension_and_a_comparator_of_characters() -> None:
    with pytest.raises(BadScript):
        compile_script(b'if header :regex "subject" "a" { }')
    with pytest.raises(BadScript):
        compile_script(
            b'require ["regex", "comparator-i;ascii-numeric"];'
            b'if header :regex :comparator "i;ascii-numeric" "subject" "a" { }'
        )


def test_how_many_are_too_many(run: Runner) -> None:
    keys = ", ".join('"x"' for _ in range(51))
    with pytest.raises(BadScript):
        compile_script(f'require "regex"; if header :regex "subject" [{keys}] {{ }}'.encode())
    with pytest.raises(RunError):  # made anew each time, they use up the steps
        run(
            'require ["regex", "variables"]; set "x" "y";' + 'if header :regex "a" "${x}" { }' * 40,
            limits=Limits(steps=30_000),
        )


def test_linear() -> None:
    begun = time.process_time()
    assert Regex(b"(a+)+$", False).match(b"a" * 200_000 + b"b") is None
    assert time.process_time() - begun < 1
    with pytest.raises(BadRegex):
        Regex(b"(", False)
