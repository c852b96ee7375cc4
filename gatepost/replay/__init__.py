"""A recorded journal against another policy: which verdicts would change, whom it would have banned or spared.

Pure: the journal's lines and a policy in, values out. Law 13: the guard is deterministic, so that the same questions at the
same times get the same answers. Not here: reading files, printing (cli/replay.py).
"""
