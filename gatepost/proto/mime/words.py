"""Unstructured text and encoded words (RFC 2047). Not here: parameters (params.py), addresses (addresses.py).

Law: what is no well-formed encoded word in a charset that we know stays as it was sent (RFC 8621 §4.1.2.2).
"""

from __future__ import annotations

import binascii
import re
import unicodedata

from gatepost.proto.mime.charsets import codec_name, guess_text, to_text
from gatepost.proto.mime.header import unfold

# RFC 2047 §2, and RFC 2231 §5's language after `*`. Blanks within Q text are a common fault, and harmless.
_WORD = re.compile(rb"=\?([!-)+->@-~]{1,64})(?:\*[!->@-~]{0,64})?\?([BbQq])\?([^?\r\n]*)\?=")
_BEFORE = frozenset(b" \t(\"<,;:'[")
_AFTER = frozenset(b" \t)\">,;:'].")
_CONTROLS = dict.fromkeys([*range(32), 127])


def decode_text(raw: bytes) -> str:
    """An unstructured header value: unfolded, RFC 2047 words and raw 8-bit (UTF-8, else Latin-1) decoded, stripped."""
    line = unfold(raw)
    text = decode_words(line) if b"=?" in line else guess_text(line)
    return text.strip() if text.isascii() else unicodedata.normalize("NFC", text).strip()


def decode_words(line: bytes) -> str:
    """Text with its encoded words decoded; blanks between two of them vanish (RFC 2047 §6.2)."""
    out: list[str] = []
    run: list[bytes] = []
    charset, at = "", 0

    def flush() -> None:
        # a character may be cut between two words of one charset, against RFC 2047 §5
        if run:
            out.append(to_text(b"".join(run), charset).translate(_CONTROLS))
            run.clear()

    end_of_word = -1
    for match in _WORD.finditer(line):
        octets = _octets(match[2], match[3])
        named = match[1].decode("ascii").lower()
        if octets is None or codec_name(named) is None or not _stands_alone(line, match.start(), match.end()):
            continue
        between = line[at : match.start()]
        if end_of_word != at or between.strip(b" \t"):
            flush()
            out.append(guess_text(between))
        elif named != charset:
            flush()
        run.append(octets)
        charset, at = named, match.end()
        end_of_word = at
    flush()
    out.append(guess_text(line[at:]))
    return "".join(out)


def _stands_alone(line: bytes, start: int, end: int) -> bool:
    """RFC 2047 §5: separated from ordinary text by blanks or by the syntax around it; senders do join two words."""
    before = start == 0 or line[start - 1] in _BEFORE or line[start - 2 : start] == b"?="
    after = end == len(line) or line[end] in _AFTER or line[end : end + 2] == b"=?"
    return before and after


def _octets(encoding: bytes, text: bytes) -> bytes | None:
    if encoding in b"Bb":
        return unbase64(text)
    return binascii.a2b_qp(text, header=True)


_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))


def unbase64(data: bytes) -> bytes:
    """Base64 as it comes: foreign characters are passed over (RFC 2045 §6.8), padding may be wrong, the end cut off."""
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        kept = data.translate(None, _NOT_BASE64)
        if len(kept) % 4 == 1:
            kept = kept[:-1]
        return binascii.a2b_base64(kept + b"=" * (-len(kept) % 4))
