"""Result references and pointers: RFC 8620 §3.7's examples, and properties."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.proto.jmap.errors import MethodError
from gatepost.proto.jmap.pointer import Unresolved, evaluate, split_pointer
from gatepost.proto.jmap.references import Budget, resolve
from gatepost.proto.jmap.request import Invocation

CHANGES = Invocation(
    "Foo/changes",
    {"accountId": "A1", "created": ["f1", "f4"], "updated": [], "destroyed": [], "hasMoreChanges": False},
    "t0",
)
EMAILS = Invocation("Email/get", {"list": [{"id": "m1", "threadId": "t194"}, {"id": "m2", "threadId": "t114"}]}, "t1")
THREADS = Invocation(
    "Thread/get",
    {"list": [{"id": "t194", "emailIds": ["m1020", "m1021"]}, {"id": "t114", "emailIds": ["m201"]}]},
    "t2",
)
RESULTS = [CHANGES, EMAILS, THREADS]


def reference(of: str, name: str, path: str) -> dict[str, object]:
    return {"#ids": {"resultOf": of, "name": name, "path": path}, "accountId": "A1"}


@pytest.mark.parametrize(
    ("of", "name", "path", "ids"),
    [
        ("t0", "Foo/changes", "/created", ["f1", "f4"]),
        ("t1", "Email/get", "/list/*/threadId", ["t194", "t114"]),
        ("t2", "Thread/get", "/list/*/emailIds", ["m1020", "m1021", "m201"]),
        ("t2", "Thread/get", "/list/1/emailIds/0", "m201"),
        ("t0", "Foo/changes", "/updated/*/id", []),
        ("t0", "Foo/changes", "", CHANGES.arguments),
    ],
)
def test_a_reference_is_replaced_by_what_it_refers_to(of: str, name: str, path: str, ids: object) -> None:
    assert resolve(reference(of, name, path), RESULTS, Budget(10_000)) == {"accountId": "A1", "ids": ids}


@pytest.mark.parametrize(
    ("of", "name", "path"),
    [
        ("t9", "Foo/changes", "/created"),
        ("t0", "Foo/get", "/created"),
        ("t0", "Foo/changes", "/nothing"),
        ("t0", "Foo/changes", "created"),
        ("t0", "Foo/changes", "/created/2"),
        ("t0", "Foo/changes", "/created/-"),
        ("t0", "Foo/changes", "/created/01"),
        ("t0", "Foo/changes", "/created/~2"),
        ("t0", "Foo/changes", "/hasMoreChanges/x"),
        ("t1", "Email/get", "/list/*/nothing"),
    ],
)
def test_what_leads_nowhere_is_an_invalid_reference(of: str, name: str, path: str) -> None:
    with pytest.raises(MethodError) as caught:
        resolve(reference(of, name, path), RESULTS, Budget(10_000))
    assert caught.value.kind == "invalidResultReference"


@pytest.mark.parametrize(
    "arguments",
    [
        {"ids": ["x"], **reference("t0", "Foo/changes", "/created")},
        {"#ids": ["x"]},
        {"#ids": {"resultOf": "t0", "name": "Foo/changes"}},
        {"#ids": {"resultOf": 0, "name": "Foo/changes", "path": "/created"}},
    ],
)
def test_a_name_in_both_forms_or_no_reference_at_all_is_an_invalid_argument(arguments: dict[str, object]) -> None:
    with pytest.raises(MethodError) as caught:
        resolve(arguments, RESULTS, Budget(10_000))
    assert caught.value.kind == "invalidArguments"


def test_references_cannot_double_a_result_again_and_again() -> None:
    """Twenty calls that each refer twice to the one before would make a million copies of the first."""
    results = [Invocation("Core/echo", {"a": "x" * 1000, "b": "x" * 1000}, "0")]
    budget, refused = Budget(100_000), 0
    for n in range(1, 21):
        whole = {"resultOf": str(n - 1), "name": "Core/echo", "path": ""}
        try:
            results.append(Invocation("Core/echo", resolve({"#a": whole, "#b": whole}, results, budget), str(n)))
        except MethodError:
            refused += 1
    assert refused > 10


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "b", "*", "0"]), inner, max_size=4)
    ),
    max_leaves=15,
)


@given(json_values, st.text(alphabet="/ab*01~-", max_size=12))
@settings(max_examples=200)
def test_no_pointer_raises_anything_else(value: object, path: str) -> None:
    try:
        evaluate(value, split_pointer(path))
    except Unresolved:
        pass


@given(st.dictionaries(st.sampled_from(["ids", "#ids", "#x", "accountId"]), json_values, max_size=3))
@settings(max_examples=100)
def test_no_arguments_raise_anything_else(arguments: dict[str, object]) -> None:
    try:
        resolve(arguments, RESULTS, Budget(1000))
    except MethodError:
        pass
