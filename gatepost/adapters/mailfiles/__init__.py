"""Mail in files of other programs: mbox, Maildir and single messages, read and written.

A line of `FORMATS` for each. What was written here is read back octet for octet; of files that others wrote, whose lines end
with LF alone, the lines get the CRLF that mail has (RFC 5322 §2.1).
"""

from __future__ import annotations

from pathlib import Path

from gatepost.adapters.mailfiles import eml, maildir, mbox
from gatepost.adapters.mailfiles.kept import BadMailFile, Folder, Format, Kept, Target

FORMATS: dict[str, Format] = {
    "mbox": Format(mbox.folders, mbox.messages, mbox.MboxTarget),
    "maildir": Format(maildir.folders, maildir.messages, maildir.MaildirTarget),
    "eml": Format(eml.folders, eml.messages, eml.EmlTarget),
}

__all__ = ["FORMATS", "BadMailFile", "Folder", "Format", "Kept", "Target", "guess"]


def guess(path: Path) -> str:
    """The format of what is at `path`. Raises BadMailFile."""
    if path.is_file():
        return "mbox" if mbox.is_mbox(path) else "eml"
    for name in ("maildir", "eml", "mbox"):
        if path.is_dir() and FORMATS[name].folders(path):
            return name
    raise BadMailFile(f"{path} holds no mail that is known here: say which --format it is")
