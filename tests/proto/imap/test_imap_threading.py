"""THREAD's algorithms (RFC 5256 §3)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.proto.imap.threading import Facts, Node, ordered_subject, references, render


def test_ordered_subject():
    messages = [Facts(1, 3.0, "a"), Facts(2, 1.0, "b"), Facts(3, 2.0, "a"), Facts(4, 4.0, "a")]
    assert render(ordered_subject(messages)) == b"(2)(3 (1)(4))"


def test_references():
    messages = [
        Facts(1, 1.0, "x", message_id="a"),
        Facts(2, 2.0, "x", True, "b", ("a",)),
        Facts(3, 3.0, "x", True, "c", ("a", "b")),
        Facts(4, 4.0, "x", True, "d", ("a",)),
        Facts(5, 5.0, "y", message_id="e"),
    ]
    assert render(references(messages)) == b"(1 (2 3)(4))(5)"


def test_a_missing_parent_holds_its_children_together():
    messages = [
        Facts(3, 1.0, "", message_id="b", references=("gone",)),
        Facts(5, 2.0, "", message_id="c", references=("gone",)),
    ]
    assert render(references(messages)) == b"((3)(5))"


def test_one_orphan_stands_alone():
    assert render(references([Facts(3, 1.0, "", message_id="b", references=("gone", "too"))])) == b"(3)"


def test_subjects_gather_threads():
    assert render(references([Facts(1, 1.0, "x"), Facts(2, 2.0, "x", True)])) == b"(1 2)"
    assert render(references([Facts(1, 1.0, "x", True), Facts(2, 2.0, "x")])) == b"(2 1)"
    assert render(references([Facts(1, 1.0, "x"), Facts(2, 2.0, "x")])) == b"((1)(2))"


def test_duplicate_ids_and_loops():
    messages = [
        Facts(1, 1.0, "p", message_id="a", references=("b",)),
        Facts(2, 2.0, "q", message_id="b", references=("a",)),
        Facts(3, 3.0, "r", message_id="a"),
    ]
    assert render(references(messages)).count(b"1") == 1


def test_deep_chains_cost_no_stack():
    messages = [Facts(n, float(n), "", message_id=f"m{n}", references=(f"m{n - 1}",)) for n in range(1, 5000)]
    assert render(references(messages)).startswith(b"(1 2 3 ")


_IDS = st.sampled_from(["", "a", "b", "c", "d", "e"])


@given(
    st.lists(
        st.tuples(_IDS, st.lists(_IDS.filter(bool), max_size=4), st.sampled_from(["", "s", "t"]), st.booleans()),
        max_size=12,
    )
)
@settings(max_examples=300, deadline=None)
def test_every_message_is_there_once(rows):
    messages = [
        Facts(n, float(n % 3), subject, reply, message_id, tuple(refs))
        for n, (message_id, refs, subject, reply) in enumerate(rows, 1)
    ]
    for algorithm in (references, ordered_subject):
        found: list[int] = []
        stack: list[Node] = list(algorithm(messages))
        while stack:
            node = stack.pop()
            if node.facts is not None:
                found.append(node.facts.number)
            stack.extend(node.children)
        assert sorted(found) == list(range(1, len(rows) + 1))
