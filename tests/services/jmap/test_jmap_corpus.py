"""The corpus of odd messages through JMAP: described and downloaded."""

from __future__ import annotations

from typing import Any

import pytest
from corpus_messages import some
from jmap_rig import MAX_MESSAGE, Rig

from gatepost.model.ids import email_object_id
from gatepost.model.mail import Draft


def parts(structure: dict[str, Any]) -> list[dict[str, Any]]:
    return [structure, *(found for part in structure.get("subParts") or () for found in parts(part))]


@pytest.mark.timeout(180)
async def test_structure_and_octets(rig: Rig) -> None:
    """RFC 8621 §4.1.4: a structure, and for each part the octets that its blobId names, as many as its size says."""
    messages = some(largest=MAX_MESSAGE)
    mail = rig.mailboxes.open(rig.ada)
    inbox = (await mail.mailbox("INBOX")).id
    for name, content in messages.items():
        stored = await mail.append(Draft(content, (inbox,)))
        found = await rig.one(
            "Email/get",
            ids=[email_object_id(stored.email)],
            properties=[
                "blobId",
                "bodyStructure",
                "size",
                "subject",
                "from",
                "headers",
                "bodyValues",
                "preview",
                "textBody",
            ],
            fetchAllBodyValues=True,
            bodyProperties=["partId", "blobId", "size", "type", "charset", "name", "subParts"],
        )
        [one] = found["list"]
        assert one["size"] == len(content), name
        assert (await rig.ask("GET", f"/jmap/download/{rig.ada.id}/{one['blobId']}/x")).body == content, name
        leaves = [part for part in parts(one["bodyStructure"]) if part["blobId"] is not None]
        for part in leaves[:20]:
            assert part["partId"] is not None
            body = (await rig.ask("GET", f"/jmap/download/{rig.ada.id}/{part['blobId']}/x")).body
            assert len(body) == part["size"], (name, part)
        texts = {part["partId"] for part in leaves if part["type"].startswith("text/")}
        assert set(one["bodyValues"]) == texts, name
