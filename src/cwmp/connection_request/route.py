"""How to get to a device: where a connection leaves from. Directly, from a source address or an interface.

Routes through a SOCKS5 or an HTTP gateway are in `gateways`; they reach their gateway by one of these.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
from dataclasses import dataclass
from typing import Protocol

BUFFER = 64 * 1024


class Route(Protocol):
    """Opens TCP connections to checked addresses. `name` is for results and logs."""

    @property
    def name(self) -> str: ...

    @property
    def absolute(self) -> bool:
        """Does the request line need the whole URL, because an HTTP proxy reads it first?"""
        ...

    @property
    def authorization(self) -> str:
        """Proxy-Authorization for that proxy; "" for none."""
        ...

    async def connect(self, address: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to an IP address (never a name: what was checked is what is dialled).

        Raises OSError; `RouteError` where the route itself does not work.
        """
        ...


class RouteError(OSError):
    """The way to the device does not work; `strerror` says what is wrong with it."""

    def __init__(self, message: str) -> None:
        super().__init__(errno.EHOSTUNREACH, message)


@dataclass(frozen=True, slots=True)
class Direct:
    """Straight to the device; the socket is bound to source address and interface before it connects, or the
    route is not taken.

    interface: a VPN tunnel's, for instance; the kernel sends nothing by another one. label: its name in the
    ACS's configuration.
    """

    source_address: str = ""
    interface: str = ""
    label: str = ""
    buffer: int = BUFFER

    @property
    def name(self) -> str:
        if self.label:
            return self.label
        parts = (
            f"interface {self.interface}" if self.interface else "",
            f"source {self.source_address}" if self.source_address else "",
        )
        return " ".join(part for part in parts if part) or "direct"

    @property
    def absolute(self) -> bool:
        return False

    @property
    def authorization(self) -> str:
        return ""

    async def connect(self, address: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if not self.interface and not self.source_address:
            return await asyncio.open_connection(address, port, limit=self.buffer)
        bound = self._socket(address)
        try:
            await asyncio.get_running_loop().sock_connect(bound, (address, port))
            return await asyncio.open_connection(sock=bound, limit=self.buffer)
        except BaseException:
            bound.close()
            raise

    def _socket(self, address: str) -> socket.socket:
        """A socket that is bound, and not connected yet. Raises `RouteError`."""
        family = socket.AF_INET6 if ipaddress.ip_address(address).version == 6 else socket.AF_INET
        made = socket.socket(family, socket.SOCK_STREAM)
        try:
            made.setblocking(False)
            if self.interface:
                try:
                    made.setsockopt(
                        socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self.interface.encode() + b"\0"
                    )
                except OSError as error:
                    raise RouteError(f"interface {self.interface}: {error.strerror}") from None
            if self.source_address:
                try:
                    made.bind((self.source_address, 0))
                except OSError as error:
                    raise RouteError(f"source address {self.source_address}: {error.strerror}") from None
        except BaseException:
            made.close()
            raise
        return made
