"""The base subject (RFC 5256 §2.1): what a subject is without "Re:", "Fwd:", "[list]" and kin. Input is decoded text."""

from __future__ import annotations

import re

_BLOB = re.compile(r"\[[^\[\]]*+\]\s*")
_REFWD = re.compile(r"(?:re|fwd?)\s*(?:\[[^\[\]]*+\]\s*)?:", re.IGNORECASE)
_FWD = re.compile(r"\[fwd:(.*)\]\Z", re.IGNORECASE | re.DOTALL)
_PLAIN = re.compile(r"(?:(?:re|fwd?)\s?:\s?)*+([^\[\](:]*+)", re.IGNORECASE)
"""What nearly all subjects are; nothing else has to be done to these."""
MAX_LENGTH = 1000
"""Characters; a base subject is for comparing and sorting, and a longer one is cut."""


def base_subject(subject: str) -> str:
    """RFC 5256 §2.1's procedure; steps are numbered as there."""
    text = " ".join(subject.split())[:MAX_LENGTH]  # (1)
    plain = _PLAIN.fullmatch(text)
    if plain:
        return plain[1].rstrip()
    while True:
        text = _trim_end(text)  # (2)
        while True:
            shorter = _strip_leader(text)  # (3)
            blob = _BLOB.match(shorter)
            if blob and shorter[blob.end() :].strip():  # (4)
                shorter = shorter[blob.end() :].lstrip()
            if shorter == text:
                break  # (5)
            text = shorter
        forwarded = _FWD.match(text)
        if forwarded is None:  # (6)
            return text
        text = forwarded[1].strip()


def _trim_end(text: str) -> str:
    text = text.rstrip()
    while text[-5:].lower() == "(fwd)":
        text = text[:-5].rstrip()
    return text


def _strip_leader(text: str) -> str:
    """subj-leader: any number of blobs, then re or fwd with its colon."""
    at = 0
    while blob := _BLOB.match(text, at):
        at = blob.end()
    refwd = _REFWD.match(text, at)
    return text[refwd.end() :].lstrip() if refwd else text
