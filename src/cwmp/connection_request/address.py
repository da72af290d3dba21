"""Is the address a device reports safe to dial? It is hostile input: it may point at our own network.

A connection request goes only to the host the last Inform came from, or into networks the operator has
allowed; the address that was checked is the address that is dialled.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

IPAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Target:
    """A ConnectionRequestURL taken apart. `uri` is path and query as the request line has them."""

    host: str
    port: int
    uri: str

    @property
    def authority(self) -> str:
        """As the Host header has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == 80 else f"{host}:{self.port}"


def parse_url(url: str) -> Target | None:
    """Take a ConnectionRequestURL apart; None for what is no plain http URL (TR-069a6 §3.2.2).

    User and password inside the URL are dropped: credentials come from the ACS's own store only.
    """
    if len(url) > 2048 or not url.isprintable() or not url.isascii():
        return None
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return None
    if parts.scheme.lower() != "http" or not parts.hostname or port == 0:
        return None
    uri = parts.path or "/"
    if parts.query:
        uri += "?" + parts.query
    if any(character in uri for character in ' "<>\\^`{|}'):
        uri = "".join(f"%{ord(c):02X}" if c in ' "<>\\^`{|}' else c for c in uri)
    return Target(parts.hostname, port or 80, uri)


def plain_address(text: str) -> IPAddress | None:
    """An IP address without zone, IPv4-mapped IPv6 as the IPv4 it is; None for anything else."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


async def resolve(host: str, port: int) -> list[IPAddress]:
    """The host's addresses; itself where it is one. Raises OSError where the name does not resolve."""
    literal = plain_address(host)
    if literal is not None:
        return [literal]
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = (plain_address(str(info[4][0])) for info in found)
    return list(dict.fromkeys(address for address in addresses if address is not None))


def safe(address: IPAddress, informed_from: str, allowed: Sequence[Network]) -> bool:
    """May this address be dialled for a device whose last Inform came from `informed_from`?

    The very host it came from always may (a lab on loopback too). Other addresses must lie in an allowed
    network; link-local (cloud metadata services live there), multicast and unspecified ones never may.
    """
    if plain_address(informed_from) == address:
        return True
    if address.is_link_local or address.is_multicast or address.is_unspecified or address.is_reserved:
        return False
    return any(address.version == network.version and address in network for network in allowed)
