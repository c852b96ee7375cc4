"""The form in which text is compared when people search it: i;unicode-casemap (RFC 5051) and full case folding together.

Every character is taken apart (canonical and compatibility decompositions, so that a fullwidth letter, a ligature or a
no-break space is found by its plain form, and `cafe` finds `café`) and folded (`ß` is `ss`). Hangul syllables stay whole:
their letters are no characters that people search for. Not here: the order of sorting (`collation`), and languages' own
rules (Turkish `ı` is no `i`).

Law: what comes out is a fixed point, and depends on nothing but the text.
"""

from __future__ import annotations

import re
import unicodedata

_NOT_ASCII = re.compile("[^\x00-\x7f]+")
_HANGUL = range(0xAC00, 0xD7A4)


class _Forms(dict[int, str]):
    """Each character's form, worked out when it is first met; there are at most as many as characters."""

    def __missing__(self, number: int) -> str:
        form = self[number] = chr(number) if number in _HANGUL else _settled(chr(number))
        return form


def _settled(text: str) -> str:
    while True:
        further = unicodedata.normalize("NFKD", text).casefold()
        if further == text:
            return text
        text = further


_forms = _Forms()


def search_form(text: str) -> str:
    """The form of `text`. Two texts that differ in case, composition or compatibility characters have the same."""
    if text.isascii():
        return text.lower()
    composed = unicodedata.normalize("NFC", text)  # so that marks in any order come out in one
    return _NOT_ASCII.sub(lambda run: run[0].translate(_forms), composed).lower()
