"""Frozen values that every layer may name. No I/O, no clock, no wire formats."""
