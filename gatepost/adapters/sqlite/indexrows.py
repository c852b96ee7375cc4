"""The stored index of a message's octets (`model.message.MessageIndex`), a row each."""

from __future__ import annotations

import apsw
import msgspec

from gatepost.adapters.sqlite.rows import fetch_first
from gatepost.model.mail import EmailId
from gatepost.model.message import MessageIndex

decode_index = msgspec.msgpack.Decoder(MessageIndex).decode
encode_index = msgspec.msgpack.Encoder().encode


def index_of(db: apsw.Connection, email: EmailId) -> MessageIndex:
    """The index of an email that exists."""
    row = fetch_first(db, "SELECT data FROM message_index WHERE email = ?", (email,))
    assert row is not None
    return decode_index(row[0])
