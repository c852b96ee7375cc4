"""What both ends of the administration socket know: its name, and what a refusal is. Light to import."""

from __future__ import annotations

ADMIN_SOCKET = "admin.sock"
"""In the data folder."""


class Refused(Exception):
    """It can't be done; the text is one clear sentence."""
