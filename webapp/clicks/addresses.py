"""What is kept of an address: hashes under a key that is destroyed, so that they can be compared only for a while.

The address itself is written nowhere, and not kept in memory either: hashing takes a few microseconds, so nothing is
gained by remembering it.
"""

import hmac
from datetime import datetime
from socket import AF_INET, inet_pton
from typing import NamedTuple

from webapp.network import parsed_address
from webapp.services.address_salts import Salt

HASH_OCTETS = 16
# A /64, the part of an IPv6 address that one household or office has to itself.
_NETWORK_OCTETS = 8
_IPV4_OCTETS = 4


class AddressKey(NamedTuple):
    """What addresses are hashed with, until just before `ends_at`."""

    key: bytes
    ends_at: datetime


def address_key(secret_key: str, salt: Salt) -> AddressKey:
    """Return the key of a salt. Nobody has it who has only the database, or only SECRET_KEY."""
    return AddressKey(hmac.digest(secret_key.encode(), b"grapevine.addresses" + salt.salt, "sha256"), salt.ends_at)


def hashes_of(address: str, salt: AddressKey) -> tuple[bytes | None, bytes | None]:
    """Return the hashes of an address and of its network; None and None for what is no address.

    The network of an IPv6 address is its /64, that of an IPv4 address the address itself: two equal networks are what
    one household or office has in common, whichever kind they are.
    """
    packed = _octets_of(address)
    if packed is None:
        return None, None
    network = packed if len(packed) == _IPV4_OCTETS else packed[:_NETWORK_OCTETS]
    return _hash(salt, b"address", packed), _hash(salt, b"network", network)


def _octets_of(address: str) -> bytes | None:
    try:
        # Most are IPv4, and the system reads them ten times as fast.
        return inet_pton(AF_INET, address)
    except (OSError, ValueError):
        parsed = parsed_address(address)
        return parsed.packed if parsed else None


def _hash(salt: AddressKey, kind: bytes, octets: bytes) -> bytes:
    return hmac.digest(salt.key, kind + octets, "sha256")[:HASH_OCTETS]
