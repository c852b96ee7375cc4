"""Four times the input costs about four times the time: made-up messages that hurt quadratic parsers."""

from __future__ import annotations

import time

import pytest

from gatepost.proto.mime import index_message, search_text

MULTIPART = b"Content-Type: multipart/mixed; boundary=a\r\n\r\n"
CASES: dict[str, tuple[bytes, bytes]] = {
    "headers": (b"", b"X: y\r\n"),
    "indexed headers": (b"", b"To: a@b\r\n"),
    "folded": (b"X: y\r\n", b" z\r\n"),
    "delimiters": (MULTIPART, b"--a\r\n"),
    "nearly delimiters": (MULTIPART, b"--ab\r\n"),
    "LF parts": (MULTIPART, b"--a\n\nx\n"),
    "nested": (b"", MULTIPART + b"--a\r\n"),
    "enclosed": (b"", b"Content-Type: message/rfc822\r\n\r\n"),
    "bare CRs": (b"To: ", b"\r"),
    "addresses": (b"To: ", b"a@b,"),
    "groups": (b"To: ", b"a:;"),
    "quotes": (b"To: ", b'"\\'),
    "comments": (b"To: ", b"("),
    "words in an address": (b"To: ", b"a "),
    "encoded words": (b"Subject: ", b"=?utf-8?q?a?= "),
    "unended words": (b"Subject: ", b"=?utf-8?q?"),
    "parameters": (b"Content-Type: a/b", b';a="\\"'),
    "html tags": (b"Content-Type: text/html\r\n\r\n", b"<a "),
    "html comments": (b"Content-Type: text/html\r\n\r\n", b"<!--"),
    "html scripts": (b"Content-Type: text/html\r\n\r\n", b"<script>"),
    "references": (b"References: ", b"<a@b>"),
}


def seconds(content: bytes) -> float:
    best = 10.0
    for _ in range(3):
        begun = time.process_time()
        search_text(content, index_message(content).root)
        best = min(best, time.process_time() - begun)
    return best


@pytest.mark.parametrize("case", sorted(CASES))
def test_linear(case: str) -> None:
    head, unit = CASES[case]
    small, large = seconds(head + unit * 2_000), seconds(head + unit * 8_000)
    assert large < 8 * small + 0.05
