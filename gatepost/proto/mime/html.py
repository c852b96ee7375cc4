"""What a reader sees of an HTML body, as plain text for search and previews. Not here: rendering, sanitising.

Law: linear on any input, which Python's own `html.parser` is not; a tag that never ends is text.
"""

from __future__ import annotations

import re
from html import unescape

_TAG = re.compile(r"<(?:!--|(/?)([A-Za-z][A-Za-z0-9:-]{0,30})|[!?/])")
_UNSEEN = frozenset({"script", "style", "head", "title", "template", "noembed", "object"})
_BREAKS = re.compile(
    "address|article|aside|blockquote|br|center|d[dlt]|div|fieldset|footer|form|h[1-6]|header|hr|li|main|nav|[ou]l|p|pre"
    "|section|table|t[dhr]"
)
_BLANK = r"[ \t\r\n\f\u00a0\u200b\u200c\u200d\ufeff]"
_BLANKS = re.compile(rf" {_BLANK}+|(?! ){_BLANK}+")  # all but a single space, which may stay
_INVISIBLE = re.compile("[\u00ad\u034f\u200b-\u200f\u2060\ufeff]+")


def html_text(source: str) -> str:
    """The text between the tags; blocks end lines; scripts, styles and comments are left out; entities are decoded."""
    out: list[str] = []
    at, unseen, missing = 0, "", set[str]()

    def find(text: str, start: int) -> int:
        """-1 once is -1 for ever after: looked for no more."""
        if text in missing:
            return -1
        place = source.find(text, start)
        if place < 0:
            missing.add(text)
        return place

    for match in _TAG.finditer(source):
        if match.start() < at:
            continue
        if not unseen:
            out.append(source[at : match.start()])
        comment = match[0] == "<!--"
        end = find("-->" if comment else ">", match.end())
        if end < 0:
            at = match.start() if not comment else len(source)
            if comment:
                break
            continue
        at = end + (3 if comment else 1)
        name = (match[2] or "").lower()
        if unseen:
            unseen = "" if match[1] and name == unseen else unseen
        elif name in _UNSEEN and not match[1] and source[end - 1] != "/":
            unseen = name
        elif _BREAKS.fullmatch(name):
            out.append("\n")
    if not unseen:
        out.append(source[at:])
    lines = (_BLANKS.sub(" ", line).strip() for line in _INVISIBLE.sub("", unescape("".join(out))).split("\n"))
    return "\n".join(line for line in lines if line)
