"""JMAP over HTTP (RFC 8620, RFC 8621)."""

from gatepost.services.jmap.options import JmapOptions
from gatepost.services.jmap.service import JmapService

__all__ = ["JmapOptions", "JmapService"]
