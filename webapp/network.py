"""Which network a request comes from."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from flask import request

# Addresses of a machine itself and of networks within a house. Those that are set aside for examples count as others.
_INSIDE = tuple(
    map(
        ip_network,
        (
            *("0.0.0.0/32", "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),
            *("::/128", "::1/128", "fc00::/7", "fe80::/10"),
        ),
    )
)


def parsed_address(address: str) -> IPv4Address | IPv6Address | None:
    """Return an address as one of its two kinds, an IPv4 address in IPv6 clothes as IPv4. None for what is none."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, IPv6Address) else parsed


def says_where(address: str) -> bool:
    """Say whether an address tells one place on the internet from another.

    One from within a house does not: behind a proxy that TRUSTED_PROXIES does not count, everybody has the same.
    """
    parsed = parsed_address(address)
    return parsed is not None and not any(parsed in network for network in _INSIDE)


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
