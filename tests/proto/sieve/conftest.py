"""Scripts run over one message in a small world."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gatepost.proto.mime import index_message
from gatepost.proto.sieve import Action, Limits, StoredMessage, compile_script

MESSAGE = b"""Return-Path: <coyote@acme.example.com>
Received: from a; Wed, 17 Jul 1996 02:23:26 -0700
Received: from b; Mon, 01 Jan 2007 23:30:00 +0100
From: "Wile E. Coyote" <coyote@ACME.Example.COM>
To: ken+mta@example.org, roadrunner@birdseed.example
Cc: Group: a@b.example, c@d.example;
Subject: [acme-users] [fwd] version 1.0 is out
X-Priority: 02
X-Caf\xc3\xa9: no field
X-Word: =?utf-8?q?caf=C3=A9?=
X-Empty:
Date: Wed, 17 Jul 1996 02:23:25 -0700
Content-Type: multipart/mixed; boundary=outer

This is a multi-part message in MIME format.
--outer
Content-Type: multipart/alternative; boundary=inner

nested multi-part message
--inner
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: base64

SGVsbG8gY2Fmw6k=
--inner
Content-Type: text/html

<html><body>Hello <b>you</b></body></html>
--inner--
end of the inner
--outer
Content-Type: message/rfc822

From: Someone Else
Subject: hello request

Please say Hello
--outer--
end of the outer
""".replace(b"\n", b"\r\n")


class World:
    """Implements sieve.Surroundings."""

    envelope_from = "coyote@acme.example.com"
    envelope_to = "ken+mta@example.org"

    def __init__(self) -> None:
        self.mailboxes = {"INBOX", "Partners", "a/b"}

    def mailbox_exists(self, path: str) -> bool:
        return path in self.mailboxes

    def environment(self, item: str) -> str | None:
        return {"name": "Gatepost", "phase": "during", "host": ""}.get(item)

    def now(self) -> float:
        return 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 UTC

    def utc_offset(self, at: float) -> int:
        return 60


Runner = Callable[..., tuple[Action, ...]]


@pytest.fixture
def run() -> Runner:
    """Compiles a script, runs it, returns its actions."""

    def runner(
        script: str, message: bytes = MESSAGE, limits: Limits | None = None, world: World | None = None
    ) -> tuple[Action, ...]:
        program = compile_script(script.encode(), limits or Limits())
        stored = StoredMessage(message, index_message(message).root, world or World())
        return program.run(stored, limits or Limits()).actions

    return runner


@pytest.fixture
def holds(run: Runner) -> Callable[[str, str], bool]:
    """Whether a test is true of the message; `require` is made of names with blanks between them."""

    def holder(test: str, require: str = "") -> bool:
        names = ", ".join(f'"{name}"' for name in require.split())
        script = (f"require [{names}];\r\n" if names else "") + f"if {test} {{ discard; }}"
        return type(run(script)[0]).__name__ == "Discard"

    return holder
