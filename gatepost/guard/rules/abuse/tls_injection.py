"""Commands before the handshake.

Octets behind STARTTLS in the clear, meant to be taken for something said under TLS (RFC 3207 §6).

The innocent: only a client that pipelines against the rules; it never gets through, and its first a day is free.
"""

from __future__ import annotations

from gatepost.guard.rules.abuse.rule import AbuseRule, Weight

RULE = AbuseRule(
    kind="tls-injection",
    what="octets in the clear between STARTTLS and its handshake",
    spares="no client of good will does it; the first a day is free",
    weight=lambda options: Weight(options.tls_injection, options.tls_injection_free),
)
