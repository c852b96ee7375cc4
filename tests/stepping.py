"""A process that is killed one step later each time: what a scenario answered is held against what is there afterwards.

A step is a statement of the writer, a commit's beginning and end, or a call that touches a file. One child process runs the
scenario again and again, each time in a fork that dies one step later. A scenario is Python's `async def scenario(folder,
steps)`; it sets the global `left` to `steps` where it begins to count, and to None where it ends.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

_HARNESS = """\
import asyncio, os, sys
from pathlib import Path
from gatepost.adapters.clock import SystemClock
from gatepost.adapters.sqlite import SqliteMailstore, writer
from gatepost.model.account import AccountId
from gatepost.model.flags import make_flags
from gatepost.model.mail import Draft, MailboxUpdate
from gatepost.model.uidset import ALL_UIDS, UidSet

left = None

def step(*_):
    global left
    if left is not None:
        left -= 1
        if left < 0:
            os._exit(9)
    return False

def stepping(function):
    def call(*arguments, **named):
        step()
        result = function(*arguments, **named)
        step()
        return result
    return call

for name in ("fsync", "fdatasync", "rename", "unlink", "mkdir"):
    setattr(os, name, stepping(getattr(os, name)))

connect = writer.connect

def watched(path, query_only=False):
    connection = connect(path, query_only)
    if not query_only:
        connection.set_commit_hook(step)
        connection.set_wal_hook(lambda *_: step() or 0)
        connection.exec_trace = lambda *_: step() or True
    return connection

writer.connect = watched
"""

_RUN = """\
root = Path(sys.argv[1])
for steps in range(1000):
    (root / str(steps)).mkdir()
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(scenario(root / str(steps), steps))
        finally:
            os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(steps, code, flush=True)
    if code == 0:
        break
"""


async def kill_after_every_step(scenario: str, folder: Path) -> int:
    """Runs it in folders `0`, `1`, ... of `folder`; how many there are. In the last one it came to its end."""
    command = [sys.executable, "-c", _HARNESS + scenario + _RUN, str(folder)]
    done = await asyncio.to_thread(
        lambda: subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    )
    codes = [int(line.split(" ")[1]) for line in done.stdout.split("\n")[:-1]]
    assert codes, done.stderr
    assert codes[-1] == 0, done.stderr
    assert set(codes[:-1]) == {9}
    return len(codes)
