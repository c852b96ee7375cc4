"""The table of operations, complete: a new file of operations is named here."""

from __future__ import annotations

from gatepost.services.admin import care, directory, drill, guard, mail, server, sharing
from gatepost.services.admin.operations import OPERATIONS, Administration

FILES = (care, directory, drill, guard, mail, server, sharing)

__all__ = ["FILES", "OPERATIONS", "Administration"]
