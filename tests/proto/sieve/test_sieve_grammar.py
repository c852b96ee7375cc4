"""What compiles and what does not, and on which line; sievelib as a second opinion where it is right."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sievelib.parser import Parser

from gatepost.model.errors import BadScript
from gatepost.proto.mime import index_message
from gatepost.proto.sieve import EXTENSIONS, Limits, RunError, StoredMessage, compile_script
from gatepost.proto.sieve.lexer import tokens

BAD = [
    ("kep;", 1),
    ("keep", 1),
    ("keep;\r\nkeep", 2),
    ("keep;;", 1),
    ("}", 1),
    ("if true { keep;", 1),
    ("if true keep;", 1),
    ("if { keep; }", 1),
    ("if true;", 1),
    ("else { }", 1),
    ("keep; elsif true { }", 1),
    ("if true { } else { } else { }", 1),
    ("if true { } else { } elsif true { }", 1),
    ("if (true) { }", 1),
    ("if true, true { }", 1),
    ("if anyof true { }", 1),
    ("if anyof () { }", 1),
    ("if anyof (true, ) { }", 1),
    ("if not (true) { }", 1),
    ("if true true { }", 1),
    ("if keep { }", 1),
    ("true;", 1),
    ("keep { }", 1),
    ("keep true;", 1),
    ('keep "x";', 1),
    ("keep :x;", 1),
    ('fileinto "x";', 1),
    ('require "nonsense";', 1),
    ("require;", 1),
    ("require 5;", 1),
    ("require [];", 1),
    ('keep; require "fileinto";', 1),
    ('if true { require "fileinto"; }', 1),
    ('require "fileinto"; fileinto;', 1),
    ('require "fileinto"; fileinto "a" "b";', 1),
    ('require "fileinto"; fileinto ["a"];', 1),
    ('require "fileinto"; fileinto 5;', 1),
    ('require "fileinto"; fileinto :copy "a";', 1),
    ('require ["fileinto", "copy"]; fileinto :copy :copy "a";', 1),
    ('require ["fileinto", "copy"]; fileinto "a" :copy;', 1),
    ("redirect \"not an address\";", 1),
    ('redirect "G: a@b;";', 1),
    ('if header "a" { }', 1),
    ('if header "a" "b" "c" { }', 1),
    ('if header :is :contains "a" "b" { }', 1),
    ('if header :is :is "a" "b" { }', 1),
    ('if header :comparator "a" "b" { }', 1),
    ('if header :comparator "i;nonsense" "a" "b" { }', 1),
    ('if header :comparator "i;ascii-numeric" "a" "b" { }', 1),
    ('require "comparator-i;ascii-numeric"; if header :contains :comparator "i;ascii-numeric" "a" "b" { }', 1),
    ('if header :count "eq" "a" "b" { }', 1),
    ('require "relational"; if header :count "xx" "a" "b" { }', 1),
    ('if header :localpart "a" "b" { }', 1),
    ('if address "subject" "b" { }', 1),
    ('if address :user "to" "b" { }', 1),
    ('if address :all :domain "to" "b" { }', 1),
    ('require "envelope"; if envelope "auth" "b" { }', 1),
    ("if size 5 { }", 1),
    ("if size :over { }", 1),
    ('if size :over "5" { }', 1),
    ("if size :over :under 5 { }", 1),
    ("if size :over 5X { }", 1),
    ("if size :over 99999999999999999999 { }", 1),
    ("if size :over -5 { }", 1),
    ("if exists { }", 1),
    ('require "index"; if header :last "a" "b" { }', 1),
    ('require "index"; if header :index 0 "a" "b" { }', 1),
    ('require "date"; if currentdate "nonsense" "1" { }', 1),
    ('require "date"; if currentdate :zone "CET" "hour" "1" { }', 1),
    ('require "date"; if date :zone "+0000" :originalzone "date" "hour" "1" { }', 1),
    ('set "a" "b";', 1),
    ('require "variables"; set "1" "b";', 1),
    ('require "variables"; set "a.b" "b";', 1),
    ('require "variables"; set "${a}" "b";', 1),
    ('require "variables"; set :upper :lower "a" "b";', 1),
    ('require "variables"; set :nonsense "a" "b";', 1),
    ('require "variables"; redirect "${100}";', 1),
    ('require "variables"; redirect "${name.space}";', 1),
    ('require "imap4flags"; setflag "v" "a";', 1),  # a variable without "variables"
    ('require ["ihave", "variables"]; if ihave "${x}" { }\r\n"', 2),
    ('require "encoded-character"; redirect "${unicode:200000}";', 1),
    ('require "encoded-character"; redirect "${Unicode:DF01}";', 1),
    ('redirect "never ends;', 1),
    ("/* never ends", 1),
    ("keep;\r\nredirect text:\r\nnever\r\nends;", 2),
    ('redirect "a\0b";', 1),
    ("keep; \x01", 1),
    ("\r\n\r\nif true {\r\n  nonsense;\r\n}", 4),
    ('# one\r\n/* two\r\nthree */ redirect "four\r\nfive";\r\nnonsense;', 3),
    ("keep;\nkeep;\nkep;", 3),
]  # fmt: skip

GOOD = [
    "",
    "\r\n\r\n",
    "# comment",
    "/* a * / b **/ keep;",
    "KEEP; Keep;",
    "if TRUE{keep;}",
    'if header :IS "a" ["b"] { keep; }',
    "if size :over 1k { } elsif size :under 2G { }",
    'redirect "a@b" ;',
    "\ufeffkeep;",
    'require ["reject"]; reject text: # comment\r\nline\r\n..dot\r\n.\r\n;',
    'require ["reject"]; reject text:\nline\n.\n;',
    'require "fileinto"; require "copy"; fileinto :copy "x";',
    'require ["comparator-i;octet", "comparator-i;ascii-casemap"]; keep;',
    'require "encoded-character"; if exists "a${hex:400}" { keep; }',
    'if anyof(not exists["From", "Date"],header :contains "from" "fool@example.com"){discard;}',
    'require "variables"; set "a" "${99}";',
    "if true " + "{ if true " * 14 + "{ keep; }" + " }" * 14,
    "if " + "not " * 15 + "true { }",
    "if " + "allof (true, " * 14 + "true" + ")" * 14 + " { }",
]


@pytest.mark.parametrize(("script", "line"), BAD)
def test_bad(script: str, line: int) -> None:
    with pytest.raises(BadScript) as caught:
        compile_script(script.encode())
    assert caught.value.line == line


@pytest.mark.parametrize("script", GOOD)
def test_good(script: str) -> None:
    compile_script(script.encode())


@pytest.mark.parametrize(
    "script",
    [
        "if true " + "{ if true " * 40 + "{ }" + " }" * 40,
        "if " + "not " * 40 + "true { }",
        "if " + "anyof (" * 3000 + "true" + ")" * 3000 + " { }",
        "if true {" * 100_000,
        "# " + "x" * 2_000_000,
        "keep;" * 30_000,
    ],
)
def test_budgets(script: str) -> None:
    with pytest.raises(BadScript):
        compile_script(script.encode())


def test_strings() -> None:
    source = rb'"a\"b\\c\d" text:' + b"\r\n..one\r\n.two\r\n.\r\n" + b'"two\r\nlines"'
    assert [token.value for token in tokens(source, 10)] == [b'a"b\\cd', b".one\r\n.two\r\n", b"two\r\nlines", b""]


@pytest.mark.parametrize(
    ("text", "read"),
    [  # RFC 5228 §2.4.2.4
        ("$${hex:40}", "$@"),
        ("${hex: 40 }", "@"),
        ("${HEX: 40}", "@"),
        ("${hex:40", "${hex:40"),
        ("${hex:400}", "${hex:400}"),
        ("${hex:4${hex:30}}", "${hex:40}"),
        ("${unicode:40}", "@"),
        ("${ unicode:40}", "${ unicode:40}"),
        ("${UNICODE:40}", "@"),
        ("${UnICoDE:0000040}", "@"),
        ("${Unicode:Cool}", "${Unicode:Cool}"),
        ("${hex:c3 a9}", "é"),
    ],
)
def test_encoded_characters(text: str, read: str) -> None:
    from gatepost.proto.sieve.strings import decode_characters

    assert decode_characters(text.encode(), 1).decode() == read


def test_extensions_are_computed() -> None:
    assert {"fileinto", "reject", "ereject", "envelope", "imap4flags", "variables", "copy", "mailbox"} <= set(
        EXTENSIONS
    )
    for name in EXTENSIONS:
        compile_script(f'require "{name}"; keep;'.encode())


SIEVELIB_KNOWS = [
    'require ["fileinto"]; if header :contains "subject" "x" { fileinto "y"; } else { keep; }',
    'require ["fileinto", "copy"]; fileinto :copy "x";',
    'require ["reject"]; if size :over 10K { reject "big"; }',
    'require ["fileinto", "envelope"]; if envelope :is "from" "a@b" { fileinto "x"; }',
    'require ["imap4flags"]; addflag ["\\\\Seen", "x"]; keep;',
    'if anyof (not exists ["From", "Date"], address :domain "from" "x") { discard; stop; }',
    'if header :contains "a" ["b" "c"] { keep; }',
    "if true { keep;",
    "nonsense;",
    'fileinto "x";',
    "if anyof (true { keep; }",
]


@pytest.mark.parametrize("script", SIEVELIB_KNOWS)
def test_sievelib_agrees(script: str) -> None:
    try:
        compile_script(script.encode())
        ours = True
    except BadScript:
        ours = False
    assert Parser().parse(script) is ours


WORDS = st.sampled_from(
    ["if", "elsif", "else", "require", "keep", "discard", "stop", "redirect", "fileinto", "set", "setflag", "hasflag", "header",
     "address", "envelope", "exists", "size", "allof", "anyof", "not", "true", "false", "body", "date", "string", "ihave", "error",
     ":is", ":contains", ":matches", ":count", ":value", ":comparator", ":copy", ":create", ":flags", ":over", ":index", ":last",
     ":lower", ":all", ":detail", ":raw", ":content", "[", "]", "(", ")", "{", "}", ",", ";", ";", "5", "10K", "text:\r\nx\r\n.\r\n",
     '"subject"', '"*a*?"', '"${1}${x}"', '"gt"', '"a@b.example"', '"x"', '["a", "b"]', "# c\r\n", "/* c */"]
)  # fmt: skip
REQUIRE = "require [" + ", ".join(f'"{name}"' for name in EXTENSIONS if name != "ihave") + "];"
MESSAGE = b"Subject: bab\r\nFrom: a@b.example\r\n\r\nbody"


class Nowhere:
    envelope_from = envelope_to = "a@b"

    def mailbox_exists(self, path: str) -> bool:
        return False

    def environment(self, item: str) -> str | None:
        return None

    def now(self) -> float:
        return 0.0

    def utc_offset(self, at: float) -> int:
        return 0


def compile_and_run(script: bytes) -> None:
    """Whatever goes wrong is one of ours and names a line of the script."""
    limits = Limits(steps=2000)
    failed: BadScript | RunError | None = None
    try:
        program = compile_script(script, limits)
        assert program.run(StoredMessage(MESSAGE, index_message(MESSAGE).root, Nowhere()), limits).actions
    except (BadScript, RunError) as error:
        failed = error
    assert failed is None or 1 <= failed.line <= script.count(b"\n") + 1


@settings(max_examples=200, deadline=None)
@given(st.booleans(), st.lists(WORDS, max_size=25))
def test_any_tokens_give_a_program_or_our_own_errors(lenient: bool, words: list[str]) -> None:
    head = REQUIRE.replace("[", '["ihave", ') if lenient else REQUIRE
    compile_and_run((head + " ".join(words)).encode())


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace")))
def test_any_octets_give_a_program_or_our_own_errors(script: bytes) -> None:
    compile_and_run(script)


TESTS = st.recursive(
    st.sampled_from(
        ["true", "false", 'exists "subject"', "size :over 5", 'header :matches "subject" ["*a*", "?b?"]', 'hasflag "x"',
         'address :detail "from" "${1}"', 'string :count "ge" ["a", "${2}"] "1"', 'body :text :contains "od"',
         'envelope :value "lt" "from" "x"', 'date :zone "${x}" "date" "year" "1"', 'mailboxexists "${1}"']
    ),
    lambda inner: inner.map(lambda t: f"not {t}") | st.lists(inner, min_size=1, max_size=3).map(lambda ts: f"anyof ({', '.join(ts)})"),
    max_leaves=6,
)  # fmt: skip
COMMANDS = st.recursive(
    st.sampled_from(
        ["keep;", "discard;", "stop;", 'fileinto :create "${1}x";', 'set :upper "x" "${0}";', 'addflag "x";', 'reject "no";',
         'redirect :copy "a@b.example";', 'setflag "v" "${x}";', 'redirect "${x}";']
    ),
    lambda inner: st.tuples(TESTS, inner, inner).map(lambda t: f"if {t[0]} {{ {t[1]} }} else {{ {t[2]} }}")
    | st.lists(inner, max_size=3).map(" ".join),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(COMMANDS)
def test_well_formed_scripts_compile_and_end(script: str) -> None:
    source = (REQUIRE + script).encode()
    program = compile_script(source)
    try:
        program.run(StoredMessage(MESSAGE, index_message(MESSAGE).root, Nowhere()))
    except RunError:
        pass
