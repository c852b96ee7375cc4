"""The server itself."""

from __future__ import annotations

from typing import Any

from gatepost import __version__
from gatepost.services.admin.operations import Administration, NoArguments, operation


@operation("server.status")
async def server_status(admin: Administration, args: NoArguments) -> dict[str, Any]:
    """Version, what listens where, how many are connected."""
    return {"version": __version__, "listening": admin.listening, "connections": len(admin.live)}
