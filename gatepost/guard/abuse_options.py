"""What abuse weighs: for each kind, the points of one and how many a day cost nothing. What each kind is, and what keeps it
from hitting the innocent, stands with the kind (rules/abuse/)."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


class AbuseOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[guard.abuse]`. Points are those of `address_limit`, where a wrong password weighs 1; 0 turns a kind off. Free ones come
    back evenly over a day."""

    early_talker: Annotated[float, Meta(ge=0, description="Points for talking before the greeting.")] = 1.0
    early_talker_free: Annotated[int, Meta(ge=0, description="How many of them a day cost a source nothing.")] = 3
    bad_command: Annotated[
        float, Meta(ge=0, description="Points for a line that is no command; two in each conversation are not counted.")
    ] = 0.5
    bad_command_free: Annotated[int, Meta(ge=0, description="How many of them a day cost a source nothing.")] = 10
    out_of_turn: Annotated[
        float,
        Meta(ge=0, description="Points for a command that makes no sense before signing in, where nobody tried to."),
    ] = 0.5
    out_of_turn_free: Annotated[int, Meta(ge=0, description="How many of them a day cost a source nothing.")] = 10
    no_such_recipient: Annotated[float, Meta(ge=0, description="Points for a recipient that does not exist.")] = 0.1
    no_such_recipient_free: Annotated[
        int, Meta(ge=0, description="How many of them a day cost a source nothing, before what it has earned.")
    ] = 20
    relay_attempt: Annotated[
        float, Meta(ge=0, description="Points for a recipient in a domain that is not held here, from a stranger.")
    ] = 0.5
    relay_attempt_free: Annotated[
        int, Meta(ge=0, description="How many of them a day cost a source nothing, before what it has earned.")
    ] = 5
    sender_room: Annotated[
        int,
        Meta(ge=0, description="Refused recipients a day more that each message earns which was delivered from there."),
    ] = 2
    sender_room_most: Annotated[int, Meta(ge=0, description="The most that a source earns in this way.")] = 500
    loitering: Annotated[
        float, Meta(ge=0, description="Points for holding a connection at a sign-in door without trying to sign in.")
    ] = 0.5
    loitering_free: Annotated[int, Meta(ge=0, description="How many of them a day cost a source nothing.")] = 20
    scanner_path: Annotated[
        float, Meta(ge=0, description="Points for asking for what only scanners look for over HTTP.")
    ] = 1.0
    scanner_path_free: Annotated[int, Meta(ge=0, description="How many of them a day cost a source nothing.")] = 3
    tls_garbage: Annotated[
        float, Meta(ge=0, description="Points for a TLS handshake that begins with something that is no TLS.")
    ] = 0.5
    tls_garbage_free: Annotated[int, Meta(ge=0, description="How many of them a day cost a source nothing.")] = 10
    tls_injection: Annotated[
        float, Meta(ge=0, description="Points for commands slipped in before the TLS handshake that was asked for.")
    ] = 1.0
    tls_injection_free: Annotated[int, Meta(ge=0, description="How many of them a day cost a source nothing.")] = 1
    too_many_connections: Annotated[
        float, Meta(ge=0, description="Points for each second in which connections beyond the limit were refused.")
    ] = 0.5
    too_many_connections_free: Annotated[
        int, Meta(ge=0, description="How many such seconds a day cost a source nothing.")
    ] = 30
