"""What this server says it can do: one line a capability, shown where its condition holds (RFC 9051 §6.1.1).

Law: a line stands here only once the whole extension works.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gatepost.services.imap.context import Context


def _always(context: Context) -> bool:
    return True


def _known(context: Context) -> bool:
    return context.account is not None


def _stranger(context: Context) -> bool:
    return context.account is None


_TABLE: tuple[tuple[str, Callable[[Context], bool]], ...] = (
    ("IMAP4rev2", _always),  # RFC 9051
    ("IMAP4rev1", _always),  # RFC 3501
    ("LITERAL+", _always),  # RFC 7888
    ("SASL-IR", _stranger),  # RFC 4959
    ("STARTTLS", lambda context: _stranger(context) and context.wire.offers_tls),
    ("LOGINDISABLED", lambda context: _stranger(context) and not _passwords(context)),
    ("ID", _always),  # RFC 2971
    ("ENABLE", _always),  # RFC 5161
    ("IDLE", _always),  # RFC 2177
    ("NAMESPACE", _known),  # RFC 2342
    ("UIDPLUS", _known),  # RFC 4315
    ("UNSELECT", _known),  # RFC 3691
    ("MOVE", _known),  # RFC 6851
    ("MULTIAPPEND", _known),  # RFC 3502
    ("CATENATE", _known),  # RFC 4469
    ("REPLACE", _known),  # RFC 8508
    ("BINARY", _known),  # RFC 3516
    ("CHILDREN", _known),  # RFC 3348
    ("LIST-EXTENDED", _known),  # RFC 5258
    ("LIST-STATUS", _known),  # RFC 5819
    ("SPECIAL-USE", _known),  # RFC 6154
    ("CREATE-SPECIAL-USE", _known),  # RFC 6154
    ("STATUS=SIZE", _known),  # RFC 8438
    ("ESEARCH", _known),  # RFC 4731
    ("PARTIAL", _known),  # RFC 9394
    ("SEARCHRES", _known),  # RFC 5182
    ("WITHIN", _known),  # RFC 5032
    ("SORT", _known),  # RFC 5256
    ("SORT=DISPLAY", _known),  # RFC 5957
    ("ESORT", _known),  # RFC 5267
    ("CONTEXT=SEARCH", _known),  # RFC 5267
    ("CONTEXT=SORT", _known),  # RFC 5267
    ("THREAD=ORDEREDSUBJECT", _known),  # RFC 5256
    ("THREAD=REFERENCES", _known),  # RFC 5256
    ("CONDSTORE", _known),  # RFC 7162
    ("QRESYNC", _known),  # RFC 7162
    ("OBJECTID", _known),  # RFC 8474
    ("SAVEDATE", _known),  # RFC 8514
    ("PREVIEW", _known),  # RFC 8970
    ("UTF8=ACCEPT", _known),  # RFC 6855
    ("COMPRESS=DEFLATE", lambda context: _known(context) and not context.compressed),  # RFC 4978
    ("UNAUTHENTICATE", lambda context: _known(context) and context.house.options.unauthenticate),  # RFC 8437
    ("NOTIFY", _known),  # RFC 5465
    ("METADATA", _known),  # RFC 5464
    ("FILTERS", _known),  # RFC 5466
    ("ACL", _known),  # RFC 4314
    ("RIGHTS=texk", _known),  # RFC 4314 §5.1.1
    ("LIST-MYRIGHTS", _known),  # RFC 8440
    ("QUOTA", _known),  # RFC 9208
    ("QUOTA=RES-STORAGE", _known),  # RFC 9208
)


def _passwords(context: Context) -> bool:
    return context.house.auth.allows_passwords(context.wire.connection)


def capabilities(context: Context) -> Iterator[str]:
    """The names, in the table's order, then those that have values."""
    for name, holds in _TABLE:
        if holds(context):
            yield name
    if _stranger(context):
        for mechanism in context.house.auth.mechanisms(context.wire.connection):
            yield f"AUTH={mechanism}"
    else:
        yield f"APPENDLIMIT={context.house.max_message}"  # RFC 7889
        if context.house.options.message_limit:  # RFC 9738
            yield f"MESSAGELIMIT={context.house.options.message_limit}"
        elif context.house.options.save_limit:
            yield f"SAVELIMIT={context.house.options.save_limit}"


def capability_code(context: Context) -> str:
    """As a response code, for the greeting and after login."""
    return " ".join(("CAPABILITY", *capabilities(context)))
