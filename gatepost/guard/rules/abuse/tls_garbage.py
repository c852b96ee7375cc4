"""TLS handshakes that are none.

What begins a handshake is no TLS at all: a web request, a line of SMTP, noise.

The innocent: a client that distrusts the certificate, is too old for our versions or ciphers, or goes away in the middle
speaks TLS and is not noted. A browser sent to the wrong port is, and has ten a day free.
"""

from __future__ import annotations

from gatepost.guard.rules.abuse.rule import AbuseRule, Weight

RULE = AbuseRule(
    kind="tls-garbage",
    what="a TLS handshake that begins with something that is no TLS",
    spares="failures of real TLS (distrust, old versions, leaving) are not noted; ten a day are free",
    weight=lambda options: Weight(options.tls_garbage, options.tls_garbage_free),
)
