"""Where the parts of a message lie: RFC 2046's delimiters, in well-made messages and in odd ones."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.model.message import Part
from gatepost.proto.mime import decoded_body, header_fields, index_message, locate, search_text, walk


def crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def shape(part: Part) -> object:
    name = f"{part.type}/{part.subtype}"
    return (name, [shape(child) for child in part.parts]) if part.parts else name


def bodies(content: bytes) -> list[bytes]:
    return [content[part.body : part.end] for part in walk(index_message(content).root) if not part.parts]


COMPLEX = crlf(
    """Subject: RFC 9051's example
Content-Type: multipart/mixed; boundary=outer

preamble
--outer
Content-Type: text/plain

one
--outer
Content-Type: application/octet-stream

two
--outer
Content-Type: message/rfc822

Subject: three
Content-Type: multipart/mixed; boundary="in ner"

--in ner

three.one
--in ner
Content-Type: application/octet-stream

three.two
--in ner--
--outer
Content-Type: multipart/mixed; boundary=outer2

--outer2
Content-Type: image/gif

four.one
--outer2
Content-Type: message/rfc822

Subject: four.two

four.two text
--outer2--
inner epilogue
--outer--
epilogue
"""
)


def test_nested_shape() -> None:
    assert shape(index_message(COMPLEX).root) == (
        "multipart/mixed",
        [
            "text/plain",
            "application/octet-stream",
            ("message/rfc822", [("multipart/mixed", ["text/plain", "application/octet-stream"])]),
            ("multipart/mixed", ["image/gif", ("message/rfc822", ["text/plain"])]),
        ],
    )


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ((1,), b"one"),
        ((2,), b"two"),
        ((3, 1), b"three.one"),
        ((3, 2), b"three.two"),
        ((4, 1), b"four.one"),
        ((4, 2, 1), b"four.two text"),
    ],
)
def test_part_numbers(path: tuple[int, ...], body: bytes) -> None:
    part = locate(index_message(COMPLEX).root, path)
    assert part is not None
    assert COMPLEX[part.body : part.end] == body  # without the line end that is the delimiter's


@pytest.mark.parametrize("path", [(0,), (5,), (1, 1), (3, 3), (3, 1, 1), (4, 2, 2), (4, 1, 1), (4, 2, 1, 1)])
def test_no_such_part(path: tuple[int, ...]) -> None:
    assert locate(index_message(COMPLEX).root, path) is None


def test_part_header_and_enclosed_header() -> None:
    part = locate(index_message(COMPLEX).root, (4, 2))
    assert part is not None
    assert COMPLEX[part.start : part.body] == b"Content-Type: message/rfc822\r\n\r\n"
    inner = part.parts[0]
    assert COMPLEX[inner.start : inner.body] == b"Subject: four.two\r\n\r\n"
    assert COMPLEX[part.body : part.end] == b"Subject: four.two\r\n\r\nfour.two text"


def test_single_part_is_number_one() -> None:
    content = b"Subject: x\r\n\r\nbody\r\n"
    root = index_message(content).root
    assert locate(root, (1,)) is root
    assert locate(root, ()) is root
    assert locate(root, (2,)) is None
    assert locate(root, (1, 1)) is None


def test_message_at_the_top_is_number_one_and_opens() -> None:
    content = b"Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nbody"
    inner = locate(index_message(content).root, (1, 1))
    assert inner is not None
    assert content[inner.body : inner.end] == b"body"


def test_one_boundary_may_begin_another() -> None:
    content = crlf(
        "Content-Type: multipart/mixed; boundary=ab\n\n--ab\nContent-Type: multipart/mixed; boundary=abc\n\n"
        "--abc\n\nin\n--abc\n\nin2\n--abc--\n--ab\n\nout\n--ab--\n"
    )
    assert shape(index_message(content).root) == (
        "multipart/mixed",
        [("multipart/mixed", ["text/plain", "text/plain"]), "text/plain"],
    )
    assert bodies(content) == [b"in", b"in2", b"out"]


def test_a_boundary_that_looks_like_anothers_end() -> None:
    content = crlf(
        "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; boundary=a--\n\n"
        "--a--\n\nin\n--a----\n--a\n\nout\n--a--\n"
    )
    assert bodies(content) == [b"in", b"out"]


def test_missing_inner_end_is_closed_by_the_outer_delimiter() -> None:
    content = crlf(
        "Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/alternative; boundary=i\n\n"
        "--i\n\nin\n--o\n\nout\n--o--\n"
    )
    assert bodies(content) == [b"in", b"out"]


def test_cut_off_message() -> None:
    content = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: image/png\r\n\r\nAAAA\r\nBB"
    assert bodies(content) == [b"AAAA\r\nBB"]
    assert bodies(content[: content.index(b"image") + 3]) == [b""]


def test_delimiter_with_blanks_after_it() -> None:
    assert bodies(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b \t\r\n\r\nx\r\n--b-- \r\ny") == [b"x"]


def test_delimiter_needs_the_whole_line() -> None:
    content = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--bb\r\n--b c\r\nx --b\r\n--b--"
    assert bodies(content) == [b"x\r\n--bb\r\n--b c\r\nx --b"]


def test_part_without_empty_line_ends_at_the_delimiter() -> None:
    content = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: image/png\r\n--b\r\n\r\ny\r\n--b--\r\n"
    )
    first, second = index_message(content).root.parts
    assert (first.type, first.body, content[first.start : first.body]) == (
        "image",
        first.end,
        b"Content-Type: image/png\r\n",
    )
    assert content[second.body : second.end] == b"y"


def test_empty_parts() -> None:
    content = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n--b\r\n\r\n--b\r\n\r\n\r\n--b--\r\n"
    assert bodies(content) == [b"", b"", b""]


def test_bare_line_feeds_end_lines_too() -> None:
    content = b"Content-Type: multipart/mixed;\n boundary=b\n\n--b\nContent-Type: text/html\n\n<p>\n--b\n\ny\n--b--\n"
    assert bodies(content) == [b"<p>", b"y"]


@pytest.mark.parametrize(
    "header",
    [
        "Content-Type: multipart/mixed",
        "Content-Type: multipart/mixed; boundary=",
        'Content-Type: multipart/mixed; boundary=""',
        "Content-Type: multipart/mixed; boundary=other",
    ],
)
def test_multipart_without_parts_is_text(header: str) -> None:
    root = index_message(crlf(header + "\n\n--b\n\nx\n--b--\n")).root
    assert shape(root) == "text/plain"


def test_digest_default() -> None:
    content = crlf(
        "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: one\n\nfirst\n--b\n"
        "Content-Type: text/plain\n\nnot a message\n--b\nContent-Type: nonsense\n\ntext\n--b--\n"
    )
    assert shape(index_message(content).root) == (
        "multipart/digest",
        [("message/rfc822", ["text/plain"]), "text/plain", "text/plain"],
    )


def test_encoded_message_is_not_opened() -> None:
    content = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogeA0KDQp5DQo="
    index = index_message(content)
    assert index.root.parts == ()
    assert b"(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)" in index.bodystructure


def test_boundary_reused_inside() -> None:
    content = crlf(
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=b\n\n"
        "--b\n\nin\n--b--\n--b\n\nout\n--b--\n"
    )
    assert shape(index_message(content).root) == (
        "multipart/mixed",
        [("multipart/mixed", ["text/plain"]), "text/plain"],
    )


def test_boundary_in_continuations() -> None:
    content = b'Content-Type: multipart/mixed; boundary*0="a b"; boundary*1=c\r\n\r\n--a bc\r\n\r\nx\r\n--a bc--'
    assert bodies(content) == [b"x"]


@pytest.mark.parametrize(
    ("body", "lines"), [(b"", 0), (b"a", 1), (b"a\r\n", 1), (b"a\r\nb", 2), (b"\r\n\r\n", 2), (b"a\nb\n", 2)]
)
def test_lines(body: bytes, lines: int) -> None:
    assert index_message(b"X: y\r\n\r\n" + body).root.lines == lines


def test_header_only_and_empty_messages() -> None:
    for content in (b"", b"\r\n", b"\n", b"X: y", b"X: y\r\n", b"X: y\r\n\r\n", b"no field at all", b"\0"):
        root = index_message(content).root
        assert (root.start, root.end) == (0, len(content))
        assert content[root.body :] == b""


def test_depth_and_part_budgets() -> None:
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (n, n) for n in range(150))
    root, depth = index_message(deep + b"\r\nx").root, 1
    while root.parts:
        root, depth = root.parts[0], depth + 1
    assert depth == 101  # and what lies in the innermost
    wide = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 10_100
    parts = index_message(wide).root.parts
    assert len(parts) == 9_999  # and the root


def test_header_fields_as_given() -> None:
    content = b"Subject : one\r\n two\r\nFrom x@y\r\n\tstray\r\nX-Raw:\xff\xfe\r\nsubject:\r\n\r\n"
    root = index_message(content).root
    assert header_fields(content, root) == [("Subject", b" one\r\n two"), ("X-Raw", b"\xff\xfe"), ("subject", b"")]


def test_part_properties() -> None:
    content = crlf(
        "Content-Type: TEXT/Html; charset=UTF-8; name=fallback.html\n"
        "Content-Disposition: ATTACHMENT; filename*=utf-8''na%C3%AFve.html\n"
        "Content-Transfer-Encoding: Quoted-Printable\nContent-ID: <id@x>\nContent-Description: =?utf-8?q?caf=C3=A9?=\n"
        "Content-Language: de, en-GB\nContent-Location: http://x/\n y\n\n<p>=C3=A9</p>\n"
    )
    part = index_message(content).root
    assert (part.type, part.subtype, part.charset, part.encoding) == ("text", "html", "utf-8", "quoted-printable")
    assert (part.disposition, part.filename) == ("attachment", "naïve.html")
    assert (part.content_id, part.description) == ("id@x", "café")
    assert (part.language, part.location) == (("de", "en-GB"), "http://x/y")


PIECES = st.sampled_from(
    [
        b"Content-Type: multipart/mixed; boundary=a\r\n",
        b'Content-Type: multipart/digest; boundary="aa"\r\n',
        b"Content-Type: multipart/mixed; boundary=a--\n",
        b"Content-Type: message/rfc822\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"Content-Disposition: x; filename*0*=utf-8''%ff; filename*1=x\r\n",
        b'From: "a\\',
        b"To: a: b@c, <@r:d@e>;(((",
        b"Subject: =?utf-8?q?=00=ff?= =?x?b?!!?=\r\n",
        b"Date: 99 Foo 99999 99:99\r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b"--a\r\n",
        b"--a",
        b"--aa--\r\n",
        b"--a--\n",
        b"\r\n--aa\r\n",
        b"text =\xff\0",
    ]
)


def check_offsets(part: Part, low: int, high: int) -> None:
    assert low <= part.start <= part.body <= part.end <= high
    at = part.body
    for child in part.parts:
        check_offsets(child, at, part.end)
        at = child.end


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES | st.binary(max_size=12), max_size=40).map(b"".join))
def test_nothing_raises_and_offsets_nest(content: bytes) -> None:
    index = index_message(content)
    check_offsets(index.root, 0, len(content))
    assert index.root.end == len(content)
    search_text(content, index.root)
    for part in walk(index.root):
        decoded_body(content, part)
        assert bool(part.parts) or part.type != "multipart"
        assert part.lines == len(content[part.body : part.end].split(b"\n")) - (
            content[part.body : part.end].endswith(b"\n") or part.body == part.end
        )
