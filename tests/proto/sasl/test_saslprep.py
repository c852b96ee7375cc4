"""SASLprep by the examples of its RFC."""

from __future__ import annotations

import pytest

from gatepost.proto.sasl.saslprep import Unpreparable, saslprep


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("a\u00a0b", "a b"),
        ("\u0627\u0644", "\u0627\u0644"),
    ],
)
def test_allowed(text: str, prepared: str) -> None:  # RFC 4013 §3
    assert saslprep(text) == prepared
    assert saslprep(prepared) == prepared


@pytest.mark.parametrize("text", ["\u0007", "\u06271", "", "\u00ad", "\ue000", "\ufdd0", "\u0221", "a\u06271"])
def test_forbidden(text: str) -> None:
    with pytest.raises(Unpreparable) as caught:
        saslprep(text)
    assert not text or text not in str(caught.value)
