"""Every test of the language, over one message: RFC 5228 §5 and the extensions."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Holds = Callable[..., bool]

NUMERIC = "relational comparator-i;ascii-numeric"


@pytest.mark.parametrize(
    ("test", "true"),
    [
        # RFC 5228 §2.7.1, §2.7.3
        ('header :contains "subject" "acme"', True),
        ('header :contains "SUBJECT" "ACME"', True),
        ('header :contains :comparator "i;octet" "subject" "ACME"', False),
        ('header :comparator "i;ascii-casemap" :contains "subject" "ACME"', True),
        ('header :is "subject" "[acme-users] [fwd] version 1.0 is out"', True),
        ('header "subject" "[acme-users]"', False),
        ('header :contains "subject" ""', True),
        ('header :is "x-empty" ""', True),
        ('header :contains "no-such" ""', False),
        ('header :contains ["no-such", "To"] ["x", "birdseed"]', True),
        ('header :contains "from:" "coyote"', False),  # §2.4.2.2: never an error
        ('header :contains "" ""', False),
        ('header :matches "subject" "*version*out"', True),
        ('header :matches "subject" "*version"', False),
        ('header :matches "subject" "?acme-users? *"', True),
        ('header :matches "x-empty" "*"', True),
        ('header :matches "x-empty" "?"', False),
        ('header :matches "subject" "[acme-users] [fwd] version 1.0 is out"', True),
        ('header :is "x-word" "café"', True),  # §2.7.2
        ('header :matches "x-word" "caf??"', True),  # `?` is an octet
        ('header :matches "x-word" "caf?"', False),
        # §5.1
        ('address :is "from" "coyote@acme.example.com"', True),
        ('address :all :is "from" "coyote@acme.example.com"', True),
        ('address :localpart "from" "coyote"', True),
        ('address :domain "from" "acme.example.com"', True),
        ('address :domain :comparator "i;octet" "from" "acme.example.com"', False),
        ('address :is "from" "Wile E. Coyote"', False),
        ('address :is ["to", "cc"] "c@d.example"', True),
        ('address :localpart "cc" "group"', False),
        ('address ["from:", "", "caf é"] "x"', False),
        # §5.4, §5.5, §5.9
        ('exists ["From", "Date"]', True),
        ('exists ["From", "X-MEETINGTIME"]', False),
        ('exists "x-empty"', True),
        ("size :over 100", True),
        ("size :over 100K", False),
        ("size :under 1M", True),
        # §5.2, §5.3, §5.7, §5.8, §5.10
        ("allof (true, true)", True),
        ("allof (true, false)", False),
        ("anyof (false, true)", True),
        ("anyof (false, false)", False),
        ("not false", True),
        ("not not anyof (not true, allof (true, not false))", True),
    ],
)
def test_core(holds: Holds, test: str, true: bool) -> None:
    assert holds(test) is true


def test_size_is_neither_over_nor_under_itself(run: Callable[..., tuple[object, ...]]) -> None:
    script = "if anyof (size :over 20, size :under 20) { discard; }"
    assert type(run(script, b"Subject: 20 octets\r\n")[0]).__name__ == "Keep"


@pytest.mark.parametrize(
    ("require", "test", "true"),
    [
        ("envelope", 'envelope "from" "coyote@acme.example.com"', True),
        ("envelope", 'envelope :localpart "to" "ken+mta"', True),
        ("envelope", 'envelope :domain ["from", "to"] "example.org"', True),
        ("envelope subaddress", 'envelope :user "to" "ken"', True),
        ("envelope subaddress", 'envelope :detail "to" "mta"', True),
        ("envelope subaddress", 'envelope :detail "from" ["", "x"]', False),
        ("subaddress", 'address :detail "to" "mta"', True),
        ("subaddress", 'address :user "to" "roadrunner"', True),
        # RFC 5231 §6
        (NUMERIC, 'address :count "ge" :comparator "i;ascii-numeric" ["to", "cc"] ["3"]', True),
        (NUMERIC, 'address :count "eq" :comparator "i;ascii-numeric" ["to", "cc"] ["4"]', True),
        (NUMERIC, 'address :count "ge" :comparator "i;ascii-numeric" ["to"] ["3"]', False),
        (NUMERIC, 'header :count "ge" :comparator "i;ascii-numeric" ["received", "subject"] ["3"]', True),
        (NUMERIC, 'header :count "eq" :comparator "i;ascii-numeric" "no-such" "0"', True),
        (NUMERIC, 'header :value "lt" :comparator "i;ascii-numeric" ["x-priority"] ["3"]', True),
        (NUMERIC, 'header :value "eq" :comparator "i;ascii-numeric" "x-priority" "2"', True),
        (NUMERIC, 'header :value "gt" :comparator "i;ascii-numeric" "subject" "999999999999"', True),  # infinity
        (NUMERIC, 'header :is :comparator "i;ascii-numeric" "x-priority" "002x"', True),
        (NUMERIC, 'header :is :comparator "i;ascii-numeric" "subject" "any word"', True),
        (NUMERIC, 'envelope :count "eq" :comparator "i;ascii-numeric" "from" "1"', None),
        ("relational", 'address :value "gt" :all :comparator "i;ascii-casemap" ["from"] ["M"]', False),
        ("relational", 'address :value "le" ["from"] ["COYOTE@ACME.EXAMPLE.COM"]', True),
        ("relational", 'header :value "ne" "x-priority" "02"', False),
        ("mailbox", 'mailboxexists "Partners"', True),
        ("mailbox", 'mailboxexists ["Partners", "a/b"]', True),
        ("mailbox", 'mailboxexists ["Partners", "Nowhere"]', False),
        ("environment", 'environment "NAME" "gatepost"', True),
        ("environment", 'environment :contains "phase" "dur"', True),
        ("environment", 'environment :matches "host" "*"', True),
        ("environment", 'environment :matches "no-such" "*"', False),
        ("index", 'header :index 1 :contains "received" "1996"', True),
        ("index", 'header :index 1 :last :contains "received" "1996"', False),
        ("index", 'header :last :index 2 :contains "received" "1996"', True),
        ("index", 'header :index 3 :contains ["received", "subject"] "acme"', True),
        ("index", 'header :index 3 :contains "received" ""', False),
        ("index", 'address :index 2 ["to", "cc"] "a@b.example"', True),
        ("encoded-character", 'header :contains "subject" "${hex:61 63}me"', True),
        ("encoded-character", 'header :is "x-word" "caf${unicode:00E9}"', True),
        ("", 'header :contains "subject" "${hex:61 63}me"', False),
        ("ihave", 'ihave ["fileinto", "variables-nonsense"]', False),
        ("ihave", 'ihave ["fileinto", "copy"]', True),
        ("ihave", 'ihave "variables"', False),  # RFC 5463 §4
        ("ihave variables", 'ihave "variables"', True),
    ],
)
def test_extensions(holds: Holds, require: str, test: str, true: bool | None) -> None:
    if true is None:
        require, true = require + " envelope", True
    assert holds(test, require) is true


@pytest.mark.parametrize(
    ("test", "true"),
    [
        ('body :raw :contains "SGVsbG8"', True),
        ('body :raw :contains "wile"', False),
        ('body :content "text" :contains "Hello"', True),
        ('body :content "text/plain" :contains "café"', True),
        ('body :content "text/plain" :contains "Please"', True),
        ('body :content "text/html" :contains "<b>you</b>"', True),
        ('body :content "text/html" :contains "café"', False),
        ('body :text :contains "Hello you"', True),
        ('body :contains "Hello you"', True),
        ('body :text :contains "<b>"', False),
        ('body :content "multipart" :contains "MIME"', True),
        ('body :content "multipart" :contains "end of the outer"', True),
        ('body :content "multipart" :contains "end of the inner"', True),
        ('body :content "multipart/alternative" :contains "nested"', True),
        ('body :content "multipart" :contains "Hello"', False),
        ('body :content "message/rfc822" :contains "Hello request"', True),
        ('body :content "message/rfc822" :contains "Please"', False),
        ('body :content "" :contains "Please"', True),
        ('body :content "/plain" :contains "Please"', False),
        ('body :content "text/" :contains "Please"', False),
        ('body :content "text/plain/x" :contains "Please"', False),
        ('body :content ["image", "TEXT/PLAIN"] :is "hello café"', True),
    ],
)
def test_body(holds: Holds, test: str, true: bool) -> None:
    assert holds(test, "body") is true


def test_a_message_without_empty_line_has_no_body(run: Callable[..., tuple[object, ...]]) -> None:
    script = 'require "body"; if body :raw :contains "" { discard; }'
    assert type(run(script, b"Subject: x\r\n")[0]).__name__ == "Keep"
    assert type(run(script, b"Subject: x\r\n\r\n")[0]).__name__ == "Discard"


@pytest.mark.parametrize(
    ("test", "true"),
    [
        ('date :originalzone "date" "hour" "02"', True),
        ('date :zone "+0000" "date" "time" "09:23:25"', True),
        ('date "date" "hour" "10"', True),  # the server's zone, +0100
        ('date :originalzone "date" "zone" "-0700"', True),
        ('date :originalzone "date" "weekday" "3"', True),
        ('date :originalzone "date" "date" "1996-07-17"', True),
        ('date :originalzone "date" ["x", "JULIAN"] "50281"', None),
        ('date :originalzone "date" "julian" "50281"', True),
        ('date :originalzone "date" "iso8601" "1996-07-17T02:23:25-07:00"', True),
        ('date :zone "+0000" "date" "iso8601" "1996-07-17T09:23:25Z"', True),
        ('date :originalzone "date" "std11" "Wed, 17 Jul 1996 02:23:25 -0700"', True),
        ('date :originalzone "received" "second" "26"', True),
        ('date :originalzone "subject" "year" "1996"', False),
        ('date :originalzone "no-such" "year" "1996"', False),
        ('currentdate :zone "+0000" "iso8601" "2023-11-14T22:13:20Z"', True),
        ('currentdate "time" "23:13:20"', True),
        ('currentdate :zone "-0530" "zone" "-0530"', True),
        ('currentdate "weekday" "2"', True),
        ('currentdate :value "ge" "date" "2023-11-01"', True),
        ('allof (currentdate "year" "2023", currentdate "month" "11", currentdate "day" "14", currentdate "minute" "13")', True),
        ('date :count "eq" "date" "year" "1"', True),
        ('date :index 2 :originalzone "received" "date" "2007-01-01"', True),
        ('date :index 2 :zone "+0900" "received" "date" "2007-01-02"', True),
        ('date :index 3 "received" :zone "+0900" "date" "x"', None),
    ],
)  # fmt: skip
def test_dates(holds: Holds, test: str, true: bool | None) -> None:
    if true is None:
        from gatepost.model.errors import BadScript

        with pytest.raises(BadScript):
            holds(test, "date relational index")
    else:
        assert holds(test, "date relational index") is true


def test_null_sender(run: Callable[..., tuple[object, ...]]) -> None:
    class Null:
        envelope_from = ""
        envelope_to = "a@b"

        def mailbox_exists(self, path: str) -> bool:
            return False

        def environment(self, item: str) -> str | None:
            return None

        def now(self) -> float:
            return 0.0

        def utc_offset(self, at: float) -> int:
            return 0

    script = (
        'require ["envelope", "relational"]; if allof (envelope "from" "", envelope :count "eq" "from" "0",'
        ' not envelope :localpart :contains "from" "") { discard; }'
    )
    assert type(run(script, world=Null())[0]).__name__ == "Discard"
