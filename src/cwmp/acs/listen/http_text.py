"""Small texts of HTTP: responses as bytes, targets, addresses of peers and of the hops before them."""

from __future__ import annotations

import ipaddress
from http import HTTPStatus
from typing import TypeAlias

import httptools

from cwmp.acs.sessions.endpoint import HttpResponse

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}


def response_bytes(response: HttpResponse, extra: bytes, *, head_only: bool = False) -> bytes:
    parts = [STATUS_LINES.get(response.status) or b"HTTP/1.1 %d \r\n" % response.status]
    for name, value in response.headers:
        parts += (name, b": ", value, b"\r\n")
    if response.status != 204:
        parts.append(b"content-length: %d\r\n" % len(response.body))
    parts += (extra, b"\r\n", b"" if head_only or response.status == 204 else response.body)
    return b"".join(parts)


def path_of(url: bytes) -> str:
    if not url.startswith(b"/"):
        try:
            url = httptools.parse_url(url).path or b"/"
        except httptools.HttpParserInvalidURLError:
            url = b"/"
    return url.split(b"?", 1)[0].decode("latin-1")


def peer_address(peername: object) -> str:
    """The address of a socket's peer; IPv4 written as IPv6 becomes IPv4."""
    host = peername[0] if isinstance(peername, tuple) and peername else ""
    return host.removeprefix("::ffff:") if isinstance(host, str) and "." in host else str(host)


def hop_address(text: str) -> str:
    """An address in X-Forwarded-For, also with a port; "" for anything else."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""


def within(address: str, networks: tuple[Network, ...]) -> bool:
    if not networks:
        return False
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)
