"""Searches against a plain scan that is written here from the standards: every charset, every encoding, the index behind or not.

The scan reads messages with the standard library's email package and compares by its own folding; it shares no code with
the store.
"""

from __future__ import annotations

import base64
import contextlib
import email
import email.header
import email.message
import quopri
import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatepost.adapters.clock import SystemClock
from gatepost.adapters.sqlite import SqliteMailstore
from gatepost.adapters.sqlite.accountmail import SqliteAccountMail
from gatepost.model import search as ask
from gatepost.model.account import AccountId
from gatepost.model.mail import Draft, MailboxId

WORDS: dict[str, str] = {
    "iso-8859-1": "Überraschung für Zoë",
    "iso-8859-2": "Zażółć gęślą jaźń",
    "iso-8859-5": "Привет, мир",
    "iso-8859-7": "Καλημέρα κόσμε",
    "iso-8859-8": "שלום עולם",
    "iso-8859-9": "İstanbul'da ığdır",
    "iso-8859-15": "Prix: 30 € l'œuvre",
    "windows-1250": "Příliš žluťoučký kůň",
    "windows-1251": "Съешь ещё этих булок",
    "windows-1252": "“Quoted” – naïve café",
    "windows-1253": "Ξεσκεπάζω την ψυχοφθόρα",
    "windows-1254": "Pijamalı hasta yağız şoföre",
    "windows-1255": "דג סקרן שט בים",
    "windows-1256": "نص عربي للتجربة",
    "windows-1257": "Įlinkdama fechtuotojo špaga",
    "windows-1258": "Tiếng Việt".encode("cp1258", "ignore").decode("cp1258"),
    "koi8-r": "Широкая электрификация",
    "koi8-u": "Їжак їсть ґречку",
    "iso-2022-jp": "日本語のメール本文",
    "euc-jp": "色は匂へど散りぬるを",
    "shift_jis": "表示ソフトのテスト",
    "gb2312": "简体中文邮件",
    "gb18030": "漢字𠀀繁體㐀",
    "gbk": "國際郵件測試",
    "big5": "繁體中文郵件",
    "euc-kr": "한국어 메일 본문",
    "utf-8": "Ångström ﬁnds 字 😀",
    "utf-7": "Grüße – Ω",
    "utf-16": "Sechzehn Bit – 字",
    "utf-16le": "Ohne Marke – 字",
    "tis-620": "ภาษาไทย",
}
ENCODINGS = ("8bit", "base64", "quoted-printable")
NEEDS_ENCODING = ("utf-16", "utf-16le")


def body_of(octets: bytes, encoding: str) -> bytes:
    if encoding == "base64":
        return base64.encodebytes(octets).replace(b"\n", b"\r\n")
    if encoding == "quoted-printable":
        return quopri.encodestring(octets).replace(b"\n", b"\r\n")
    return octets + b"\r\n"


def encoded_words(text: str, charset: str, size: int = 3) -> bytes:
    """RFC 2047 words of a few characters each, so that what is searched lies across them."""
    words = []
    for at in range(0, len(text), size):
        octets = text[at : at + size].encode(charset)
        words.append(b"=?%b?B?%b?=" % (charset.encode(), base64.b64encode(octets)))
    return b"\r\n ".join(words)


def message(text: str, charset: str, encoding: str, html: bool = False, header: bool = True) -> bytes:
    body = f"<html><head><title>unseen</title></head><body><p>{text}</p></body></html>" if html else text
    kind = b"html" if html else b"plain"
    lines = [b"From: sender@example.org"]
    if header:
        lines.append(b"Subject: " + encoded_words(text, "utf-8" if charset in NEEDS_ENCODING else charset))
    lines += [
        b"MIME-Version: 1.0",
        b"Content-Type: text/%b; charset=%b" % (kind, charset.encode()),
        b"Content-Transfer-Encoding: " + encoding.encode(),
        b"",
        body_of(body.encode(charset), encoding),
    ]
    return b"\r\n".join(lines)


# -- the plain scan -------------------------------------------------------------------------------------------------------
def plain_form(text: str) -> str:
    """RFC 5051 with full case folding: decompositions of each character but Hangul's, folded, until nothing changes."""
    text = unicodedata.normalize("NFC", text)
    while True:
        out = "".join(
            char if "HANGUL SYLLABLE" in unicodedata.name(char, "") else unicodedata.normalize("NFKD", char).casefold()
            for char in text
        ).lower()
        if out == text:
            return out
        text = out


class Scanned:
    """One message as the standard library reads it."""

    def __init__(self, content: bytes) -> None:
        parsed = email.message_from_bytes(content)
        self.subject = plain_form(_decoded(str(parsed.get("Subject", ""))))
        self.body = plain_form(
            "\n".join(_text(part) for part in parsed.walk() if part.get_content_maintype() == "text")
        )


def _decoded(raw: str) -> str:
    by_charset: list[tuple[bytes, str | None]] = []
    for octets, charset in email.header.decode_header(raw):
        data = octets if isinstance(octets, bytes) else octets.encode("ascii", "surrogateescape")
        by_charset.append((data, charset))
    return "".join(data.decode(charset or "utf-8", "replace") for data, charset in by_charset)


def _text(part: email.message.Message) -> str:
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    text = payload.decode(part.get_content_charset() or "utf-8", "replace")
    if part.get_content_subtype() == "html":
        text = text.partition("<p>")[2].partition("</p>")[0]
    return text


@contextlib.asynccontextmanager
async def account(folder: Path) -> AsyncIterator[tuple[SqliteAccountMail, MailboxId]]:
    store = SqliteMailstore(folder, SystemClock())
    try:
        mail = store.open(AccountId("ada"))
        yield mail, (await mail.mailbox("INBOX")).id
    finally:
        await store.close()


def pieces(text: str) -> list[str]:
    """Substrings of one, two, three and more characters, also in the other case and decomposed."""
    words = [text, text[1:-1], text[:1], text[1:3], text[-2:], text[2:5], text[-4:]]
    return [*words, text.upper(), text.lower(), unicodedata.normalize("NFD", text)]


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_every_charset(tmp_path: Path, encoding: str) -> None:
    """Each message is found by pieces of its text, whether it is in the index yet or not."""
    async with account(tmp_path) as (mail, inbox):
        usable = [charset for charset in WORDS if encoding != "8bit" or charset not in NEEDS_ENCODING]
        contents = [message(WORDS[charset], charset, encoding, html) for charset in usable for html in (False, True)]
        await mail.append_all([Draft(content, (inbox,)) for content in contents])
        scans = [Scanned(content) for content in contents]
        for indexed in (False, True):
            if indexed:
                await mail.index_text()
            for number, charset in enumerate(usable):
                for piece in dict.fromkeys(pieces(WORDS[charset])):
                    wanted = plain_form(piece)
                    bodies = [uid for uid, scan in enumerate(scans, 1) if wanted in scan.body]
                    subjects = [uid for uid, scan in enumerate(scans, 1) if wanted in scan.subject]
                    if wanted in plain_form(WORDS[charset]):  # Turkish case is another language's rule
                        assert {2 * number + 1, 2 * number + 2} <= set(bodies) & set(subjects), (charset, piece)
                    assert await mail.search(inbox, ask.Body(piece)) == bodies, (charset, piece, indexed)
                    assert await mail.search(inbox, ask.Header("subject", piece)) == subjects, (charset, piece, indexed)


UNLUCKY = st.text(
    alphabet=st.sampled_from(list("aAbBeEiIıİsSßẞſéÉ\u0301\u0308\u0323ﬁＡ１ｶﾞガΣςσ한하\u1112Ꭰꭰ½\u00a0\u00ad😀字 xyz")),
    max_size=14,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(UNLUCKY, st.booleans()), min_size=1, max_size=6), UNLUCKY, st.data())
async def test_unlucky_texts(
    tmp_path_factory: pytest.TempPathFactory, texts: list[tuple[str, bool]], stranger: str, data: st.DataObject
) -> None:
    """Any piece of any of them, and a text of its own, while some messages wait for the index and others do not."""
    async with account(tmp_path_factory.mktemp("unlucky")) as (mail, inbox):
        contents = [message(f"<{text}>", "utf-8", "base64", header=False) for text, _ in texts]
        for content, (_, index) in zip(contents, texts, strict=True):
            await mail.append(Draft(content, (inbox,)))
            if index:
                await mail.index_text()
        scans = [Scanned(content) for content in contents]
        whole = data.draw(st.sampled_from([text for text, _ in texts]))
        start = data.draw(st.integers(0, len(whole)))
        piece = whole[start : start + data.draw(st.integers(0, 6))]
        for asked in (piece, piece.upper(), unicodedata.normalize("NFD", piece), stranger):
            wanted = plain_form(asked)
            expected = [uid for uid, scan in enumerate(scans, 1) if wanted in scan.body]
            assert await mail.search(inbox, ask.Body(asked)) == expected, asked
            assert await mail.search(inbox, ask.Not(ask.Body(asked))) == [
                uid for uid in range(1, len(scans) + 1) if uid not in expected
            ]


async def test_names_of_files_and_of_enclosed_messages(tmp_path: Path) -> None:
    async with account(tmp_path) as (mail, inbox):
        content = (
            b"Subject: outer\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n"
            b"--b\r\nContent-Type: application/pdf\r\n"
            b"Content-Disposition: attachment; filename*0*=UTF-8''Rechn%C3%BC; filename*1=ng-2026.pdf\r\n\r\nx\r\n"
            b"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: =?iso-8859-1?q?Gr=FC?= =?iso-8859-1?q?=DFe?=\r\n"
            b"From: Grace <grace@example.org>\r\nX-Hidden: secret\r\n\r\ninner\r\n--b--\r\n"
        )
        await mail.append(Draft(content, (inbox,)))
        for indexed in (False, True):
            if indexed:
                await mail.index_text()
            for found in ("rechnüng-2026", "GRÜSSE", "grace@", "inner", "text"):
                assert await mail.search(inbox, ask.Body(found)) == [1], found
                assert await mail.search(inbox, ask.Text(found)) == [1], found
            assert await mail.search(inbox, ask.Body("secret")) == []
            assert await mail.search(inbox, ask.Body("outer")) == []
