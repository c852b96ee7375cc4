"""HEADER.FIELDS: fields as they stand, found as a reader would find them, line by line."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.proto.imap.commands.fetch import Section
from gatepost.proto.imap.sections import select_fields

HEADER = b"From: ada\r\nX-Long: one\r\n two\r\n\tthree\r\nno field\r\n from: folded\r\nfrom : again\r\nFrom-A: b\r\nTO:grace\r\n\r\n"


@pytest.mark.parametrize(
    ("kind", "names", "fields"),
    [
        ("", [b"FROM"], b"From: ada\r\nfrom : again\r\n"),
        ("", [b"x-long", b"to"], b"X-Long: one\r\n two\r\n\tthree\r\nTO:grace\r\n"),
        ("", [b"fro", b"from-", b"no field", b"T.", b"", b"from:", b"From: ada"], b""),
        (".NOT", [b"from", b"X-LONG"], b"From-A: b\r\nTO:grace\r\n"),
        (".NOT", [b"fro", b"."], b"".join(HEADER.split(b"no field\r\n from: folded\r\n"))[:-2]),
    ],
)
def test_fields(kind, names, fields):
    assert select_fields(HEADER, Section((), "HEADER.FIELDS" + kind, tuple(names))) == fields + b"\r\n"


@pytest.mark.parametrize("end", [b"", b"\r\n"])
def test_a_header_without_its_empty_line(end):
    assert select_fields(b"A: b\r\nC: d" + end, Section((), "HEADER.FIELDS", (b"c",))) == b"C: d\r\n\r\n"


WORDS = [b"From", b"to", b"x", b":", b" ", b"\t", b"\r\n", b"\n", b"\r", b"\0", b"\xff", b"-", b"*", b"."]


@given(
    st.lists(st.sampled_from(WORDS), max_size=14).map(b"".join),
    st.lists(st.sampled_from([b"from", b"TO", b"x", b"x*", b".", b"", b"a:b"]), min_size=1, max_size=3),
)
@settings(max_examples=300)
def test_line_by_line(header, names):
    found: dict[bool, list[bytes]] = {True: [], False: []}
    here: list[bytes] | None = None
    for line in re.findall(rb"[^\n]*\n|[^\n]+", header):
        if line[:1] in (b" ", b"\t"):
            if here is not None:
                here[-1] += line
            continue
        name, colon, _ = line.partition(b":")
        name = name.rstrip(b" \t")
        if not colon or not re.fullmatch(rb"[!-9;-~]+", name):
            here = None
            continue
        here = found[name.lower() in {each.lower() for each in names}]
        here.append(line)
    for kind, wanted in (("HEADER.FIELDS", True), ("HEADER.FIELDS.NOT", False)):
        fields = b"".join(found[wanted])
        end = b"\r\n" if fields and not fields.endswith(b"\n") else b""
        assert select_fields(header, Section((), kind, tuple(names))) == fields + end + b"\r\n"
