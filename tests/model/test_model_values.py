"""Addresses, units, flags, UID sets, mail addresses, secrets."""

from __future__ import annotations

import ipaddress
import pickle

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.model.address import BadAddress, parse_address, parse_network
from gatepost.model.flags import (
    BadFlag,
    add_flags,
    from_keywords,
    has_flag,
    make_flags,
    remove_flags,
    split_flags,
    to_keywords,
)
from gatepost.model.ids import email_object_id, parse_email_id, parse_mailbox_id
from gatepost.model.mail import EmailId
from gatepost.model.mailaddr import BadMailAddress, canonical_address, canonical_domain
from gatepost.model.secret import Secret
from gatepost.model.uidset import UidSet
from gatepost.model.units import Duration, Rate, Size


@given(st.ip_addresses())
def test_addresses_read_back(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    ours = parse_address(str(address))
    mapped = getattr(address, "ipv4_mapped", None)
    assert ipaddress.ip_address(str(ours)) == (mapped or address)
    assert ours.source.contains(ours)


@given(st.ip_addresses(v=4), st.integers(0, 32), st.ip_addresses(v=4))
def test_networks_contain_as_the_standard_library_says(
    host: ipaddress.IPv4Address, length: int, other: ipaddress.IPv4Address
) -> None:
    theirs = ipaddress.ip_network(f"{host}/{length}", strict=False)
    ours = parse_network(f"{host}/{length}")
    assert ours.contains(parse_address(str(other))) == (other in theirs)
    assert ipaddress.ip_network(str(ours)) == theirs


def test_sources() -> None:
    assert str(parse_address("2001:db8:1:2:3::4").source) == "2001:db8:1:2::/64"
    assert str(parse_address("::ffff:192.0.2.1").source) == "192.0.2.1"
    assert str(parse_address("192.0.2.77").source.parent(24)) == "192.0.2.0/24"
    for text in ("", "1.2.3", "1.2.3.4.5", "::g", "1.2.3.4/33", "x/8", "1.2.3.4/-1", "1.2.3.4/٣"):
        with pytest.raises(BadAddress):
            parse_network(text)


def test_units() -> None:
    assert Duration.read("1d12h") == 129600
    assert str(Duration(129600)) == "1d12h"
    assert Duration.read(90) == 90
    assert Size.read("50MB") == 50 * 1024 * 1024
    assert str(Size(65536)) == "64KB"
    assert Rate.read("10/1h") == Rate(10, 3600)
    assert str(Rate.read("100/d")) == "100/1d"
    for bad in ("soon", "1y", "-1s", "", None, True):
        with pytest.raises(ValueError, match="a duration"):
            Duration.read(bad)
    for bad in ("0/1h", "10", "10/0s", 10):
        with pytest.raises(ValueError, match=r"a (limit|duration)"):
            Rate.read(bad)


FLAG = st.sampled_from(["\\Seen", "\\SEEN", "\\Flagged", "\\Deleted", "$Forwarded", "$forwarded", "work", "Work", "a1"])


@given(st.lists(FLAG), st.lists(FLAG))
def test_flags_are_sets(first: list[str], second: list[str]) -> None:
    one, two = make_flags(first), make_flags(second)
    folded = {name.lower() for name in first}
    assert {name.lower() for name in split_flags(one)} == folded
    assert make_flags(reversed(split_flags(one))) == one
    assert {name.lower() for name in split_flags(add_flags(one, two))} == folded | {name.lower() for name in second}
    assert {name.lower() for name in split_flags(remove_flags(one, two))} == folded - {name.lower() for name in second}
    assert all(has_flag(one, name) for name in first)
    without_deleted = remove_flags(one, make_flags(["\\Deleted"]))
    assert to_keywords(from_keywords(to_keywords(one))) == to_keywords(without_deleted)


@pytest.mark.parametrize("name", ["", "two words", "\\Recent", "\\Unknown", "a(b", 'a"b', "ü", "x" * 101, "a]b"])
def test_bad_flags(name: str) -> None:
    with pytest.raises(BadFlag):
        make_flags([name])


@given(st.sets(st.integers(1, 200)))
def test_uid_sets(members: set[int]) -> None:
    uids = UidSet.of(members)
    assert list(uids) == sorted(members)
    assert len(uids) == len(members)
    assert all((n in uids) == (n in members) for n in range(202))
    again = UidSet(
        (int(low), int(high or low)) for low, _, high in (part.partition(":") for part in str(uids).split(",") if part)
    )
    assert again == uids


def test_mail_addresses() -> None:
    assert canonical_address("Ada+lists@EXAMPLE.org.") == "ada@example.org"
    assert canonical_domain("bücher.example") == "xn--bcher-kva.example"
    for text in ("ada", "@example.org", "ada@", "ada@-x.org", "a\nb@example.org", "x" * 65 + "@example.org"):
        with pytest.raises(BadMailAddress):
            canonical_address(text)


def test_ids() -> None:
    assert parse_email_id(email_object_id(EmailId(12))) == 12
    for text in ("", "E", "E0", "E01", "M1", "E1x", "E" + "9" * 30):
        assert parse_email_id(text) is None
    assert parse_mailbox_id("M7") == 7


def test_secrets_do_not_leak() -> None:
    secret = Secret("hunter2")
    assert f"{secret} {secret!r} {[secret]}" == "*** *** [***]"
    for leak in (
        lambda: pickle.dumps(secret),
        lambda: msgspec.json.encode(secret),
        lambda: secret == secret,
        lambda: {secret},
    ):
        with pytest.raises(TypeError):
            leak()
