"""Routes through a gateway, such as one inside a customer's VPN: SOCKS5 (RFC 1928) or an HTTP proxy.

What a gateway answers is bounded in size; the time is the caller's. The device's address goes to the gateway
as the number that was checked, never as a name.
"""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import re
from dataclasses import dataclass, field

from cwmp.connection_request.address import resolve
from cwmp.connection_request.route import Direct, RouteError

_STATUS = re.compile(rb"HTTP/\d\.\d +(\d{3})")
_SOCKS_REFUSALS = {
    1: "failed",
    2: "does not allow it",
    3: "finds the device's network unreachable",
    4: "finds the device unreachable",
    5: "says the device refused the connection",
    6: "had no answer from the device in time",
    7: "does not know the command CONNECT",
    8: "does not know the kind of address",
}

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class Socks5:
    """Through a SOCKS5 gateway at host:port, which is reached by `via`."""

    host: str
    port: int
    username: str = ""
    password: str = field(default="", repr=False)
    via: Direct = field(default_factory=Direct)
    label: str = ""

    @property
    def name(self) -> str:
        return self.label or f"socks5 {self.host}:{self.port}"

    @property
    def absolute(self) -> bool:
        return False

    @property
    def authorization(self) -> str:
        return ""

    async def connect(self, address: str, port: int) -> Streams:
        reader, writer = await _to_gateway(self.via, self.host, self.port, self.name)
        try:
            await self._greet(reader, writer)
            target = ipaddress.ip_address(address)
            kind = b"\x01" if target.version == 4 else b"\x04"
            writer.write(b"\x05\x01\x00" + kind + target.packed + port.to_bytes(2, "big"))
            head = await reader.readexactly(4)
            if head[0] != 5:
                raise RouteError(f"{self.name} speaks no SOCKS5")
            if head[1] != 0:
                why = _SOCKS_REFUSALS.get(head[1], f"refused with {head[1]}")
                raise RouteError(f"the gateway {self.name} {why}")
            # The address it dials from: nothing we need.
            size = {1: 4, 4: 16}.get(head[3])
            await reader.readexactly((await reader.readexactly(1))[0] if size is None else size)
            await reader.readexactly(2)
        except asyncio.IncompleteReadError:
            writer.close()
            raise RouteError(f"the gateway {self.name} closed the connection") from None
        except BaseException:
            writer.close()
            raise
        return reader, writer

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x05\x02\x00\x02" if self.username else b"\x05\x01\x00")
        version, method = await reader.readexactly(2)
        if version != 5:
            raise RouteError(f"{self.name} speaks no SOCKS5")
        if method == 0:
            return
        if method != 2 or not self.username:
            raise RouteError(f"the gateway {self.name} wants another authentication")
        name, secret = self.username.encode()[:255], self.password.encode()[:255]
        writer.write(b"\x01" + bytes([len(name)]) + name + bytes([len(secret)]) + secret)
        if (await reader.readexactly(2))[1] != 0:
            raise RouteError(f"the gateway {self.name} refused its username or password")


@dataclass(frozen=True, slots=True)
class HttpGateway:
    """Through an HTTP proxy at host:port, which is reached by `via`.

    tunnel: by CONNECT, so that only the device itself answers. Otherwise the proxy reads the request, for
    proxies that allow CONNECT to port 443 only; then an error of the proxy's looks like one of the device's.
    """

    host: str
    port: int
    tunnel: bool = True
    username: str = ""
    password: str = field(default="", repr=False)
    via: Direct = field(default_factory=Direct)
    label: str = ""

    @property
    def name(self) -> str:
        return self.label or f"http gateway {self.host}:{self.port}"

    @property
    def absolute(self) -> bool:
        return not self.tunnel

    @property
    def authorization(self) -> str:
        """For the proxy, if it reads the request."""
        return self._proof() if self.absolute else ""

    def _proof(self) -> str:
        if not self.username:
            return ""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()

    async def connect(self, address: str, port: int) -> Streams:
        reader, writer = await _to_gateway(self.via, self.host, self.port, self.name)
        if not self.tunnel:
            return reader, writer
        try:
            target = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
            proof = f"Proxy-Authorization: {self._proof()}\r\n" if self.username else ""
            writer.write(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{proof}\r\n".encode())
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.LimitOverrunError:
                raise RouteError(f"{self.name} speaks no HTTP") from None
            status = _STATUS.match(head)
            if status is None:
                raise RouteError(f"{self.name} speaks no HTTP")
            if not status[1].startswith(b"2"):
                raise RouteError(f"the gateway {self.name} {_refusal(int(status[1]))}")
        except asyncio.IncompleteReadError:
            writer.close()
            raise RouteError(f"the gateway {self.name} closed the connection") from None
        except BaseException:
            writer.close()
            raise
        return reader, writer


def _refusal(status: int) -> str:
    if status == 407:
        return "refused its username or password"
    if status in (403, 405):
        return f"does not allow it (HTTP {status})"
    return f"does not reach the device (HTTP {status})"


async def _to_gateway(via: Direct, host: str, port: int, name: str) -> Streams:
    try:
        # Several addresses of one gateway: the first counts, as for a device.
        address = str((await resolve(host, port))[0])
        return await via.connect(address, port)
    except RouteError:
        raise
    except (UnicodeError, IndexError):
        raise RouteError(f"the gateway {name} does not resolve") from None
    except OSError as error:
        raise RouteError(f"the gateway {name} is not reached: {error.strerror or error}") from None
