"""THREAD's two algorithms (RFC 5256 §3), on facts instead of messages.

Loops are looked for by walking up from the would-be parent, MAX_DEPTH steps at most, and chains are never recursed into:
a hostile References header costs neither stack nor much time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

MAX_DEPTH = 1000
"""Generations; what would hang deeper begins a thread of its own."""
MAX_REFERENCES = 100
"""Of one message; of more, the first and the last ones count (RFC 5322 §3.6.4 lets references be shortened so)."""


class Facts(msgspec.Struct, frozen=True):
    """What threading needs of one message. `number` is how it is named in the answer; `sent` the sent date with arrival as
    its stand-in (§2.2); `reply` whether the subject was a reply or forward (§2.1)."""

    number: int
    sent: float
    subject: str = ""
    reply: bool = False
    message_id: str = ""
    references: tuple[str, ...] = ()


class Node:
    """A message, or a dummy with `facts` None."""

    __slots__ = ("children", "facts", "parent")

    def __init__(self, facts: Facts | None = None) -> None:
        self.facts = facts
        self.parent: Node | None = None
        self.children: dict[Node, None] = {}

    def adopt(self, child: Node) -> None:
        """Makes `child` ours; it leaves the parent it had."""
        if child.parent is not None:
            del child.parent.children[child]
        child.parent = self
        self.children[child] = None

    def leave(self) -> None:
        """Has no parent from now on."""
        if self.parent is not None:
            del self.parent.children[self]
            self.parent = None

    def under(self, other: Node) -> bool:
        """Whether `other` is this node or above it, or it is too far up to tell."""
        node: Node | None = self
        for _ in range(MAX_DEPTH):
            if node is None or node is other:
                return node is other
            node = node.parent
        return True

    @property
    def lead(self) -> Facts:
        """Its own facts, or a dummy's first child's."""
        node = self
        while node.facts is None:
            node = next(iter(node.children))
        return node.facts


def ordered_subject(messages: Sequence[Facts]) -> list[Node]:
    """ORDEREDSUBJECT: threads of one base subject, the first message the parent of the others."""
    threads: dict[str, Node] = {}
    for facts in sorted(messages, key=_when):
        head = threads.get(facts.subject)
        if head is None:
            threads[facts.subject] = Node(facts)
        else:
            head.adopt(Node(facts))
    return sorted(threads.values(), key=lambda node: _when(node.lead))


def references(messages: Sequence[Facts]) -> list[Node]:
    """REFERENCES, in the steps of RFC 5256 §3."""
    root = Node()
    for node in _linked(messages):  # (1), (2)
        if node.parent is None:
            root.adopt(node)
    _prune(root)  # (3)
    _sort(root)  # (4)
    _gather(root)  # (5)
    _sort(root)  # (6)
    return list(root.children)


def render(nodes: Iterable[Node]) -> bytes:
    """`(2)(3 6 (4 23)(44 7 96))`."""
    out: list[str] = []
    stack: list[Node | str] = []

    def push(siblings: Iterable[Node]) -> None:
        for node in reversed(list(siblings)):
            stack.extend((")", node, "("))

    push(nodes)
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            out.append(item)
            continue
        if item.facts is not None:
            out.append(str(item.facts.number))
            if item.children:
                out.append(" ")
        if len(item.children) == 1:
            stack.extend(item.children)
        else:
            push(item.children)
    return "".join(out).encode("ascii")


def _when(facts: Facts) -> tuple[float, int]:
    return facts.sent, facts.number


def _linked(messages: Sequence[Facts]) -> list[Node]:
    """Step 1: every node, dummies too, linked to its parent."""
    by_id: dict[str, Node] = {}
    nodes: list[Node] = []
    own: list[tuple[Node, Facts]] = []
    for facts in messages:
        node = by_id.get(facts.message_id) if facts.message_id else None
        if node is None or node.facts is not None:
            node = Node()
            nodes.append(node)
            if facts.message_id and facts.message_id not in by_id:
                by_id[facts.message_id] = node
        node.facts = facts
        own.append((node, facts))
    for node, facts in own:
        chain: list[Node] = []
        for reference in _shortened(facts.references):
            link = by_id.get(reference)
            if link is None:
                link = by_id[reference] = Node()
                nodes.append(link)
            if chain and link.parent is None and not chain[-1].under(link):
                chain[-1].adopt(link)
            chain.append(link)
        node.leave()
        if chain and not chain[-1].under(node):
            chain[-1].adopt(node)
    return nodes


def _shortened(references: tuple[str, ...]) -> tuple[str, ...]:
    if len(references) <= MAX_REFERENCES:
        return references
    return (references[0], *references[1 - MAX_REFERENCES :])


def _prune(root: Node) -> None:
    """Step 3, from the leaves up; dummies under the root keep their children unless there is one only."""
    for node in reversed(_walk(root)):
        if node is root or node.facts is not None:
            continue
        parent = node.parent
        assert parent is not None
        if not node.children or parent is not root or len(node.children) == 1:
            node.leave()
            for child in list(node.children):
                parent.adopt(child)


def _walk(root: Node) -> list[Node]:
    """Every node, parents before children."""
    found = [root]
    for node in found:
        found.extend(node.children)
    return found


def _sort(root: Node) -> None:
    """Steps 4 and 6: siblings by sent date, the youngest generation first."""
    for node in reversed(_walk(root)):
        node.children = dict.fromkeys(sorted(node.children, key=lambda child: _when(child.lead)))


def _gather(root: Node) -> None:
    """Step 5: threads of one base subject become one."""
    table: dict[str, Node] = {}
    for node in root.children:
        subject = node.lead.subject
        held = table.get(subject) if subject else None
        if subject and (
            held is None
            or (held.facts is not None and (node.facts is None or (held.facts.reply and not node.facts.reply)))
        ):
            table[subject] = node
    for node in list(root.children):
        subject = node.lead.subject
        if subject and table[subject] is not node:
            table[subject] = _merge(root, table[subject], node)


def _merge(root: Node, held: Node, node: Node) -> Node:
    """Rules of step 5.C; what the table holds afterwards."""
    if held.facts is None:
        if node.facts is None:
            for child in list(node.children):
                held.adopt(child)
            node.leave()
        else:
            held.adopt(node)
        return held
    if node.facts is not None and node.facts.reply and not held.facts.reply:
        held.adopt(node)
        return held
    dummy = Node()
    dummy.adopt(held)
    dummy.adopt(node)
    root.adopt(dummy)
    return dummy
