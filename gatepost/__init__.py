"""Gatepost: a mail server in which every door is watched by one guard."""

__version__ = "0.1.0"
