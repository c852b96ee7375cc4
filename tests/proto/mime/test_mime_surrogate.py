"""Headers in ASCII: the same text for whoever decodes them."""

from __future__ import annotations

import email
import email.policy
import re

from hypothesis import given
from hypothesis import strategies as st

from gatepost.proto.mime import decode_text
from gatepost.proto.mime.surrogate import ascii_header

HEADER = """\
From: Jürgen Größe <jg@exämple.org>\r
To: "Müller, Ada" <ada@example.org>, dösè@example.org,\r
 plain@example.org\r
Subject: Grüße aus dem schönen Süden, wo die Sonne scheint und\r
 die Zeilen lang sind\r
Message-ID: <plain@example.org>\r
Content-Type: text/plain; charset=utf-8; name="\\"Übung\\" 1.txt"\r
X-Empty:\r
ungültig\r
\r
""".encode()


def test_every_field_is_ascii_and_says_the_same() -> None:
    made = ascii_header(HEADER)
    assert made.isascii()
    assert b"\r\nMessage-ID: <plain@example.org>\r\n" in made
    assert made.endswith(b"\r\nX-Empty:\r\nung??ltig\r\n\r\n")
    assert all(len(line) <= 78 for line in made.split(b"\r\n"))
    read = email.message_from_bytes(made, policy=email.policy.default)
    assert str(read["from"]) == "Jürgen Größe <jg@xn--exmple-cua.org>"
    assert [str(one) for one in read["to"].addresses] == ['"Müller, Ada" <ada@example.org>', "plain@example.org"]
    assert [group.display_name for group in read["to"].groups if not group.addresses] == ["dösè@example.org"]
    assert read["subject"].startswith("Grüße aus dem schönen Süden")
    assert read["subject"].endswith("wo die Sonne scheint und die Zeilen lang sind")
    assert read["content-type"].params["name"] == '"Übung" 1.txt'


def test_ascii_stays_as_it_is() -> None:
    header = b"Subject: =?utf-8?q?=C3=BC?=\n folded\nodd\r\r\n\r\n"
    assert ascii_header(header) is header


def test_latin_1_is_read_as_elsewhere() -> None:
    assert decode_text(ascii_header(b"Subject: caf\xe9 =?utf-8?q?=C3=BC?=\r\n\r\n")[9:]) == "café ü"


@given(st.lists(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: b"Subject: " + text.encode())))
def test_any_octets(lines: list[bytes]) -> None:
    header = b"\r\n".join(lines) + b"\r\n\r\n"
    made = ascii_header(header)
    assert made.isascii()
    assert ascii_header(made) is made
    assert len(re.findall(rb"\n(?![ \t])", made)) <= len(re.findall(rb"\n(?![ \t])", header)) + 1
