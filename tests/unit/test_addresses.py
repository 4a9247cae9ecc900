"""Addresses and networks as people and proxies write them."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge.addresses import address_of, is_among, neighbour, network_of

ANY_ADDRESS = st.ip_addresses()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        (" 203.0.113.7 ", "203.0.113.7"),
        ("203.0.113.7:50123", "203.0.113.7"),
        ('"203.0.113.7:1"', "203.0.113.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("2001:DB8:0::7", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ('"[2001:db8::7]:443"', "2001:db8::7"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%eth0]:8080", "fe80::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("[::ffff:203.0.113.7]:80", "203.0.113.7"),
    ],
)
def test_an_address_is_read_as_proxies_write_it(text: str, address: str) -> None:
    assert address_of(text) == ip_address(address)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "unknown",
        "_hidden",
        "localhost",
        "203.0.113",
        "203.0.113.007",
        "203.0.113.7.8",
        "203.0.113.7:",
        "203.0.113.7:999999",
        "203.0.113.7:-1",
        "203.0.113.7/24",
        "[2001:db8::7",
        "2001:db8::7]:80",
        "[]:80",
        "203.0.113.7, 203.0.113.8",
        "\u0662\u0660\u0663.0.113.7",
        "203.0.113.7\0",
        "<script>",
        pytest.param("1" * 100_000, id="a long number"),
        pytest.param(":" * 100_000, id="many colons"),
        "3405803783",
    ],
)
def test_what_is_no_address_is_none(text: str) -> None:
    assert address_of(text) is None


@given(st.text() | st.from_regex(r"[\[\]\":.%0-9a-fA-F]{0,60}"))
def test_any_text_is_an_address_or_none(text: str) -> None:
    assert isinstance(address_of(text), IPv4Address | IPv6Address | None)


@given(ANY_ADDRESS)
def test_every_address_is_itself_and_in_its_own_network(
    address: IPv4Address | IPv6Address,
) -> None:
    inner = getattr(address, "ipv4_mapped", None) or address

    assert address_of(str(address)) == inner
    assert is_among(inner, [network_of(str(inner))])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("10.0.0.5/8", "write 10.0.0.0/8 for all of it"),
        ("2001:db8::1/32", "write 2001:db8::/32 for all of it"),
        ("10.0.0.5:443", "neither an address nor a network"),
        ("proxy.example.org", "names are not looked up"),
        ("*", "neither an address nor a network"),
        ("10.0.0.0/33", "neither an address nor a network"),
        ("", "neither an address nor a network"),
    ],
)
def test_a_network_that_is_none_is_refused_with_what_to_write(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        network_of(text)


def test_a_network_may_be_an_address() -> None:
    assert network_of(" 10.0.0.5 ") == IPv4Network("10.0.0.5/32")


def test_no_network_holds_what_is_no_address_or_of_another_kind() -> None:
    everything = [network_of("0.0.0.0/0"), network_of("::/0")]

    assert is_among(ip_address("203.0.113.7"), everything)
    assert not is_among(None, everything)
    assert not is_among(ip_address("::1"), everything[:1])
    assert not is_among(ip_address("203.0.113.7"), [])


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("no address", "no address", True),
    ],
)
def test_of_ipv6_the_whole_64_is_one_neighbour(one: str, other: str, is_same: bool) -> None:
    assert (neighbour(one) == neighbour(other)) is is_same


def test_a_neighbour_is_short_whatever_the_text() -> None:
    assert len(neighbour("x" * 100_000)) <= 80
