"""Which network a request comes from."""

from ipaddress import IPv6Address, ip_address

from flask import request


def network_of(address: str) -> str:
    """Return the network an address belongs to: an IPv4 address by itself, an IPv6 address by its /64.

    An IPv4 address in IPv6 clothes counts as IPv4. "unknown" for what is no address.
    """
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"
    return str(parsed)


def request_network() -> str:
    """Return the network of the current request, as far as TRUSTED_PROXIES lets it be known."""
    return network_of(request.remote_addr or "")
