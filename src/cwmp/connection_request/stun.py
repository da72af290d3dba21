"""The STUN server and the sender of UDP connection requests (TR-069a6 Annex G): one socket for both.

A home gateway lets a datagram in only from the very address and port its CPE has spoken to, so whatever
sends the request must be the socket that answers the CPE's binding requests.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, cast

from cwmp.connection_request.address import plain_address
from cwmp.connection_request.bindings import Address, Binding, Bindings
from cwmp.connection_request.rate import RateLimit
from cwmp.wire import stun
from cwmp.wire.stun import StunError, StunMessage

log = logging.getLogger("cwmp.acs.stun")

DEFAULT_PORT = 3478
COPY_WAITS = (0.0, 0.5, 1.5)
"""Seconds before each copy of a request: nobody acknowledges it, and one of them may be lost."""
_TAKEN = frozenset({stun.CHANGE_REQUEST, stun.RESPONSE_ADDRESS, stun.USERNAME, stun.MESSAGE_INTEGRITY})
_ASKED_FOR_ANOTHER = 0x06
"""Bits of CHANGE-REQUEST: answer from another address or port, which there is none of."""

SocketAddress = tuple[str, int] | tuple[str, int, int, int]


class Passwords(Protocol):
    """What STUN usernames have to prove."""

    def of(self, username: str) -> tuple[str, ...]:
        """Passwords that are right for this username; empty where none is known."""
        ...


@dataclass(frozen=True, slots=True)
class StunRules:
    """How the server behaves.

    required: nobody is answered who does not prove a known username. bindings: remembered at most.
    rate, burst: binding requests of one host each second and at once; a carrier's NAT has many devices
    behind one host.
    """

    required: bool = False
    bindings: int = 100_000
    rate: float = 100.0
    burst: float = 400.0


@dataclass(slots=True)
class StunCounts:
    """What has happened, for metrics."""

    answered: int = 0
    unauthorised: int = 0
    limited: int = 0
    malformed: int = 0
    sent: int = 0


@dataclass(slots=True)
class _NoPasswords:
    def of(self, username: str) -> tuple[str, ...]:
        return ()


class StunServer(asyncio.DatagramProtocol):
    """Answers binding requests, remembers bindings, sends requests. `start` it in the running loop."""

    def __init__(self, passwords: Passwords | None = None, rules: StunRules | None = None) -> None:
        self.rules = rules or StunRules()
        self.counts = StunCounts()
        self.bindings = Bindings(self.rules.bindings)
        self._passwords: Passwords = passwords or _NoPasswords()
        self._limit = RateLimit(self.rules.rate, self.rules.burst)
        self._transport: asyncio.DatagramTransport | None = None
        self._now: Callable[[], float] = asyncio.get_running_loop().time
        self._six = False

    async def start(self, bound: socket.socket) -> None:
        """Serve on this bound UDP socket, which is the server's from now on."""
        self._six = bound.family == socket.AF_INET6
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, sock=bound)

    async def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    # ---- receiving

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's and asyncio's own transports are no subclasses of DatagramTransport.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def error_received(self, error: Exception) -> None:
        """A device that is gone, as ICMP tells: its binding stays, for the NAT may still know it."""

    def datagram_received(self, data: bytes, source: Any) -> None:
        host = plain_address(str(source[0]))
        # Port 0 and, by mistake or malice, a broadcast address are nobody that could be answered.
        if host is None or not source[1] or host.is_multicast or host.is_unspecified:
            return
        if not self._limit.allows(host.packed if host.version == 4 else host.packed[:8], self._now()):
            self.counts.limited += 1
            return
        try:
            request = stun.decode(data)
        except StunError:
            self.counts.malformed += 1
            return
        if request.type == stun.BINDING_REQUEST:
            self._answer(request, source, host)

    def _answer(self, request: StunMessage, source: SocketAddress, host: stun.IPAddress) -> None:
        port = source[1]
        unknown = self._not_understood(request)
        if unknown:
            self._reply(stun.error_response(request, 420, "Unknown", unknown), source)
            return
        username = request.username
        known = self._passwords.of(username) if username else ()
        proof = self._proof(request, known)
        if proof is None and (known or self.rules.required):
            self.counts.unauthorised += 1
            self._reply(stun.error_response(request, 401, "Unauthorized"), source)
            return
        address = (str(host), port)
        if request.for_connection_requests or username:
            listening = request.for_connection_requests
            self.bindings.note(Binding(address, source, username, proof is not None, listening, self._now()))
        self.counts.answered += 1
        self._reply(stun.binding_response(request, host, port), self._reply_to(request, source, host), proof)

    def _proof(self, request: StunMessage, known: tuple[str, ...]) -> str | None:
        """The password the request proves to know."""
        found: str | None = None
        for password in known:
            if request.signed_with(password):
                found = password
        return found

    def _not_understood(self, request: StunMessage) -> list[int]:
        """Attributes that must be understood (types below 0x8000) and are not."""
        found = []
        for each in request.attributes:
            if each.type == stun.CHANGE_REQUEST:
                if each.value[3:4] and each.value[3] & _ASKED_FOR_ANOTHER:
                    found.append(each.type)
            # RFC 3489 devices send PASSWORD and what not; only RFC 5389 is strict about it.
            elif each.type < 0x8000 and each.type not in _TAKEN and request.modern:
                found.append(each.type)
        return found[:4]

    def _reply_to(self, request: StunMessage, source: SocketAddress, host: stun.IPAddress) -> SocketAddress:
        """Where the answer goes: to the source, or to the RESPONSE-ADDRESS by which a CPE tries whether its
        binding still lives (§G.2.1.3). Only to a binding of the same host: else anybody could aim at anybody.
        """
        value = request.get(stun.RESPONSE_ADDRESS)
        if value is None:
            return source
        try:
            wanted = stun.unpack_address(value)
        except StunError:
            return source
        binding = self.bindings.at(wanted)
        return binding.reply_to if binding is not None and wanted[0] == str(host) else source

    def _reply(self, message: StunMessage, address: SocketAddress, password: str | None = None) -> None:
        # An error is never signed: who has not proven anything is told nothing about a password.
        data = stun.encode(message, password)
        if self._transport is not None:
            self._transport.sendto(data, address)

    # ---- sending

    async def send_copies(
        self, datagram: bytes, address: Address, *, until: Callable[[], bool] = lambda: False
    ) -> None:
        """Send the identical datagram to `address` up to three times, until the device has come."""
        binding = self.bindings.at(address)
        where: SocketAddress = binding.reply_to if binding is not None else self._as_ours(address)
        for wait in COPY_WAITS:
            if wait:
                await asyncio.sleep(wait)
            if until() or self._transport is None:
                return
            self._transport.sendto(datagram, where)
            self.counts.sent += 1

    def _as_ours(self, address: Address) -> SocketAddress:
        host, port = address
        if self._six and ":" not in host:
            return (f"::ffff:{host}", port, 0, 0)
        return address


def bind(host: str, port: int) -> socket.socket:
    """The server's socket. Raises OSError. An IPv6 wildcard takes IPv4 too."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_DGRAM)
    try:
        made.setblocking(False)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if host == "::" else 1)
        # Thousands of CPEs may speak at once after a power cut.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        made.bind((host, port))
    except BaseException:
        made.close()
        raise
    return made
