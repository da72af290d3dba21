"""The device side of UDP connection requests (TR-069a6 Annex G): keeps a binding alive and listens on it.

`StunClient.look` is called whenever the tree may say something else; NATDetected and
UDPConnectionRequestAddress are kept true.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import secrets
import socket
from collections.abc import Mapping
from typing import Any, Protocol, cast

from cwmp.lab.connection_request_server import Reception
from cwmp.lab.stun_settings import StunSettings, settings_of
from cwmp.lab.tree import DeviceTree
from cwmp.wire import stun, udp_request
from cwmp.wire.stun import StunError, StunMessage
from cwmp.wire.udp_request import UdpRequest, UdpRequestError

_WAITS = (0.1, 0.2, 0.4, 0.8, 1.6, 1.6, 1.6, 1.6, 1.6)
"""Seconds after each sending of one request (RFC 3489 §9.3)."""

Address = tuple[str, int]


class Owner(Protocol):
    """The CPE whose client it is."""

    @property
    def reachable(self) -> bool: ...

    @property
    def tree(self) -> DeviceTree: ...

    @property
    def connection_request_credentials(self) -> tuple[str, str]: ...

    @property
    def time_scale(self) -> float: ...

    def ring(self) -> Reception: ...

    def tell(self, values: Mapping[str, str]) -> None:
        """Hold these read-only values now, and tell the ACS of those it wants to hear of."""
        ...


class StunClient:
    """One CPE's STUN client and its ear for UDP connection requests, used inside the running loop."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._settings: StunSettings | None = None
        self._binding: _Binding | None = None
        self._timestamp = 0
        self._id = -1
        self.requests = 0
        """UDP connection requests believed."""
        self.ignored = 0
        """Datagrams that looked like one and were not believed, or a copy."""

    def look(self) -> None:
        """Do what the tree says now."""
        owner = self._owner
        wanted = settings_of(owner.tree)
        reachable = owner.reachable
        if self._binding is not None and (not reachable or wanted != self._settings):
            self.stop()
        if wanted is None and self._settings is not None:
            self.found(None, None)
        self._settings = wanted
        if wanted is not None and reachable and self._binding is None:
            self._binding = _Binding(self, wanted, owner.time_scale)

    def stop(self) -> None:
        """Close the socket; the address told stays until there is another."""
        if self._binding is not None:
            self._binding.stop()
            self._binding = None

    @property
    def address(self) -> Address | None:
        """Where its binding's socket is, on this side of any NAT."""
        return self._binding.local if self._binding is not None else None

    def found(self, local: Address | None, mapped: Address | None) -> None:
        """Tell the tree what the STUN server saw; None: STUN is off."""
        told = "" if mapped is None else _spelt(mapped)
        values = {"UDPConnectionRequestAddress": told, "NATDetected": "true" if mapped != local else "false"}
        tree = self._owner.tree
        paths = {f"{tree.root}ManagementServer.{name}": value for name, value in values.items()}
        changed = {path: value for path, value in paths.items() if tree.value(path) not in (None, value)}
        if changed:
            self._owner.tell(changed)

    def asked(self, data: bytes) -> None:
        """A datagram that is no STUN message: believed only signed, newer and not seen (§G.2.2.3)."""
        try:
            request = udp_request.decode(data)
        except UdpRequestError:
            self.ignored += 1
            return
        if not self._owner.reachable or not self._authentic(request) or not self._new(request):
            self.ignored += 1
            return
        if self._owner.ring() is not Reception.ACCEPTED:
            # Just closing a session, perhaps: nothing says so to the sender, but a copy may come in time.
            self.ignored += 1
            return
        self._timestamp = request.timestamp
        self._id = request.id
        self.requests += 1

    def _authentic(self, request: UdpRequest) -> bool:
        username, password = self._owner.connection_request_credentials
        right = hmac.compare_digest(request.username.encode(), username.encode())
        return request.signed_with(password) and right

    def _new(self, request: UdpRequest) -> bool:
        return request.timestamp > self._timestamp and request.id != self._id


class _Binding(asyncio.DatagramProtocol):
    """One socket and the requests that keep its binding in the NAT."""

    def __init__(self, client: StunClient, settings: StunSettings, scale: float) -> None:
        self._client = client
        self._settings = settings
        self._scale = scale
        self._transport: asyncio.DatagramTransport | None = None
        self._waiting: dict[bytes, asyncio.Future[StunMessage]] = {}
        self._server: Any = None
        self._signs = False
        self.local: Address | None = None
        self._task = asyncio.get_running_loop().create_task(self._live())

    def stop(self) -> None:
        self._task.cancel()
        if self._transport is not None:
            self._transport.close()

    # ---- asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's and asyncio's own transports are no subclasses of DatagramTransport.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def error_received(self, error: Exception) -> None:
        """Nobody at the server's port, as ICMP tells: asked again all the same."""

    def datagram_received(self, data: bytes, source: Any) -> None:
        if data[:1] in (b"\0", b"\1"):
            with contextlib.suppress(StunError):
                message = stun.decode(data)
                waiting = self._waiting.get(message.transaction)
                if waiting is not None and not waiting.done() and tuple(source[:2]) == self._server[:2]:
                    waiting.set_result(message)
        else:
            self._client.asked(data)

    # ---- life

    async def _live(self) -> None:
        keep_alive = max(0.05, self._settings.keep_alive * self._scale)
        mapped: Address | None = None
        while True:
            with contextlib.suppress(OSError, StunError):
                if self._transport is None:
                    await self._open()
                seen = await self._bind(changed=False)
                if seen is not None and seen != mapped:
                    # Told to the server as well, which may have lost the address before (§G.2.1.2).
                    mapped = await self._bind(changed=True) or seen
                    self._client.found(self.local, mapped)
            await asyncio.sleep(keep_alive)

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        settings = self._settings
        found = await loop.getaddrinfo(settings.host, settings.port, type=socket.SOCK_DGRAM)
        family, _, _, _, self._server = found[0]
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(self._server)  # sends nothing; says which of our addresses it would leave from
            here = probe.getsockname()[0]
        await loop.create_datagram_endpoint(lambda: self, local_addr=(here, 0), family=family)
        assert self._transport is not None
        name = self._transport.get_extra_info("sockname")
        self.local = (name[0], name[1])

    async def _bind(self, *, changed: bool) -> Address | None:
        """Ask the server; None where it does not answer, or refuses."""
        for _ in range(2):
            answer = await self._ask(changed=changed)
            if answer is None:
                return None
            if answer.error is None:
                return answer.mapped_address if answer.type == stun.BINDING_RESPONSE else None
            if answer.error[0] != 401 or self._signs or not self._settings.username:
                return None
            self._signs = True
        return None

    async def _ask(self, *, changed: bool) -> StunMessage | None:
        settings = self._settings
        transaction = secrets.token_bytes(16)
        request = stun.binding_request(transaction, username=settings.username, changed=changed)
        data = stun.encode(request, settings.password if self._signs else None)
        waiting = self._waiting[transaction] = asyncio.get_running_loop().create_future()
        try:
            for seconds in _WAITS:
                if self._transport is not None:
                    self._transport.sendto(data, self._server)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        answer: StunMessage = await asyncio.shield(waiting)
                        return answer
        finally:
            waiting.cancel()
            del self._waiting[transaction]
        return None


def _spelt(address: Address) -> str:
    host = f"[{address[0]}]" if ":" in address[0] else address[0]
    return f"{host}:{address[1]}"
