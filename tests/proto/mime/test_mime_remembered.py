"""What is remembered is what would be read again, and no more of it than a bound."""

from __future__ import annotations

from gatepost.proto.mime.remembered import (
    REMEMBERED_OCTETS,
    REMEMBERED_VALUES,
    Values,
    octets_of,
    remembered,
    remembered_by,
)


def test_short_values_are_read_once_and_long_ones_each_time() -> None:
    asked: list[bytes] = []

    @remembered
    def size(raw: bytes) -> int:
        """How long."""
        asked.append(raw)
        return len(raw)

    short, long = b"x" * REMEMBERED_OCTETS, b"x" * (REMEMBERED_OCTETS + 1)
    for _ in range(3):
        assert (size(short), size(long)) == (len(short), len(long))
    assert asked == [short, long, long, long]


def test_the_values_used_last_stay() -> None:
    asked: list[bytes] = []

    @remembered
    def read(raw: bytes) -> bytes:
        asked.append(raw)
        return raw

    for number in range(REMEMBERED_VALUES):
        read(b"%d" % number)
    read(b"one more")
    read(b"0")
    for number in range(REMEMBERED_VALUES):
        read(b"more, %d" % number)
    read(b"0")
    assert asked.count(b"0") == 1
    read(b"1")
    assert asked.count(b"1") == 2


def test_several_values_are_known_together() -> None:
    asked: list[Values] = []

    @remembered_by(octets_of)
    def read(values: Values) -> int:
        asked.append(values)
        return octets_of(values)

    assert read((b"abc", None, b"")) == read((b"abc", None, b"")) == 3
    assert read((b"abc", b"", None)) == 3
    long = (b"x" * REMEMBERED_OCTETS, b"y")
    assert read(long) == read(long) == REMEMBERED_OCTETS + 1
    assert len(asked) == 4
