"""Which socket a datagram must leave from to get through a home gateway: tried with real NATs.

The rows of this table are why the STUN server and the sender of UDP connection requests are one socket.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest

from cwmp.connection_request.stun import StunServer
from cwmp.wire import stun

TABLE = [
    # NAT, from another port of the STUN server's address, from another address, from the very socket
    ("masquerade", False, False, True),
    ("address-restricted", True, False, True),
    ("full cone", True, True, True),
    ("none", True, True, True),
]


@pytest.mark.parametrize(("nat", "other_port", "other_address", "own_socket"), TABLE)
def test_what_arrives(
    home: Callable[..., Any],
    net_module: Any,
    nat: str,
    other_port: bool,
    other_address: bool,
    own_socket: bool,
) -> None:
    net = home(nat)
    acs, acs_other = net_module.ACS, net_module.ACS_OTHER

    async def main() -> list[bool]:
        def bound(space: str, address: str, port: int) -> socket.socket:
            made: socket.socket = net.socket(space)
            made.bind((address, port))
            made.setblocking(False)
            return made

        server = StunServer()
        await server.start(bound(net.acs, acs, 3478))
        device = bound(net.cpe, net_module.CPE, 30000)
        senders = [bound(net.acs, acs, 3479), bound(net.acs, acs_other, 3478)]
        loop = asyncio.get_running_loop()

        async def received() -> bytes:
            async with asyncio.timeout(5):
                return await loop.sock_recv(device, 2000)

        try:
            device.sendto(stun.encode(stun.binding_request(b"\x07" * 16)), (acs, 3478))
            mapped = stun.decode(await received()).mapped_address
            assert mapped is not None
            assert (mapped[0] == net_module.WAN) is (nat != "none")
            binding = server.bindings.at(mapped)
            assert binding is not None
            for word, sender in zip((b"other port", b"other address"), senders, strict=True):
                sender.sendto(word, mapped)
            await server.send_copies(b"own socket", mapped, until=lambda: server.counts.sent > 0)
            arrived = {await received()}
            # What was sent before and has not come by now does not come: one path, in order.
            while True:
                try:
                    arrived.add(device.recv(2000))
                except BlockingIOError:
                    break
            return [word in arrived for word in (b"other port", b"other address", b"own socket")]
        finally:
            await server.close()
            for each in (device, *senders):
                each.close()

    assert asyncio.run(main()) == [other_port, other_address, own_socket]
