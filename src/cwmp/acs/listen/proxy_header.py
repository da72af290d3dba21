"""The PROXY protocol's header, versions 1 and 2, by which a load balancer says who the client is.

It comes before everything else on the connection, before TLS too. Read exactly, so that no byte of what
follows is taken. Source: haproxy's doc/proxy-protocol.txt.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import struct

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
V1_LIMIT = 107
V2_LIMIT = 2048
V2_LOCAL, V2_PROXY = 0x20, 0x21


class BadProxyHeader(ValueError):
    """What came is no PROXY header."""


async def read_proxy_header(loop: asyncio.AbstractEventLoop, connection: socket.socket) -> str:
    """The client's address as the header gives it; "" where it gives none (health checks).

    Raises `BadProxyHeader`, or `OSError` of the socket. The caller bounds the time.
    """
    first = await _exactly(loop, connection, len(SIGNATURE))
    if first == SIGNATURE:
        start = await _exactly(loop, connection, 4)
        length = struct.unpack("!H", start[2:])[0]
        if length > V2_LIMIT:
            raise BadProxyHeader(f"a header of {length} bytes")
        return parse_v2(start[0], start[1], await _exactly(loop, connection, length))
    if not first.startswith(b"PROXY "):
        raise BadProxyHeader("no PROXY header")
    line = first
    while not line.endswith(b"\n"):
        if len(line) >= V1_LIMIT:
            raise BadProxyHeader("a line without an end")
        line += await _exactly(loop, connection, 1)
    return parse_v1(line)


async def _exactly(loop: asyncio.AbstractEventLoop, connection: socket.socket, count: int) -> bytes:
    got = b""
    while len(got) < count:
        more = await loop.sock_recv(connection, count - len(got))
        if not more:
            raise BadProxyHeader("the connection ended in the header")
        got += more
    return got


def parse_v1(line: bytes) -> str:
    """``PROXY TCP4 192.0.2.1 198.51.100.1 56324 7547\\r\\n``"""
    if not line.endswith(b"\r\n"):
        raise BadProxyHeader("a line without CRLF")
    words = line[:-2].decode("ascii", "replace").split(" ")
    if len(words) >= 2 and words[1] == "UNKNOWN":
        return ""
    if len(words) != 6 or words[1] not in ("TCP4", "TCP6"):
        raise BadProxyHeader("a line that names no client")
    try:
        address = ipaddress.ip_address(words[2])
    except ValueError as error:
        raise BadProxyHeader("a client that is no address") from error
    if address.version != (4 if words[1] == "TCP4" else 6):
        raise BadProxyHeader("a client of another address family")
    return _plain(address)


def parse_v2(command: int, family: int, rest: bytes) -> str:
    """The binary header after its signature: command byte, family byte, addresses and extensions."""
    if command == V2_LOCAL:
        return ""
    if command != V2_PROXY:
        raise BadProxyHeader("an unknown version or command")
    if family >> 4 == 1:
        if len(rest) < 12:
            raise BadProxyHeader("too short for IPv4")
        return str(ipaddress.IPv4Address(rest[:4]))
    if family >> 4 == 2:
        if len(rest) < 36:
            raise BadProxyHeader("too short for IPv6")
        return _plain(ipaddress.IPv6Address(rest[:16]))
    return ""


def _plain(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
