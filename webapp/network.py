"""Which network a request comes from."""

from ipaddress import IPv4Address, IPv6Address, ip_address

from flask import request


def parsed_address(address: str) -> IPv4Address | IPv6Address | None:
    """Return an address as one of its two kinds, an IPv4 address in IPv6 clothes as IPv4. None for what is none."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, IPv6Address) else parsed


def network_of(address: str) -> str:
    """Return the network an address belongs to: an IPv4 address by itself, an IPv6 address by its /64.

    An IPv4 address in IPv6 clothes counts as IPv4. "unknown" for what is no address.
    """
    parsed = parsed_address(address)
    if isinstance(parsed, IPv6Address):
        return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"
    return str(parsed) if parsed else "unknown"


def request_network() -> str:
    """Return the network of the current request, as far as TRUSTED_PROXIES lets it be known."""
    return network_of(request.remote_addr or "")
