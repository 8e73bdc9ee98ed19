"""Small databases in MaxMind's format (https://maxmind.github.io/MaxMind-DB/), written as the format says."""

from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any

RECORD_OCTETS = 3
_TYPES = {"text": 2, "uint16": 5, "uint32": 6, "map": 7, "uint64": 9, "list": 11}


def write_mmdb(path: Path, networks: Mapping[str, Any], *, ip_version: int = 6) -> Path:
    """Write what is said of each network. IPv4 networks stand at ::/96, as in real databases."""
    nodes: list[list[int | bytes | None]] = [[None, None]]
    for network, says in networks.items():
        _insert(nodes, *_bits_of(network, ip_version), _encoded(says))
    data, places = b"", {}
    for leaf in (leaf for node in nodes for leaf in node if isinstance(leaf, bytes)):
        places.setdefault(leaf, len(nodes) + 16 + len(data))
        data += leaf if places[leaf] == len(nodes) + 16 + len(data) else b""
    tree = b"".join(
        (len(nodes) if leaf is None else places[leaf] if isinstance(leaf, bytes) else leaf).to_bytes(RECORD_OCTETS)
        for node in nodes
        for leaf in node
    )
    about = {
        "node_count": ("uint32", len(nodes)),
        "record_size": ("uint16", RECORD_OCTETS * 8),
        "ip_version": ("uint16", ip_version),
        "database_type": "Test-Country",
        "languages": ["en"],
        "binary_format_major_version": ("uint16", 2),
        "binary_format_minor_version": ("uint16", 0),
        "build_epoch": ("uint64", 1_780_000_000),
        "description": {"en": "a test"},
    }
    path.write_bytes(tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + _encoded(about))
    return path


def country(code: Any) -> dict[str, Any]:
    return {"country": {"iso_code": code, "geoname_id": 1}, "continent": {"code": "EU"}}


def _bits_of(network: str, ip_version: int) -> tuple[int, int, int]:
    """Return the address as a number, the length of its prefix, and how many bits addresses have."""
    parsed = ip_network(network)
    if ip_version == 4:
        return int(parsed.network_address), parsed.prefixlen, 32
    return int(parsed.network_address), parsed.prefixlen + (96 if parsed.version == 4 else 0), 128


def _insert(nodes: list[Any], address: int, prefix: int, bits: int, leaf: bytes) -> None:
    node = 0
    for depth in range(prefix):
        side = address >> (bits - 1 - depth) & 1
        if depth == prefix - 1:
            nodes[node][side] = leaf
        elif nodes[node][side] is None:
            nodes.append([None, None])
            nodes[node][side] = len(nodes) - 1
        node = nodes[node][side]


def _encoded(value: Any) -> bytes:
    if isinstance(value, dict):
        return _control("map", len(value)) + b"".join(_encoded(key) + _encoded(of) for key, of in value.items())
    if isinstance(value, list):
        return _control("list", len(value)) + b"".join(map(_encoded, value))
    if isinstance(value, int):
        return _encoded(("uint32", value))
    if isinstance(value, tuple):
        kind, number = value
        octets = number.to_bytes((number.bit_length() + 7) // 8)
        return _control(kind, len(octets)) + octets
    octets = value.encode()
    return _control("text", len(octets)) + octets


def _control(kind: str, size: int) -> bytes:
    assert size < 29
    number = _TYPES[kind]
    return bytes([number << 5 | size]) if number < 8 else bytes([size, number - 7])
