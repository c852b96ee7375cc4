"""Messages written for clients: whatever they send, no header field is there that they did not name (RFC 8621 §4.6)."""

from __future__ import annotations

import contextlib
import unicodedata
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.model.message import Part
from gatepost.proto.jmap.bodies import body_tree, leaves
from gatepost.proto.jmap.compose import compose
from gatepost.proto.jmap.composed import blob_ids, encode_text, write_message
from gatepost.proto.jmap.errors import MethodError, SetError
from gatepost.proto.jmap.filter import Comparator, parse_filter, parse_sort
from gatepost.proto.jmap.headers import as_addresses, as_text
from gatepost.proto.jmap.snippets import mark_subject, mark_text, words_of
from gatepost.proto.mime import decoded_body, header_fields, index_message, part_text

NOW, ID = "2026-01-02T03:04:05Z", "id@mail.example.org"
texts = st.text(max_size=60) | st.text(alphabet='a\u00fc \r\n\t:;<>"\\=?,()\0\u20ac\U0001f600', max_size=200)


def written(email: dict[str, Any]) -> bytes:
    message = compose(email, NOW, ID)
    return write_message(message, dict.fromkeys(blob_ids(message.body), b"blob"), "token")


def fields_of(content: bytes) -> list[tuple[str, bytes]]:
    return header_fields(content, index_message(content).root)


def names_of(content: bytes) -> list[str]:
    return [name for name, _ in fields_of(content)]


ALWAYS = {"MIME-Version", "Message-ID", "Date", "Content-Type", "Content-Transfer-Encoding"}


@given(texts)
@settings(max_examples=300)
def test_no_subject_makes_another_field_and_what_is_read_is_what_was_written(subject: str) -> None:
    try:
        content = written({"subject": subject})
    except SetError as error:
        assert error.more["properties"] == ["subject"]  # noqa: PT017
        return
    assert set(names_of(content)) == ALWAYS | {"Subject"}
    assert all(len(line) <= 998 for line in content.split(b"\r\n"))
    raw = dict(fields_of(content))["Subject"]
    normal = as_text(raw).replace(" ", "")
    assert (
        normal == as_text(subject.encode("utf-8", "replace")).replace(" ", "")
        or not subject.isascii()
        or "=?" in subject
    )


@given(texts, texts)
@settings(max_examples=300)
def test_no_address_makes_another_address_or_field(name: str, email: str) -> None:
    try:
        content = written({"to": [{"name": name, "email": email}]})
    except SetError as error:
        assert error.more["properties"] == ["to"]  # noqa: PT017
        return
    assert set(names_of(content)) == ALWAYS | {"To"}
    if name.isprintable() and email == "a@example.org":
        assert as_addresses(dict(fields_of(content))["To"]) == [{"name": name or None, "email": email}]


@given(texts)
@settings(max_examples=200)
def test_display_names_come_back(name: str) -> None:
    with contextlib.suppress(SetError):
        content = written({"to": [{"name": name, "email": "a@example.org"}]})
        (address,) = as_addresses(dict(fields_of(content))["To"])
        assert address["email"] == "a@example.org"
        if name.isprintable():
            assert (address["name"] or "").split() == unicodedata.normalize("NFC", name).split()  # RFC 8621 §4.1.2.3


@given(texts)
@settings(max_examples=300)
def test_text_comes_back_with_its_lines(text: str) -> None:
    content = written({"textBody": [{"partId": "1"}], "bodyValues": {"1": {"value": text}}})
    index = index_message(content)
    assert set(names_of(content)) == ALWAYS
    expected = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode()
    assert part_text(content, index.root).replace("\r\n", "\n") == expected
    assert encode_text(text)[0] in ("7bit", "quoted-printable")


@given(texts, texts, texts)
@settings(max_examples=200)
def test_names_and_ids_of_attachments_stay_where_they_belong(name: str, cid: str, location: str) -> None:
    part = {"blobId": "B1", "type": "application/pdf", "name": name, "cid": cid, "location": location}
    with contextlib.suppress(SetError):
        content = written({"attachments": [part], "textBody": [{"partId": "1"}], "bodyValues": {"1": {"value": "x"}}})
        _, attached = leaves(body_tree(index_message(content).root))
        assert decoded_body(content, attached.part) == b"blob"
        assert attached.part.filename.strip() == name.strip()
        allowed = {"Content-Disposition", "Content-ID", "Content-Location", "Content-Type", "Content-Transfer-Encoding"}
        assert {found for found, _ in header_fields(content, attached.part)} == allowed


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | texts | st.sampled_from(["1", "B1", "text/plain", "multipart/mixed"]),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(
        st.sampled_from(
            ["partId", "blobId", "type", "subParts", "name", "email", "value", "header:X", "disposition", "charset", "1",
             "operator", "conditions", "inMailbox", "text", "before", "hasKeyword", "inMailboxOtherThan", "header"]
        ),
        inner,
        max_size=3,
    ),
    max_leaves=10,
)  # fmt: skip
emails = st.dictionaries(
    st.sampled_from(
        ["subject", "from", "bodyStructure", "textBody", "htmlBody", "attachments", "bodyValues", "header:X:asText",
         "header:X:asAddresses:all", "header:List-Post:asURLs", "sentAt", "messageId", "keywords"]
    ),
    json_values,
    max_size=4,
)  # fmt: skip


@given(emails)
@settings(max_examples=400)
def test_no_email_raises_anything_but_a_set_error(email: dict[str, Any]) -> None:
    with contextlib.suppress(SetError):
        content = written(email)
        assert isinstance(index_message(content).root, Part)


@given(json_values)
@settings(max_examples=300)
def test_no_filter_raises_anything_but_a_method_error(condition: Any) -> None:
    with contextlib.suppress(MethodError):
        parse_filter(condition, ())
    list(words_of(condition, ("text",)))


@given(
    st.lists(st.builds(Comparator, property=st.sampled_from(["size", "hasKeyword", "x"]), keyword=st.none() | texts))
)
@settings(max_examples=50)
def test_no_sort_raises_anything_but_a_method_error(sort: list[Comparator]) -> None:
    with contextlib.suppress(MethodError):
        parse_sort(sort)


@given(texts, texts, st.lists(texts, max_size=3))
@settings(max_examples=300)
def test_snippets_are_short_and_have_no_markup_but_marks(before: str, after: str, words: list[str]) -> None:
    for found in (mark_text(before * 5 + "needle" + after * 9, [*words, "needle"]), mark_subject(before, words)):
        if found is not None:
            bare = found.replace("<mark>", "").replace("</mark>", "")
            assert "<" not in bare
            assert ">" not in bare
    found = mark_text(before * 5 + "needle" + after * 9, ["needle"])
    assert found is not None
    assert len(found.encode()) <= 255
