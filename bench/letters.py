"""Mail such as people have, the same in every run: what `bench_dovecot.py` and others fill their mailboxes with."""

from __future__ import annotations

import base64
import itertools
import random
from email.utils import formatdate

_SYLLABLES = ["".join(letters) for letters in itertools.product("bdfgklmnprst", "aeiou", ("", "n", "r", "s"))]
_PARAGRAPHS = 400
_BEGAN = 1_600_000_000


class Letters:
    """`letter(n)`: median about 4 KB. One in three has an HTML version, one in nine an attachment of up to 90 KB.

    Words to search for: `everywhere` is in each body, `zeppelin` in one of 500, `nowhere at all` in none. The subject of one
    in 100 holds `quarterly`, one sender in 40 is `hopper`, one in 50 has `X-Campaign: spring`.
    """

    def __init__(self) -> None:
        chance = random.Random(1)
        vocabulary = ["".join(chance.choices(_SYLLABLES, k=1 + n % 4)) for n in range(20_000)]
        # the n-th word is about 1/n as frequent as the first
        self._paragraphs = [
            _lines([vocabulary[int(20_000 ** chance.random()) - 1] for _ in range(60 + chance.randrange(120))])
            for _ in range(_PARAGRAPHS)
        ]
        self._octets = chance.randbytes(90_000)

    def letter(self, number: int) -> bytes:
        """The number-th message, CRLF line ends."""
        chance = random.Random(number)
        text = "\r\n".join(chance.choices(self._paragraphs, k=1 + int(chance.expovariate(0.6)))) + "everywhere\r\n"
        if number % 500 == 77:
            text += f"A zeppelin of number {number}.\r\n"
        kind = number % 9
        if kind == 0:
            body = self._with_attachment(text, 2_000 + int(chance.paretovariate(0.8) * 3_000) % 64_000)
        elif kind % 3 == 1:
            body = _alternative(text)
        else:
            body = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + text
        return (_header(number, chance) + body).encode()

    def _with_attachment(self, text: str, size: int) -> str:
        encoded = base64.encodebytes(self._octets[:size]).decode().replace("\n", "\r\n")
        return (
            'Content-Type: multipart/mixed; boundary="mixed-3f1"\r\n\r\n--mixed-3f1\r\n'
            f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n--mixed-3f1\r\n"
            'Content-Type: application/pdf; name="report.pdf"\r\nContent-Transfer-Encoding: base64\r\n'
            f'Content-Disposition: attachment; filename="report.pdf"\r\n\r\n{encoded}--mixed-3f1--\r\n'
        )


def _lines(words: list[str]) -> str:
    return "".join(" ".join(words[at : at + 11]) + ".\r\n" for at in range(0, len(words), 11))


def _alternative(text: str) -> str:
    html = text.replace(".\r\n", ".<br>\r\n")
    return (
        'Content-Type: multipart/alternative; boundary="alt-77a"\r\n\r\n--alt-77a\r\n'
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n--alt-77a\r\n"
        f"Content-Type: text/html; charset=utf-8\r\n\r\n<html><body><p>{html}</p></body></html>\r\n--alt-77a--\r\n"
    )


def _header(number: int, chance: random.Random) -> str:
    date = formatdate(_BEGAN + number * 600)
    sender = (
        "Grace Hopper <hopper@navy.example>" if number % 40 == 3 else f"Person {number % 97} <p{number % 97}@x.example>"
    )
    topic = "quarterly figures" if number % 100 == 5 else f"report {number % 700} of the week"
    hops = "".join(
        f"Received: from mx{hop}.x.example (mx{hop}.x.example [192.0.2.{hop}])\r\n\tby in.example.org with ESMTPS id"
        f" {chance.getrandbits(64):x}\r\n\tfor <ada@example.org>; {date}\r\n"
        for hop in range(3)
    )
    reply = (
        f"In-Reply-To: <{number - 1}.x@x.example>\r\nReferences: <{number - 1}.x@x.example>\r\n" if number % 4 else ""
    )
    campaign = "X-Campaign: spring\r\n" if number % 50 == 9 else ""
    return (
        f"Return-Path: <p{number % 97}@x.example>\r\n{hops}"
        f"DKIM-Signature: v=1; a=rsa-sha256; d=x.example; s=k1; h=from:to:subject:date;\r\n\tb={chance.getrandbits(1024):x}\r\n"
        f"From: {sender}\r\nTo: Ada Lovelace <ada@example.org>\r\nCc: Team <team@example.org>, b@example.org\r\n"
        f"Subject: {'Re: ' if reply else ''}{topic}\r\nDate: {date}\r\nMessage-ID: <{number}.x@x.example>\r\n"
        f"{reply}X-Mailer: Bench 1.0\r\n{campaign}MIME-Version: 1.0\r\n"
    )
