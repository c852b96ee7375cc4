"""Against the standard library, where it is right: messages it composes come apart into the same leaves and payloads."""

from __future__ import annotations

import email
import email.message
import email.policy
from email.message import EmailMessage

from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.model.message import Part
from gatepost.proto.mime import decode_text, decoded_body, index_message, parse_addresses, walk

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=120)


@st.composite
def messages(draw: st.DrawFn) -> EmailMessage:
    made = EmailMessage()
    made["Subject"] = " ".join(draw(TEXTS).split())
    made["From"] = "Ada Lovelace <ada@example.org>"
    made["To"] = "bob@example.org, Group: c@example.org, d@example.org;"
    made.set_content(draw(TEXTS) + "\n")
    if draw(st.booleans()):
        made.add_alternative(f"<p>{draw(TEXTS)}</p>", subtype="html")
    for _ in range(draw(st.integers(0, 3))):
        made.add_attachment(draw(st.binary(max_size=200)), maintype="image", subtype="png", filename=draw(TEXTS) or "x")
    if draw(st.booleans()):
        inner = EmailMessage()
        inner["Subject"] = "inner"
        inner.set_content("inner text\n")
        made.add_attachment(inner)
    return made


def leaves(part: Part) -> list[Part]:
    return [found for found in walk(part) if not found.parts]


@settings(max_examples=40, deadline=None)
@given(messages())
def test_same_leaves_and_payloads(made: EmailMessage) -> None:
    content = made.as_bytes(policy=email.policy.SMTP)
    theirs = [part for part in email.message_from_bytes(content).walk() if not part.is_multipart()]
    ours = leaves(index_message(content).root)
    assert [f"{part.type}/{part.subtype}" for part in ours] == [part.get_content_type() for part in theirs]
    for our, their in zip(ours, theirs, strict=True):
        payload = their.get_payload(decode=True)
        assert isinstance(payload, bytes)
        assert decoded_body(content, our) == payload
        # the library composes RFC 2231 names; blanks at their ends are folded away by both
        assert our.filename.strip() == (their.get_filename() or "").strip()


@settings(max_examples=40, deadline=None)
@given(messages())
def test_same_headers(made: EmailMessage) -> None:
    content = made.as_bytes(policy=email.policy.SMTP)
    parsed = email.message_from_bytes(content, policy=email.policy.default)
    index = index_message(content)
    assert " ".join(index.subject.split()) == " ".join(decode_text(str(parsed["Subject"]).encode()).split())
    addresses = parse_addresses(str(made["To"]).encode())
    assert [(a.email, a.group) for a in addresses] == [
        ("bob@example.org", None),
        ("c@example.org", "Group"),
        ("d@example.org", "Group"),
    ]
