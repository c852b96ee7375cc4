"""Requests as octets: what is JSON, what is I-JSON, what is a Request (RFC 8620 §3.3, §3.6.1)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.proto.jmap.errors import RequestError
from gatepost.proto.jmap.request import Invocation, decode_json, decode_request, encode_response

KNOWN = {"urn:ietf:params:jmap:core": {}}
GOOD = b"""{"using": ["urn:ietf:params:jmap:core"], "later": {"x": [1]},
 "methodCalls": [["Core/echo", {"hello": true, "quote\\"d: ": "a:b"}, "b3ff"]]}"""


def test_a_request_is_read_and_unknown_properties_are_ignored() -> None:
    request = decode_request(GOOD, KNOWN, 16)
    assert request.using == ("urn:ietf:params:jmap:core",)
    assert request.calls == (Invocation("Core/echo", {"hello": True, 'quote"d: ': "a:b"}, "b3ff"),)
    assert request.created_ids is None


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "notJSON"),
        (b"{", "notJSON"),
        (b'{"using": [], "methodCalls": []} x', "notJSON"),
        (b'{"using": ["\xff"], "methodCalls": []}', "notJSON"),
        (b'{"using": ["\\ud800"], "methodCalls": []}', "notJSON"),
        (b'{"using": [], "using": [], "methodCalls": []}', "notJSON"),
        (b'{"using": [], "methodCalls": [["a", {"x": {"y": 1, "\\u0079": 2}}, "0"]]}', "notJSON"),
        (b"[" * 100_000, "notJSON"),
        (b"[" * 200 + b"]" * 200, "notJSON"),
        (b"[]", "notRequest"),
        (b'{"using": []}', "notRequest"),
        (b'{"using": "x", "methodCalls": []}', "notRequest"),
        (b'{"using": [], "methodCalls": [["a", {}]]}', "notRequest"),
        (b'{"using": [], "methodCalls": [["a", [], "0"]]}', "notRequest"),
        (b'{"using": [], "methodCalls": [], "createdIds": {"a": 1}}', "notRequest"),
        (b'{"using": ["https://example.com/apis/foobar"], "methodCalls": []}', "unknownCapability"),
        (b'{"using": [], "methodCalls": [["a",{},"0"],["a",{},"0"],["a",{},"0"]]}', "limit"),
    ],
)
def test_what_is_wrong_with_a_request_as_a_whole(body: bytes, kind: str) -> None:
    with pytest.raises(RequestError) as caught:
        decode_request(body, KNOWN, 2)
    assert caught.value.kind == kind
    assert caught.value.limit == ("maxCallsInRequest" if kind == "limit" else None)


def test_the_response_has_created_ids_only_if_the_request_had() -> None:
    responses = [Invocation("Core/echo", {"a": 1}, "0")]
    assert json.loads(encode_response(responses, None, "s")) == {
        "methodResponses": [["Core/echo", {"a": 1}, "0"]],
        "sessionState": "s",
    }
    assert json.loads(encode_response([], {"k": "E1"}, "s"))["createdIds"] == {"k": "E1"}


@given(st.binary(max_size=200))
@settings(max_examples=200)
def test_no_octets_raise_anything_else(body: bytes) -> None:
    try:
        decode_request(body, KNOWN, 2)
    except RequestError:
        pass


@given(
    st.recursive(
        st.none() | st.integers(-(2**50), 2**50) | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
        max_leaves=12,
    )
)
@settings(max_examples=150)
def test_what_json_writes_is_read_back_whatever_colons_and_quotes_are_in_it(value: object) -> None:
    assert decode_json(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")) == json.loads(
        json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    )
