"""Actions, flags, variables and how they go together (RFC 5228 §2.10, §4; RFC 3894, 5229, 5232, 5429, 5463, 5490)."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from gatepost.proto.sieve import Action, Discard, FileInto, Keep, Limits, Redirect, Reject, RunError

Runner = Callable[..., tuple[Action, ...]]
IMPLICIT = Keep(implicit=True)


@pytest.mark.parametrize(
    ("script", "actions"),
    [
        ("", [IMPLICIT]),
        ("# a comment only", [IMPLICIT]),
        ("keep;", [Keep()]),
        ("discard;", [Discard()]),
        ("discard; keep;", [Discard(), Keep()]),
        ("stop; discard;", [IMPLICIT]),
        ("if size :over 500G { discard; }", [IMPLICIT]),
        ('require "fileinto"; fileinto "a/b";', [FileInto("a/b")]),
        ('require "fileinto"; fileinto "x"; keep;', [FileInto("x"), Keep()]),
        ('redirect "a@b.example";', [Redirect("a@b.example")]),
        ('redirect "A B <a@b.example>";', [Redirect("a@b.example")]),
        ('redirect "a@b.example"; redirect "a@b.example";', [Redirect("a@b.example")]),
        ('require "copy"; redirect :copy "a@b.example";', [Redirect("a@b.example", copy=True), IMPLICIT]),
        ('require ["copy", "fileinto"]; fileinto :copy "x";', [FileInto("x", copy=True), IMPLICIT]),
        ('require ["copy", "fileinto"]; fileinto :copy "x"; discard;', [FileInto("x", copy=True), Discard()]),
        ('require ["fileinto", "mailbox"]; fileinto :create "n";', [FileInto("n", create=True)]),
        ('require "reject"; reject "no";', [Reject("no")]),
        ('require "ereject"; ereject "no";', [Reject("no", ereject=True)]),
        ('require "reject"; reject "no"; discard;', None),
        ("if true { keep; } else { discard; }", [Keep()]),
        ("if false { keep; } else { discard; }", [Discard()]),
        ("if false { keep; } elsif true { discard; } else { keep; }", [Discard()]),
        ("if false { keep; } elsif false { keep; } stop;", [IMPLICIT]),
        ("if true { if false { } else { stop; } } discard;", [IMPLICIT]),
        ('require "ihave"; if ihave "fileinto" { fileinto "x"; }', [FileInto("x")]),
        ('require "ihave"; if ihave "nonsense" { nonsense :tag "x"; } discard;', [Discard()]),
        ('require "ihave"; if not ihave "vnd.x" { discard; } else { strange { keep; } }', [Discard()]),
    ],
)
def test_actions(run: Runner, script: str, actions: list[Action] | None) -> None:
    if actions is None:
        with pytest.raises(RunError):
            run(script)
    else:
        assert list(run(script)) == actions


@pytest.mark.parametrize(
    ("script", "line"),
    [
        ('require "reject";\r\nkeep;\r\nreject "no";', 3),
        ('require "reject";\r\nreject "no";\r\nreject "no";', 3),
        ('require ["reject", "fileinto"];\r\nreject "no";\r\nfileinto "x";', 3),
        ('require "variables";\r\n\r\nredirect "${x}";', 3),
        ('require ["fileinto", "variables"];\r\nfileinto "${x}";', 2),
        ('require "ihave";\r\nerror "as you like";', 2),
        ('require "ihave";\r\nfileinto "x";', 2),
        ('require "ihave";\r\n\r\nnonsense;', 3),
        ('require ["envelope", "variables"];\r\nset "p" "auth";\r\nif envelope "${p}" "x" { }', 3),
        ('require ["date", "variables"];\r\nif currentdate :zone "${x}" "hour" "1" { }', 2),
    ],
)
def test_run_errors_name_the_line(run: Runner, script: str, line: int) -> None:
    with pytest.raises(RunError) as caught:
        run(script)
    assert caught.value.line == line


F = 'require ["imap4flags", "fileinto", "variables", "relational", "comparator-i;ascii-numeric"];'


@pytest.mark.parametrize(
    ("script", "flags"),
    [
        ('setflag "\\\\Deleted";', "\\Deleted"),
        ('addflag "\\\\Deleted"; addflag "\\\\Answered";', "\\Answered \\Deleted"),
        ('addflag ["\\\\Deleted", "\\\\Answered"];', "\\Answered \\Deleted"),
        ('addflag "\\\\Deleted \\\\Answered";', "\\Answered \\Deleted"),
        ('setflag "a b"; removeflag "A"; ', "b"),
        ('setflag "a"; setflag "b";', "b"),
        ('setflag ["", "\\\\Recent", "\\\\Nonsense", "a(b", "ok"];', "ok"),
        ('setflag "v" "a"; setflag "b";', "b"),
        ('set "v" "a b"; addflag "v" "c"; setflag "${v}";', "a b c"),
        ('setflag "a"; keep :flags ["b", "c"];', "b c"),
        ('setflag "a"; keep :flags "";', ""),
        ('setflag "a"; keep;', "a"),
        ('setflag "b A"; if not hasflag :is "b A" { setflag "wrong"; }', "A b"),
        ('set "MyVar" "NonJunk gnus-forward $Junk"; if hasflag :contains "MyVar" ["label", "forward"] { setflag "yes"; }', "yes"),
        ('set "MyVar" "NonJunk"; if hasflag :contains "MyVar" ["label1", "label2"] { setflag "no"; }', ""),
        ('set "v" "A B a"; if hasflag :count "eq" :comparator "i;ascii-numeric" "v" "2" { setflag "yes"; }', "yes"),
        ('setflag "a b"; if hasflag :matches "?" { setflag "yes"; }', "yes"),
        ('if hasflag "a" { setflag "no"; }', ""),
    ],
)  # fmt: skip
def test_flags(run: Runner, script: str, flags: str) -> None:
    (action,) = run(F + script)
    assert isinstance(action, Keep)
    assert action.flags == flags


def test_flags_are_those_of_the_moment(run: Runner) -> None:
    script = F + 'setflag "one"; fileinto "a"; addflag "two"; fileinto "b"; setflag "three";'
    assert run(script) == (FileInto("a", "one"), FileInto("b", "one two"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("script", "mailbox"),
    [
        ('set "company" "ACME"; fileinto "${full}${company}";', "ACME"),
        ('set "Company" "ACME"; fileinto "${BAD${cOmPany}";', "${BADACME"),
        ('set "company" "ACME"; fileinto "${President, ${Company} Inc.}";', "${President, ACME Inc.}"),
        ('fileinto "&%${}!";', "&%${}!"),
        ('fileinto "${doh!}";', "${doh!}"),
        ('set "foo" "x"; fileinto "${fo\\o}";', "x"),
        ('set "foo" "x"; fileinto "${fo\\\\o}";', "${fo\\o}"),
        ('set "foo" "x"; fileinto "\\\\${foo}";', "\\x"),
        ('set "dollar" "$"; fileinto "regarding ${dollar}{beep}";', "regarding ${beep}"),
        ('set "a" "1"; set "a" "${a}2"; fileinto "${a}";', "12"),
        ('if header :matches "Subject" "[*] *" { fileinto "${1}|${2}|${0}"; }',
         "acme-users|[fwd] version 1.0 is out|[acme-users] [fwd] version 1.0 is out"),
        ('if address :matches ["From"] ["coyote@**.com", "wile@**.com"] { fileinto "<${1}>${2}${3}"; }', "<>ACME.Example"),
        ('if header :matches "subject" "?a*1?0*" { fileinto "${1}${3}${01}${4}"; }', "[.[ is out"),
        ('if anyof (true, header :matches "subject" "*") { fileinto "x${1}"; }', "x"),
        ('if header :matches "subject" "*" { } if header :matches "subject" "nope*" { } fileinto "${1}";',
         "[acme-users] [fwd] version 1.0 is out"),
        ('if string :matches "a.b" "*.?" { fileinto "${2}${1}"; }', "ba"),
        ('set "a" "juMBlEd lETteRS"; set :length "b" "${a}"; fileinto "${b}";', "15"),
        ('set :lower "b" "juMBlEd lETteRS"; fileinto "${b}";', "jumbled letters"),
        ('set :upperfirst "b" "juMBlEd lETteRS"; fileinto "${b}";', "JuMBlEd lETteRS"),
        ('set :upperfirst :lower "b" "juMBlEd lETteRS"; fileinto "${b}";', "Jumbled letters"),
        ('set :quotewildcard "b" "Rock*?\\\\"; fileinto "${b}";', "Rock\\*\\?\\\\"),
        ('set :lowerfirst :upper "b" "abC"; fileinto "${b}";', "aBC"),
        ('set :length "b" "café"; fileinto "${b}";', "4"),
        ('set :upper "b" "café"; fileinto "${b}";', "CAFé"),
        ('set "state" "${state} pending"; if string :matches " ${state} " "* pending *" { fileinto "yes"; }', "yes"),
        ('if string :count "eq" :comparator "i;ascii-numeric" ["a", "", "b"] "2" { fileinto "yes"; }', "yes"),
        ('if string "${unset}" "" { fileinto "yes"; }', "yes"),
        ('set "k" "ACME"; if header :contains "subject" "${k}-users" { fileinto "yes"; }', "yes"),
        ('set "k" "*acme*"; if header :matches "subject" "${k}" { fileinto "${1}"; }', "["),
        ('set "h" "subject"; if header :contains "${h}" "acme" { fileinto "yes"; }', "yes"),
    ],
)  # fmt: skip
def test_variables(run: Runner, script: str, mailbox: str) -> None:
    (action,) = run(F + script)
    assert isinstance(action, FileInto)
    assert action.mailbox == mailbox


def test_encoded_characters_come_before_variables(run: Runner) -> None:
    script = (
        'require ["encoded-character", "variables", "fileinto"]; set "name" "Ethelbert";'
        'fileinto "dear${hex:20 24 7b 4e}ame}";'
    )
    assert run(script) == (FileInto("dear Ethelbert"),)


def test_month_and_year_by_currentdate(run: Runner) -> None:
    script = """require ["date", "variables", "fileinto"];
        if currentdate :matches "month" "*" { set "month" "${1}"; }
        if currentdate :matches "year"  "*" { set "year"  "${1}"; }
        fileinto "${month}-${year}";"""
    assert run(script) == (FileInto("11-2023"),)


def test_body_sets_no_match_variables(run: Runner) -> None:
    script = 'require ["body", "variables", "fileinto"]; if body :raw :matches "*" { fileinto "x${1}"; }'
    assert run(script) == (FileInto("x"),)


def test_the_long_example_of_rfc_5228(run: Runner) -> None:
    script = """
        require ["fileinto", "reject"];
        # Handle messages from known mailing lists
        if header :is "Sender" "owner-ietf-mta-filters@imc.org"
                {
                fileinto "filter";  # move to "filter" mailbox
                }
        elsif address :DOMAIN :is ["From", "To"] "example.com"
                {
                keep;               # keep in "In" mailbox
                }
        elsif anyof (NOT address :all :contains ["To", "Cc", "Bcc"] "me@example.com",
                     header :matches "subject" ["*make*money*fast*", "*university*dipl*mas*"])
                {
                fileinto "spam";   # move to "spam" mailbox
                }
        else
                {
                fileinto "personal";
                }"""
    assert run(script) == (FileInto("spam"),)


@pytest.mark.parametrize(
    ("script", "limits"),
    [
        ("keep; " * 40, Limits(actions=32)),
        ('redirect "a@b.c"; redirect "b@b.c"; redirect "c@b.c";', Limits(redirects=2)),
        ("if true { } " * 100, Limits(steps=150)),
        ('require "variables"; set "a" "x"; set "b" "x"; set "c" "x";', Limits(variables=2)),
        ('require "body"; if body :raw :contains "x" { }', Limits(steps=2)),
    ],
)
def test_limits_end_a_run(run: Runner, script: str, limits: Limits) -> None:
    with pytest.raises(RunError):
        run(script, limits=limits)


SUBJECTS = b"Subject: =?utf-8?q?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?=\r\n" * 500 + b"\r\n"
PARTS = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 2000


@pytest.mark.parametrize(
    ("require", "test", "message"),
    [
        ("variables", 'header :contains "subject" "zz"', SUBJECTS),
        ("relational", 'header :count "eq" "subject" "zz"', SUBJECTS),
        ("variables", 'header :matches "subject" "*z?*?z*"', SUBJECTS),
        ("variables", 'address :contains "to" "zz"', b"To: " + b"a@b," * 5000 + b"\r\n\r\n"),
        ("body", 'body :content "image" :contains "zz"', PARTS),
        ("body", 'body :text :contains "zz"', PARTS),
        ("date", 'date "date" "year" "1"', b"Date: Wed, 17 Jul 1996 02:23:25 -0700\r\n\r\n"),
        ("regex", 'header :regex "subject" "(a|b)*zz"', SUBJECTS),
    ],
)
def test_dear_tests_are_paid_for(run: Runner, require: str, test: str, message: bytes) -> None:
    """Each costs a lot on its message, and a script may hold thousands of them."""
    begun = time.process_time()
    with pytest.raises(RunError):
        run(f'require "{require}"; ' + f"if {test} {{ }}" * 49, message, limits=Limits(steps=900))
    assert time.process_time() - begun < 2


def test_long_values_are_cut(run: Runner) -> None:
    script = 'require ["variables", "fileinto"]; set "a" "éééééé"; set :length "b" "${a}"; fileinto "${b}";'
    assert run(script, limits=Limits(variable=5)) == (FileInto("2"),)


def test_expansion_is_cut_and_paid_for(run: Runner) -> None:
    head = 'require ["variables", "fileinto"];' + ' set "a" "' + "x" * 4000 + '";'
    wide = '"' + "${a}" * 2000 + '"'
    script = head + f' if string :contains {wide} "y" {{ }} fileinto "ok";'
    assert run(script) == (FileInto("ok"),)
    with pytest.raises(RunError):
        run(head + f" if string :contains {wide} {wide} {{ }}" * 20, limits=Limits(steps=5000))
    with pytest.raises(RunError):
        run(head + f' if string :matches "x" {wide} {{ }}' * 20, limits=Limits(steps=5000))


def test_doubling_cannot_grow(run: Runner) -> None:
    script = 'require ["variables", "fileinto"]; set "a" "xxxxxxxx";' + ' set "a" "${a}${a}";' * 60
    assert run(script + ' set :length "n" "${a}"; fileinto "${n}";') == (FileInto(str(Limits().variable)),)
