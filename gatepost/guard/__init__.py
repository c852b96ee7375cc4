"""The guard's deciding core: pure, deterministic, no clock, no I/O. `gatepost.gate` gives it time and a journal."""
