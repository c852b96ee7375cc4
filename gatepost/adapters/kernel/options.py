"""How banned peers are kept away before they reach the acceptor."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec


class DropOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[drop]`."""

    kernel: Annotated[
        Literal["auto", "required", "off"],
        msgspec.Meta(
            description="Whether the kernel drops a banned peer's packets (Linux, CAP_BPF): where it can (auto), or "
            "not to start without (required)."
        ),
    ] = "auto"
    nftables: Annotated[
        bool, msgspec.Meta(description="Whether bans are exported to nftables (CAP_NET_ADMIN): every port is closed.")
    ] = False
    table: Annotated[str, msgspec.Meta(description="The nftables table, of the family inet; it is ours alone.")] = (
        "inet gatepost"
    )
