"""Whatever the arguments, a method answers in JMAP's words: nothing is ever "something went wrong here"."""

from __future__ import annotations

import random
from typing import Any

from jmap_rig import Rig

from gatepost.model.events import Failed
from gatepost.services.jmap.methods import METHODS

HELLO = (
    b"From: grace@example.org\r\nTo: ada@example.org\r\nSubject: hello\r\nMessage-ID: <1@example.org>\r\n\r\nHello.\r\n"
)
NAMES = [
    "ids", "properties", "sinceState", "maxChanges", "ifInState", "create", "update", "destroy", "filter", "sort", "position",
    "anchor", "anchorOffset", "limit", "calculateTotal", "sinceQueryState", "upToId", "collapseThreads", "sortAsTree",
    "bodyProperties", "fetchAllBodyValues", "maxBodyValueBytes", "blobIds", "emails", "emailIds", "onDestroyRemoveEmails",
    "onSuccessUpdateEmail", "onSuccessDestroyEmail", "fromAccountId", "#ids",
]  # fmt: skip
KEYS = [
    "k", "#k", "name", "parentId", "role", "operator", "conditions", "inMailbox", "text", "header", "before", "property",
    "keyword", "isAscending", "mailboxIds", "keywords", "subject", "from", "bodyValues", "textBody", "bodyStructure", "subParts",
    "partId", "type", "value", "email", "blobId", "identityId", "emailId", "envelope", "mailFrom", "rcptTo", "resultOf", "path",
    "keywords/$seen", "mailboxIds/M1", "a/b", "header:X:asAddresses", "sortOrder", "receivedAt",
]  # fmt: skip


class Nonsense:
    """Values that are sometimes right, by a seed."""

    def __init__(self, seed: int, words: list[str]) -> None:
        self._random = random.Random(seed)
        self._words = [*words, "", "x", "\0", "\u20ac", "AND", "NOT", "M1", "E1", "T1", "1", "0", "2020-01-01T00:00:00Z",
                       "hasKeyword", "$seen", "subject", "receivedAt", "text/plain", "multipart/mixed", "a@example.org", "#k"]  # fmt: skip

    def value(self, depth: int = 0) -> Any:
        kind = self._random.randrange(9 if depth < 4 else 5)
        if kind == 0:
            return self._random.choice([None, True, False])
        if kind == 1:
            return self._random.choice([0, 1, -1, 2**53, 10**30, 1.5])
        if kind <= 4:
            return self._random.choice(self._words)
        if kind == 5:
            return [self.value(depth + 1) for _ in range(self._random.randrange(3))]
        return {
            self._random.choice([*KEYS, *self._words]): self.value(depth + 1) for _ in range(self._random.randrange(4))
        }

    def arguments(self, must: list[str]) -> dict[str, Any]:
        found = {name: self.value() for name in self._random.sample(NAMES, self._random.randrange(3))}
        found |= {name: self.value() for name in must if self._random.random() < 0.9}
        return found


LIKELY = {
    "get": ["ids", "properties"],
    "changes": ["sinceState"],
    "query": ["filter", "sort"],
    "queryChanges": ["sinceQueryState", "filter"],
    "set": ["create", "update"],
    "import": ["emails"],
    "parse": ["blobIds", "bodyProperties"],
    "copy": ["fromAccountId", "create"],
    "echo": [],
}


async def test_no_arguments_break_a_method(rig: Rig) -> None:
    email = await rig.keep(HELLO)
    words = [
        email,
        await rig.mailbox("inbox"),
        await rig.upload(HELLO),
        (await rig.one("Identity/get"))["list"][0]["id"],
    ]
    answered = 0
    for seed, name in enumerate([*METHODS] * 12):
        nonsense = Nonsense(seed, words)
        likely = LIKELY[name.partition("/")[2]]
        calls = [(name, nonsense.arguments(likely)) for _ in range(6)]
        for _, result, _ in await rig.call(*calls):
            assert result.get("type") not in ("serverFail", "serverUnavailable"), result
            answered += "type" not in result
    assert [event for event in rig.events if isinstance(event, Failed)] == []
    assert answered > 50


async def test_no_object_breaks_a_set(rig: Rig) -> None:
    """As above, one level deeper: the arguments are right, the objects are not."""
    email, inbox = await rig.keep(HELLO), await rig.mailbox("inbox")
    words = [email, inbox, await rig.upload(HELLO), (await rig.one("Identity/get"))["list"][0]["id"]]
    for seed in range(150):
        nonsense = Nonsense(seed, words)
        junk = {key: nonsense.value() for key in random.Random(seed).sample(KEYS, 4)}
        right = {"mailboxIds": {inbox: True}, "name": f"n{seed}"}
        await rig.call(
            ("Email/set", {"create": {"k": {"mailboxIds": {inbox: True}, **junk}}, "update": {email: junk}}),
            ("Mailbox/set", {"create": {"m": {"name": right["name"], **junk}}, "update": {inbox: junk}}),
            ("EmailSubmission/set", {"create": {"s": {"emailId": email, "identityId": words[3], **junk}}}),
            ("Email/import", {"emails": {"i": {"blobId": words[2], "mailboxIds": {inbox: True}, **junk}}}),
            ("Email/query", {"filter": junk}),
        )
    assert [event for event in rig.events if isinstance(event, Failed)] == []
