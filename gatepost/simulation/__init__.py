"""The guard against simulated attacks amid simulated mail traffic: what gets through, who is turned away wrongly.

Seeded and without clock or I/O: the same seed gives the same table. Not here: printing (cli/simulate.py).
"""
