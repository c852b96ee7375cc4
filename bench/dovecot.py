"""Dovecot, run privately for a comparison: its own folder, configuration and port; nothing of the system's is touched.

It is given what makes it fast: mdbox, its own format for large sites (Maildir on request); passwords in plain text (no hashing
at all) and cached; sign-in processes that serve many connections (`service_count = 0`); plain files without locks over the
network. And what makes it comparable: `mail_fsync = always`, so that an APPEND is on disk before its OK.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from measuring import TICKS

USER, PASSWORD = "ada@example.org", "analytical-engine"
_CONFIG = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_cache_size = 10M
auth_cache_ttl = 1 hour
auth_failure_delay = 0
login_trusted_networks =
mail_location = {location}
mail_fsync = always
mail_max_userip_connections = 5000
mail_plugins =
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
default_process_limit = 3000
default_client_limit = 20000
first_valid_uid = 1
first_valid_gid = 1
maildir_very_dirty_syncs = yes
passdb {{
  driver = passwd-file
  args = scheme=plain {folder}/passwd
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  service_count = 0
  process_min_avail = 1
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service imap {{
  process_limit = 3000
}}
service stats {{
  client_limit = 20000
}}
"""
_LOCATIONS = {"mdbox": "mdbox:~/mdbox", "maildir": "maildir:~/Maildir", "sdbox": "sdbox:~/sdbox"}


def why_not() -> str | None:
    """Why Dovecot cannot be compared with here, None where it can."""
    if shutil.which("dovecot") is None and not Path("/usr/sbin/dovecot").exists():
        return "Dovecot is not installed (Debian: apt-get install dovecot-imapd)"
    if not Path("/usr/lib/dovecot/imap").exists():
        return "Dovecot is installed without IMAP (Debian: apt-get install dovecot-imapd)"
    return None


class Dovecot:
    """As root or as anybody: then all of its processes are that user's."""

    def __init__(self, folder: Path, kind: str = "mdbox", extra: str = "") -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = int(probe.getsockname()[1])
        root = os.geteuid() == 0
        me = pwd.getpwuid(os.geteuid())
        owner = pwd.getpwnam("mail") if root else me
        values = {
            "internal": "dovecot" if root else me.pw_name,
            "group": "dovecot" if root else grp.getgrgid(me.pw_gid).gr_name,
            "login": "dovenull" if root else me.pw_name,
            "uid": owner.pw_uid,
            "gid": owner.pw_gid,
        }
        (folder / "mail").mkdir(mode=0o700)
        if root:
            folder.chmod(0o755)
            os.chown(folder / "mail", owner.pw_uid, owner.pw_gid)
        (folder / "passwd").write_text(f"{USER}:{PASSWORD}::::::\n")
        config = folder / "dovecot.conf"
        config.write_text(_CONFIG.format(folder=folder, port=self.port, location=_LOCATIONS[kind], **values) + extra)
        binary = shutil.which("dovecot") or "/usr/sbin/dovecot"
        self.version = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout.split()[
            0
        ]
        self._process = subprocess.Popen([binary, "-F", "-c", str(config)], stdin=subprocess.DEVNULL)
        self.pid = self._process.pid
        self._await()

    def _await(self) -> None:
        for _ in range(200):
            if self._process.poll() is not None:
                raise SystemExit(f"Dovecot did not start:\n{(self.folder / 'log').read_text()}")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as sock:
                if sock.recv(100):
                    return
            time.sleep(0.05)
        raise SystemExit(f"Dovecot does not answer:\n{(self.folder / 'log').read_text()}")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)


@contextlib.contextmanager
def dovecot(kind: str = "mdbox", extra: str = "") -> Iterator[Dovecot]:
    """A Dovecot for the time of a `with`."""
    with tempfile.TemporaryDirectory(prefix="dovecot-bench-", ignore_cleanup_errors=True) as name:
        running = Dovecot(Path(name), kind, extra)
        try:
            yield running
        finally:
            running.stop()


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents.setdefault(int(path.read_text().rpartition(") ")[2].split()[1]), []).append(int(path.parent.name))
    found = [pid]
    for each in found:
        found.extend(parents.get(each, ()))
    return found


def family_cpu_seconds(pid: int) -> float:
    """User and system time of the family so far, those included that have ended and were waited for."""
    total = 0
    for each in family(pid):
        with contextlib.suppress(OSError):
            total += sum(map(int, Path(f"/proc/{each}/stat").read_text().rpartition(") ")[2].split()[11:15]))
    return total / TICKS


def family_memory_kib(pid: int) -> int:
    """Proportional memory (PSS) of the family: what is shared counts once."""
    total = 0
    for each in family(pid):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{each}/smaps_rollup").read_text().split("\n"):
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total
