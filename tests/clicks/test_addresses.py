"""What is kept of an address: equal addresses are equal, and nothing else is known."""

from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.clicks.addresses import address_key, hashes_of
from webapp.network import says_where
from webapp.services.address_salts import Salt

BEGINS_AT = datetime(2026, 11, 19, tzinfo=UTC)
SECRET = "a secret for tests that is long enough"
KEY = address_key(SECRET, Salt(b"s" * 32, BEGINS_AT))
OTHER_KEY = address_key(SECRET, Salt(b"t" * 32, BEGINS_AT))

ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))


@given(ADDRESSES)
def test_an_address_has_two_hashes_that_tell_nothing_and_stay_the_same(address):
    whole, network = hashes_of(str(address), KEY)
    assert len(whole) == len(network) == 16
    assert whole != network
    assert (whole, network) == hashes_of(str(address), KEY)
    assert address.packed not in whole + network


@given(ADDRESSES)
def test_with_another_salt_or_another_secret_nothing_is_equal(address):
    whole, network = hashes_of(str(address), KEY)
    elsewhere = address_key(SECRET + "x", Salt(b"s" * 32, BEGINS_AT))
    for key in (OTHER_KEY, elsewhere):
        assert not {whole, network} & {*hashes_of(str(address), key)}


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_in_ipv6_clothes_is_that_address(address):
    assert hashes_of(f"::ffff:{address}", KEY) == hashes_of(str(address), KEY)


@given(st.ip_addresses(v=6).filter(lambda address: not address.ipv4_mapped), st.integers(0, 2**64 - 1))
def test_neighbours_in_one_64_share_their_network_and_not_their_address(address, host):
    neighbour = IPv6Address(int(address) >> 64 << 64 | host)
    if neighbour.ipv4_mapped or neighbour == address:
        return
    (whole, network), (other_whole, other_network) = hashes_of(str(address), KEY), hashes_of(str(neighbour), KEY)
    assert network == other_network
    assert whole != other_whole
    abroad = IPv6Address(int(address) ^ 1 << 64)
    assert hashes_of(str(abroad), KEY)[1] != network


@given(st.ip_addresses(v=4))
def test_each_ipv4_address_is_a_network_of_its_own(address):
    next_door = IPv4Address(int(address) ^ 1)
    assert hashes_of(str(next_door), KEY)[1] != hashes_of(str(address), KEY)[1]


@pytest.mark.parametrize(
    "spelling", ["2001:DB8::1", "2001:0db8:0000::0001", "2001:db8:0:0:0:0:0:1", "2001:db8::1%eth0"]
)
def test_spellings_of_one_address_are_one(spelling):
    assert hashes_of(spelling, KEY) == hashes_of("2001:db8::1", KEY)


@pytest.mark.parametrize("text", ["", "unknown", "192.0.2", "192.0.2.1:80", "[::1]", "192.0.2.01", "::g", "é", "1" * 9])
def test_what_is_no_address_has_no_hash(text):
    assert hashes_of(text, KEY) == (None, None)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        *((address, False) for address in ("127.0.0.1", "::1", "10.1.2.3", "172.16.0.1", "172.31.255.255")),
        *((address, False) for address in ("192.168.1.1", "169.254.1.1", "fe80::1%eth0", "fd12::1", "::ffff:10.0.0.1")),
        *((address, False) for address in ("", "unknown", "0.0.0.0", "::")),
        *((address, True) for address in ("172.32.0.1", "192.169.0.1", "11.0.0.1", "2a00:1450::1", "100.64.0.1")),
        # Set aside for examples, and so for demonstrations and tests.
        *((address, True) for address in ("192.0.2.1", "198.51.100.7", "203.0.113.9", "2001:db8::1")),
    ],
)
def test_only_an_address_on_the_internet_says_where_somebody_is(address, expected):
    assert says_where(address) == expected
