"""Mail files: what is written is read back octet for octet; what others wrote is understood."""

from __future__ import annotations

import contextlib
import mailbox
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.adapters.mailfiles import FORMATS, BadMailFile, Folder, Kept, guess, mbox
from gatepost.adapters.mailfiles.kept import file_name, level_name, with_crlf
from gatepost.model.flags import make_flags

MESSAGES = [
    Kept(b"Subject: a\r\n\r\nFrom here\r\n>From there\r\n>>From\r\n", make_flags(["\\Seen", "$Work"]), 1_700_000_000.0),
    Kept(b"Subject: no line end", make_flags(["\\Flagged", "\\Draft", "\\Deleted", "\\Answered"]), 1.0),
    Kept(b"From MAILER Thu Jan  1 00:00:00 1970\nStatus: RO\n\nonly LF\n\n\n", make_flags([]), 1_600_000_000.0),
    Kept(b"", make_flags(["$Forwarded", "b", "a"]), 1_600_000_001.0),
    Kept(b"\n", make_flags([]), 1_600_000_002.0),
    Kept(b"\r\n\r\nmixed\nends\r", make_flags([]), 1_600_000_003.0),
    Kept(bytes(range(256)) * 300, make_flags([]), 1_600_000_004.0),
]
MAILBOXES = [
    "INBOX",
    "INBOX/child",
    "Archive/2024",
    "Archive",
    "Grüße & Küsse",
    "a.b/.hidden",
    "x.eml",
    "y.mbox/z%2E",
    "cur/new",
]


def write(form: str, root: Path, name: str, kept: list[Kept], uidvalidity: int = 7) -> list[int]:
    """Which ones were new."""
    target = FORMATS[form].target(root, name, uidvalidity)
    new = [uid for uid in range(1, len(kept) + 1) if not target.has(uid)]
    for uid in new:
        target.add(uid, kept[uid - 1])
    target.close()
    return new


def read(form: str, root: Path) -> dict[str, list[Kept]]:
    return {folder.mailbox: list(FORMATS[form].messages(folder)) for folder in FORMATS[form].folders(root)}


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_octets_flags_dates_and_tree_survive(form: str, tmp_path: Path) -> None:
    for number, name in enumerate(MAILBOXES):
        write(form, tmp_path, name, MESSAGES[: number + 1] if number else MESSAGES)
    assert guess(tmp_path) == form
    found = read(form, tmp_path)
    assert sorted(found) == sorted(MAILBOXES)
    by_date = sorted(MESSAGES, key=lambda kept: kept.received)
    for number, name in enumerate(MAILBOXES):
        expected = MESSAGES[: number + 1] if number else MESSAGES
        if form == "maildir":
            expected = [kept for kept in by_date if kept in expected]
        assert found[name] == expected


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_goes_on_where_it_ended(form: str, tmp_path: Path) -> None:
    assert write(form, tmp_path, "INBOX", MESSAGES[:2]) == [1, 2]
    assert write(form, tmp_path, "INBOX", MESSAGES) == [3, 4, 5, 6, 7]
    assert write(form, tmp_path, "INBOX", MESSAGES) == []
    assert len(read(form, tmp_path)["INBOX"]) == 7


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_what_a_killed_run_wrote_by_half_is_written_again(form: str, tmp_path: Path) -> None:
    write(form, tmp_path, "Box", MESSAGES[:2])
    whole = FORMATS[form].target(tmp_path, "Box", 7)
    whole.add(3, MESSAGES[2])
    for file in getattr(whole, "_file", None), getattr(whole, "_list", None):
        if file is not None:
            file.close()  # killed: nothing noted
    for file in tmp_path.rglob("*"):
        if file.is_file() and (file.name == "3.eml" or "U3.gatepost" in file.name):
            file.write_bytes(b"cut")
    assert write(form, tmp_path, "Box", MESSAGES) == [3, 4, 5, 6, 7]
    messages = [kept for kept in read(form, tmp_path)["Box"] if kept.content != b"cut"]
    assert sorted(kept.content for kept in messages) == sorted(kept.content for kept in MESSAGES)


def test_mbox_of_another_mailbox_is_not_touched(tmp_path: Path) -> None:
    write("mbox", tmp_path, "INBOX", MESSAGES)
    before = (tmp_path / "INBOX.mbox").read_bytes()
    with pytest.raises(BadMailFile):
        write("mbox", tmp_path, "INBOX", MESSAGES, uidvalidity=8)
    (tmp_path / "Mine.mbox").write_bytes(b"From me\n")
    with pytest.raises(BadMailFile):
        write("mbox", tmp_path, "Mine", MESSAGES)
    assert (tmp_path / "INBOX.mbox").read_bytes() == before


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from([b"From ", b">", b"\n", b"\r\n", b"x", b"\r", b"Status: R"])).map(b"".join)))
def test_any_octets_survive_an_mbox(tmp_path_factory: pytest.TempPathFactory, contents: list[bytes]) -> None:
    root = tmp_path_factory.mktemp("mbox")
    write("mbox", root, "INBOX", [Kept(content, received=5.0) for content in contents])
    assert [kept.content for kept in mbox.messages(Folder("", root / "INBOX.mbox"))] == contents


def test_python_reads_our_mbox(tmp_path: Path) -> None:
    write("mbox", tmp_path, "INBOX", MESSAGES[:2])
    with contextlib.closing(mailbox.mbox(str(tmp_path / "INBOX.mbox"))) as box:
        found = list(box)
    assert [message["Subject"] for message in found] == ["a", "no line end"]
    assert found[0].get_flags() == "RO"
    assert set(found[1].get_flags()) == set("ODFAT")


def test_mbox_of_others(tmp_path: Path) -> None:
    path = tmp_path / "Old"
    path.write_bytes(
        b"From ada@example.org Thu Jan 11 12:00:00 2024\nSubject: one\nStatus: RO\nX-Status: F\nX-Keywords: $Work\n\n"
        b"From what I heard\n\nFrom here on\n>From quoted\n\nFrom - Fri Jan 12 12:00:00 2024 +0100\nSubject: two\n\nx\n"
    )
    (folder,) = mbox.folders(tmp_path)
    one, two = mbox.messages(folder)
    assert folder.mailbox == "Old"
    assert one.content.endswith(b"\r\n\r\nFrom what I heard\r\n\r\nFrom here on\r\nFrom quoted\r\n")
    assert one.flags == make_flags(["\\Seen", "\\Flagged", "$Work"])
    assert one.received == 1_704_974_400.0
    assert two == Kept(b"Subject: two\r\n\r\nx\r\n", received=1_705_060_800.0)


def test_mbox_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "x.mbox"
    path.write_bytes(b"Subject: x\n\n")
    with pytest.raises(BadMailFile):
        list(mbox.messages(Folder("", path)))
    with pytest.raises(BadMailFile):
        guess(tmp_path / "nothing")


def test_maildir_of_others(tmp_path: Path) -> None:
    made = mailbox.Maildir(str(tmp_path / "m"), create=True)
    message = mailbox.MaildirMessage(b"Subject: x\n\nline\n")
    message.set_subdir("cur")
    message.set_flags("FSa")
    made.add(message)
    made.add_folder("Old.2020").add(b"Subject: y\n\n")
    (tmp_path / "m" / "dovecot-keywords").write_text("0 $Work\n")
    found = read("maildir", tmp_path / "m")
    assert found["INBOX"][0].content == b"Subject: x\r\n\r\nline\r\n"
    assert found["INBOX"][0].flags == make_flags(["\\Flagged", "\\Seen", "$Work"])
    assert [kept.content for kept in found["Old/2020"]] == [b"Subject: y\r\n\r\n"]


def test_maildir_has_room_for_26_keywords(tmp_path: Path) -> None:
    target = FORMATS["maildir"].target(tmp_path, "INBOX", 1)
    target.add(1, Kept(b"x", make_flags(f"k{n}" for n in range(30)), 1.0))
    target.close()
    assert len(target.warnings) == 4
    assert len(read("maildir", tmp_path)["INBOX"][0].flags.split(" ")) == 26


def test_eml_of_others(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "hello.EML").write_bytes(b"Subject: x\n\n")
    assert [kept.content for kept in read("eml", tmp_path)["a"]] == [b"Subject: x\r\n\r\n"]
    assert guess(tmp_path / "a" / "hello.EML") == "eml"


@given(
    st.text(alphabet=st.sampled_from(".%2E5aéml"), min_size=1, max_size=12).filter(lambda text: text not in (".", ".."))
)
def test_names_come_back(level: str) -> None:
    assert level_name(file_name(level)) == level
    assert not file_name(level).startswith(".")


def test_line_ends() -> None:
    assert with_crlf(b"a\nb\r\nc\n") == b"a\r\nb\r\nc\r\n"
    assert with_crlf(b"a\r\nb\n") == b"a\r\nb\n"
    assert with_crlf(b"\n") == b"\r\n"
    assert with_crlf(b"a") == b"a"


KILLED = """
import os, sys
from pathlib import Path
from gatepost.adapters.mailfiles import FORMATS, Kept
target = FORMATS[sys.argv[1]].target(Path(sys.argv[2]), "INBOX", 7)
if sys.argv[3] == "later":
    target.add(1, Kept(b"Subject: a\\r\\n\\r\\n" + b"x" * 100_000))
os._exit(9)
"""


@pytest.mark.parametrize("when", ["at once", "later"])
@pytest.mark.parametrize("form", sorted(FORMATS))
def test_an_export_that_was_killed_goes_on(form: str, when: str, tmp_path: Path) -> None:
    """Before anything was noted, and with something written that was not."""
    killed = subprocess.run([sys.executable, "-c", KILLED, form, str(tmp_path), when], check=False, timeout=60)
    assert killed.returncode == 9
    kept = [Kept(b"Subject: a\r\n\r\n" + b"x" * 100_000), MESSAGES[0]]
    write(form, tmp_path, "INBOX", kept)
    assert sorted(found.content for found in read(form, tmp_path)["INBOX"]) == sorted(one.content for one in kept)
