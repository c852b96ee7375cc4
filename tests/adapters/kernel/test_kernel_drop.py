"""The filter on real sockets: who is dropped, who is not, and what undoes it (laws 3, 8, 9)."""

from __future__ import annotations



