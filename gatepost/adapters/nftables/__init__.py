"""Bans exported to nftables, an option for hosts that close the whole machine to whoever is banned, not only the mail ports."""

from gatepost.adapters.nftables.export import NftExport, NftSink

__all__ = ["NftExport", "NftSink"]
