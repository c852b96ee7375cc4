"""URLs of messages: what they name, and that no text raises."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.proto.imap.commands.fetch import Section
from gatepost.proto.imap.cursor import MAX_NUMBER64
from gatepost.proto.imap.render.status import no
from gatepost.proto.imap.urls import MessageUrl, parse_url, url_code


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (b"/INBOX/;UID=20", MessageUrl("INBOX", 0, 20, Section())),
        (b"/a/b%20c/;uid=1/;section=1.2.MIME", MessageUrl("a/b c", 0, 1, Section((1, 2), "MIME"))),
        (b"/Dr%C3%A4fts;UIDVALIDITY=7/;UID=1", MessageUrl("Dräfts", 7, 1, Section())),
        (b";UID=3/;PARTIAL=5", MessageUrl("", 0, 3, Section(), (5, MAX_NUMBER64))),
        (
            b"/x/;UID=3/;SECTION=HEADER.FIELDS%20(To%20Cc)/;PARTIAL=0.9",
            MessageUrl("x", 0, 3, Section((), "HEADER.FIELDS", (b"To", b"Cc")), (0, 9)),
        ),
    ],
)
def test_urls(text, url):
    assert parse_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"/",
        b"/INBOX",
        b"/;UID=1",
        b"/x/;UID=0",
        b"/x/;UID=4294967296",
        b"/x;UID=1",
        b"/x%2/;UID=1",
        b"/x%FF/;UID=1",
        b"/x/;UID=1/;SECTION=",
        b"/x/;UID=1/;SECTION=MIME",
        b"/x/;UID=1/;SECTION=1]",
        b"imap://x/y/;UID=1",
        b"/x?y/;UID=1",
    ],
)
def test_what_is_no_url(text):
    assert parse_url(text) is None


@given(
    st.one_of(st.binary(max_size=80), st.from_regex(rb"/[!-~]{0,20}/;UID=[1-9]/;SECTION=[!-~]{0,20}", fullmatch=True))
)
@settings(max_examples=200, deadline=None)
def test_no_text_raises_or_breaks_a_response(text):
    parse_url(text)
    assert no("x", f"BADURL {url_code(text)}").render("a").count(b"]") == 1
