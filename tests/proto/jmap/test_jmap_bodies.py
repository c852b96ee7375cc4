"""Body parts, their flat lists, and header forms: RFC 8621's own examples."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.model.mail import BlobId
from gatepost.model.message import Part
from gatepost.proto.jmap.blobs import BlobRef, parse_blob_id
from gatepost.proto.jmap.bodies import body_tree, flatten, truncate
from gatepost.proto.jmap.email import GET_DEFAULTS, Wanted, check_wanted, message_properties
from gatepost.proto.jmap.errors import MethodError
from gatepost.proto.jmap.headers import READERS, as_message_ids, header_property, read_property
from gatepost.proto.mime import header_fields, index_message


def leaf(name: str, media: str, disposition: str = "") -> Part:
    kind, _, subtype = media.partition("/")
    return Part(0, 0, 0, kind, subtype, disposition=disposition, content_id=name)


def multi(subtype: str, *parts: Part) -> Part:
    return Part(0, 0, 0, "multipart", subtype, parts=parts)


def test_the_list_managers_message_of_rfc_8621() -> None:
    """RFC 8621 §4.1.4's example, decomposed as it says."""
    root = multi(
        "mixed",
        leaf("A", "text/plain", "inline"),
        multi(
            "mixed",
            multi(
                "alternative",
                multi(
                    "mixed",
                    leaf("B", "text/plain", "inline"),
                    leaf("C", "image/jpeg", "inline"),
                    leaf("D", "text/plain", "inline"),
                ),
                multi("related", leaf("E", "text/html"), leaf("F", "image/jpeg")),
            ),
            leaf("G", "image/jpeg", "attachment"),
            leaf("H", "application/x-excel"),
            leaf("J", "message/rfc822"),
        ),
        leaf("K", "text/plain", "inline"),
    )
    lists = flatten(body_tree(root))
    assert [node.part.content_id for node in lists.text] == ["A", "B", "C", "D", "K"]
    assert [node.part.content_id for node in lists.html] == ["A", "E", "K"]
    assert [node.part.content_id for node in lists.attachments] == ["C", "F", "G", "H", "J"]


def test_one_alternative_serves_for_both() -> None:
    lists = flatten(body_tree(multi("alternative", leaf("A", "text/html"))))
    assert [node.part.content_id for node in lists.text] == ["A"]
    assert [node.part.content_id for node in lists.html] == ["A"]


MESSAGE = b"""From: Joe Bloggs <joe@example.com>\r
To: "  James Smythe" <james@example.com>, Friends:\r
  jane@example.com, =?UTF-8?Q?John_Sm=C3=AEth?=\r
  <john@example.com>;\r
Subject: =?UTF-8?Q?Dinner_on_Thursday=E2=80=BD?=\r
Message-ID: <a@example.com> (a comment)\r
Date: Tue, 10 Jul 2018 11:03:11 +1000\r
List-Post: <mailto:partytime@lists.example.com>\r
X-Twice: one\r
X-Twice: two\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary=b\r
\r
--b\r
Content-Type: text/plain; charset=utf-8\r
Content-Transfer-Encoding: base64\r
\r
SMOpbGxvLA0Kd29ybGQ=\r
--b\r
Content-Type: application/pdf; name=x.pdf\r
Content-Transfer-Encoding: base64\r
Content-Disposition: attachment; filename="report.pdf"\r
\r
JVBERi0=\r
--b--\r
"""


def read(properties: tuple[str, ...], **more: object) -> dict[str, object]:
    wanted = check_wanted(Wanted(properties, **more))  # type: ignore[arg-type]
    return message_properties(index_message(MESSAGE), BlobRef(BlobId("ab" * 16)), MESSAGE, wanted)


def test_convenience_properties_and_forms() -> None:
    found = read(
        (
            "from", "cc", "subject", "messageId", "sentAt", "header:to:asGroupedAddresses", "header:List-POST:asURLs",
            "header:X-Twice:all", "header:x-twice:asText", "header:Nothing", "header:Nothing:all",
        )
    )  # fmt: skip
    assert found == {
        "from": [{"name": "Joe Bloggs", "email": "joe@example.com"}],
        "cc": None,
        "subject": "Dinner on Thursday\u203d",
        "messageId": ["a@example.com"],
        "sentAt": "2018-07-10T01:03:11Z",
        "header:to:asGroupedAddresses": [
            {"name": None, "addresses": [{"name": "James Smythe", "email": "james@example.com"}]},
            {
                "name": "Friends",
                "addresses": [
                    {"name": None, "email": "jane@example.com"},
                    {"name": "John Sm\u00eeth", "email": "john@example.com"},
                ],
            },
        ],
        "header:List-POST:asURLs": ["mailto:partytime@lists.example.com"],
        "header:X-Twice:all": [" one", " two"],
        "header:x-twice:asText": "two",
        "header:Nothing": None,
        "header:Nothing:all": [],
    }


def test_body_parts_and_values() -> None:
    found = read(
        ("textBody", "attachments", "bodyValues", "bodyStructure", "hasAttachment"),
        part_properties=("partId", "size", "name", "type", "charset", "header:Content-Type"),
        text_values=True,
        max_value=7,
    )
    text, attachment = found["textBody"][0], found["attachments"][0]  # type: ignore[index]
    assert text == {
        "partId": "1",
        "size": 14,
        "name": None,
        "type": "text/plain",
        "charset": "utf-8",
        "header:Content-Type": " text/plain; charset=utf-8",
    }
    assert (attachment["partId"], attachment["size"], attachment["name"]) == ("2", 5, "report.pdf")
    assert found["bodyValues"] == {"1": {"value": "H\u00e9llo,", "isEncodingProblem": False, "isTruncated": True}}
    assert [part["partId"] for part in found["bodyStructure"]["subParts"]] == ["1", "2"]  # type: ignore[index,call-overload]
    assert found["bodyStructure"]["partId"] is None  # type: ignore[index,call-overload]
    assert found["hasAttachment"] is True


@pytest.mark.parametrize(
    "name", ["header:From:asDate", "header:Subject:asURLs", "header:Date:asText", "header::asText", "header:X:asRaw",
             "header:X:all:asText", "header:X:asText:all:all", "header:X Y", "nothing"],
)  # fmt: skip
def test_a_form_that_a_field_may_not_have_is_refused(name: str) -> None:
    with pytest.raises(MethodError) as caught:
        check_wanted(Wanted((*GET_DEFAULTS, name)))
    assert caught.value.kind == "invalidArguments"


def test_message_ids_are_null_where_there_is_something_else() -> None:
    assert as_message_ids(b" <a@b>\r\n <c@d>") == ["a@b", "c@d"]
    assert as_message_ids(b" no ids here <a@b>") is None
    assert as_message_ids(b" ") is None


@pytest.mark.parametrize(
    ("limit", "html", "cut"), [(6, False, "caf\u00e9 "), (4, False, "caf"), (9, True, "caf\u00e9 "), (99, True, None)]
)
def test_truncation_spares_characters_and_tags(limit: int, html: bool, cut: str | None) -> None:
    text = 'caf\u00e9 <a href="x">y</a>'
    assert truncate(text, limit, html) == (text if cut is None else cut)


def test_blob_ids_lead_into_parts() -> None:
    whole = BlobRef(BlobId("0123456789abcdef"))
    outer = whole.part(Part(0, 100, 900, "message", "rfc822"))
    assert str(outer) == "B0123456789abcdef-100-900-n"
    inner = outer.part(Part(0, 20, 70, encoding="base64"))
    assert str(inner) == "B0123456789abcdef-120-170-b"  # folded: nothing had to be decoded in between
    deeper = inner.part(Part(0, 1, 2, encoding="quoted-printable"))
    assert parse_blob_id(str(deeper)) == deeper
    assert [
        parse_blob_id(text) for text in ("", "B", "Bxyz", "B0123456789abcdef-9-1-n", "B0123456789abcdef-1-2-z", 5)
    ] == [None] * 6


@given(st.binary(max_size=120), st.sampled_from(sorted(READERS)))
@settings(max_examples=200)
def test_no_header_value_raises(raw: bytes, form: str) -> None:
    READERS[form](raw)


@given(st.text(max_size=40))
@settings(max_examples=100)
def test_no_property_name_raises(text: str) -> None:
    wanted = header_property("header:" + text)
    if wanted is not None:
        read_property(wanted, [("X", b" y")])


@given(st.binary(max_size=300))
@settings(max_examples=100)
def test_no_message_raises(content: bytes) -> None:
    index = index_message(content)
    wanted = Wanted((*GET_DEFAULTS[7:], "bodyStructure", "headers"), all_values=True, max_value=10)
    message_properties(index, BlobRef(BlobId("ab" * 16)), content, wanted)
    assert all(isinstance(name, str) for name, _ in header_fields(content, index.root))
