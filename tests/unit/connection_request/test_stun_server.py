"""The STUN server on loopback: what it answers, to whom, and to whom not; and where requests are sent."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
from collections.abc import Awaitable, Callable

import pytest

from cwmp.connection_request import stun as server_side
from cwmp.connection_request.growing import GrowingNumbers
from cwmp.connection_request.stun import StunRules, StunServer, bind
from cwmp.connection_request.udp import StunDevice, UdpRequests, parse_reported
from cwmp.wire import stun, udp_request
from cwmp.wire.stun import StunMessage

CLASSIC = b"\x07" * 16


class Passwords:
    def __init__(self, **known: str) -> None:
        self.known = known

    def of(self, username: str) -> tuple[str, ...]:
        found = self.known.get(username)
        return () if found is None else (found,)


class Client:
    """A bare UDP socket beside the server."""

    def __init__(self, server: tuple[str, int], host: str = "127.0.0.1") -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.socket.setblocking(False)
        self.server = server

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.socket.getsockname()
        return host, port

    async def receive(self, seconds: float = 2.0) -> bytes | None:
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.get_running_loop().sock_recv(self.socket, 2000)
        except TimeoutError:
            return None

    async def exchange(self, data: bytes, seconds: float = 2.0) -> StunMessage | None:
        self.socket.sendto(data, self.server)
        answer = await self.receive(seconds)
        return None if answer is None else stun.decode(answer)


Play = Callable[[StunServer, Callable[..., Client]], Awaitable[None]]


def play(scene: Play, passwords: Passwords | None = None, rules: StunRules | None = None) -> None:
    async def main() -> None:
        server = StunServer(passwords, rules)
        bound = bind("127.0.0.1", 0)
        where = bound.getsockname()
        await server.start(bound)
        clients: list[Client] = []

        def client(host: str = "127.0.0.1") -> Client:
            clients.append(Client(where, host))
            return clients[-1]

        try:
            await scene(server, client)
        finally:
            await server.close()
            for each in clients:
                each.socket.close()

    asyncio.run(main())


@pytest.mark.parametrize("transaction", [CLASSIC, stun.MAGIC_COOKIE + b"\x07" * 12])
def test_a_binding_is_answered_and_remembered(transaction: bytes) -> None:
    async def scene(server: StunServer, client: Callable[..., Client]) -> None:
        cpe = client()
        answer = await cpe.exchange(stun.encode(stun.binding_request(transaction, username="cpe")))
        assert answer is not None and answer.transaction == transaction
        assert answer.mapped_address == cpe.address
        seen = server.bindings.at(cpe.address)
        assert seen is not None and seen.listening and not seen.proven and seen.username == "cpe"

    play(scene)


def test_a_known_username_has_to_prove_its_password() -> None:
    async def scene(server: StunServer, client: Callable[..., Client]) -> None:
        cpe = client()
        request = stun.binding_request(CLASSIC, username="cpe", changed=True)
        for data in (stun.encode(request), stun.encode(request, "wrong")):
            answer = await cpe.exchange(data)
            assert answer is not None and answer.error == (401, "Unauthorized")
            assert answer.get(stun.MESSAGE_INTEGRITY) is None
        assert len(server.bindings) == 0
        answer = await cpe.exchange(stun.encode(request, "right"))
        assert answer is not None and answer.type == stun.BINDING_RESPONSE
        assert answer.signed_with("right")
        seen = server.bindings.of("cpe")
        assert seen is not None and seen.proven
        # Others, who are not known here, are answered; but they prove nothing.
        other = await client().exchange(stun.encode(stun.binding_request(CLASSIC, username="guest")))
        assert other is not None and other.type == stun.BINDING_RESPONSE

    play(scene, Passwords(cpe="right"))


def test_where_proof_is_required_nobody_else_is_answered() -> None:
    async def scene(server: StunServer, client: Callable[..., Client]) -> None:
        for request in (stun.binding_request(CLASSIC), stun.binding_request(CLASSIC, username="guest")):
            answer = await client().exchange(stun.encode(request))
            assert answer is not None and answer.error is not None and answer.error[0] == 401
        assert len(server.bindings) == 0

    play(scene, Passwords(cpe="right"), StunRules(required=True))


def test_it_is_no_reflector() -> None:
    async def scene(server: StunServer, client: Callable[..., Client]) -> None:
        cpe = client()
        data = stun.encode(stun.binding_request(CLASSIC))
        answered = 0
        for _ in range(20):
            answered += await cpe.exchange(data, 0.05) is not None
        assert 5 <= answered <= 7
        assert server.counts.limited >= 13
        # Another host is served as ever.
        assert await client("127.0.0.2").exchange(data) is not None

    play(scene, rules=StunRules(rate=1, burst=5))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 19,
        os.urandom(40),
        b"GET / HTTP/1.1\r\n\r\n" * 3,
        stun.encode(StunMessage(stun.BINDING_RESPONSE, CLASSIC)),
        stun.encode(StunMessage(0x0002, CLASSIC)),
    ],
)
def test_what_is_no_binding_request_is_not_answered(data: bytes) -> None:
    async def scene(server: StunServer, client: Callable[..., Client]) -> None:
        assert await client().exchange(data, 0.1) is None
        assert await client().exchange(stun.encode(stun.binding_request(CLASSIC))) is not None

    play(scene)


def test_what_it_cannot_do_is_said() -> None:
    async def scene(server: StunServer, client: Callable[..., Client]) -> None:
        elsewhere = StunMessage(1, CLASSIC, (stun.Attribute(stun.CHANGE_REQUEST, b"\0\0\0\6"),))
        answer = await client().exchange(stun.encode(elsewhere))
        assert answer is not None and answer.error is not None and answer.error[0] == 420
        here = StunMessage(1, CLASSIC, (stun.Attribute(stun.CHANGE_REQUEST, b"\0\0\0\0"),))
        answer = await client().exchange(stun.encode(here))
        assert answer is not None and answer.type == stun.BINDING_RESPONSE

    play(scene)


def test_response_address_reaches_only_a_binding_of_the_same_host() -> None:
    """How a CPE finds out how long its NAT keeps a binding: it asks from a second port."""

    async def scene(server: StunServer, client: Callable[..., Client]) -> None:
        first, second, victim = client(), client(), client("127.0.0.3")
        await first.exchange(stun.encode(stun.binding_request(CLASSIC)))
        await victim.exchange(stun.encode(stun.binding_request(CLASSIC)))

        def aimed(at: tuple[str, int]) -> bytes:
            value = stun.pack_address(ipaddress.ip_address(at[0]), at[1])
            return stun.encode(StunMessage(1, b"\x08" * 16, (stun.Attribute(stun.RESPONSE_ADDRESS, value),)))

        second.socket.sendto(aimed(first.address), second.server)
        assert (await first.receive() or b"")[4:20] == b"\x08" * 16
        for stranger in (victim.address, ("127.0.0.1", 9), ("192.0.2.1", 53)):
            second.socket.sendto(aimed(stranger), second.server)
            assert await second.receive() is not None
        assert await victim.receive(0.1) is None

    play(scene)


def device(**more: object) -> StunDevice:
    return StunDevice("A-B-1", **more)  # type: ignore[arg-type]


def test_a_request_leaves_from_the_servers_socket_three_times_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server_side, "COPY_WAITS", (0.0, 0.02, 0.02))

    async def scene(server: StunServer, client: Callable[..., Client]) -> None:
        cpe = client()
        await cpe.exchange(stun.encode(stun.binding_request(CLASSIC, username="cpe"), "right"))
        requests = UdpRequests(server, GrowingNumbers())
        answer = await requests.ask(device(stun_username="cpe"), "acs user", "pw")
        assert answer.word == "sent"
        copies = []
        for _ in range(3):
            data, source = await asyncio.get_running_loop().sock_recvfrom(cpe.socket, 2000)
            assert source == cpe.server
            copies.append(data)
        assert len(set(copies)) == 1
        request = udp_request.decode(copies[0])
        assert request.username == "acs user" and request.signed_with("pw")
        assert await cpe.receive(0.1) is None
        # A device that has come is not asked any more.
        await requests.ask(device(stun_username="cpe"), "acs user", "pw", informed=lambda: True)
        assert await cpe.receive(0.1) is None
        again = await requests.ask(device(stun_username="cpe"), "acs user", "pw")
        assert again.word == "sent"
        newer = udp_request.decode(await cpe.receive() or b"")
        assert newer.timestamp > request.timestamp and newer.id > request.id
        await requests.close()

    play(scene, Passwords(cpe="right"))


def test_only_an_address_that_can_be_the_devices_is_used() -> None:
    async def scene(server: StunServer, client: Callable[..., Client]) -> None:
        requests = UdpRequests(server, GrowingNumbers(), own_names=("stun.example.net", "127.0.0.1"))
        cpe = client("127.0.0.5")

        async def word(**more: object) -> str:
            return (await requests.ask(device(**more), "u", "p")).word

        reported = f"127.0.0.5:{cpe.address[1]}"
        assert await word() == "no_method"
        assert await word(enabled=False) == "no_method"
        assert await word(reported=reported, informed_from="198.51.100.7") == "unsafe_address"
        assert await word(reported="10.0.0.1:99999") == "no_method"
        # The host the Inform came from is the device's own, and so are networks somebody allowed.
        assert await word(reported=reported, informed_from="127.0.0.5") == "sent"
        allowed = [ipaddress.ip_network("127.0.0.0/8")]
        assert await word(reported=reported, informed_from="::1", allowed=allowed) == "sent"
        # A binding this server saw itself, told by the device in its session.
        cpe.socket.sendto(stun.encode(stun.binding_request(CLASSIC, username="cpe")), cpe.server)
        # Behind it on the way: when this one is answered, the server has seen that one too.
        await client("127.0.0.7").exchange(stun.encode(stun.binding_request(CLASSIC)))
        assert await word(reported=reported, informed_from="198.51.100.7") == "sent"
        # The name alone, unproven, from another host than the session's: could be anybody.
        other = client("127.0.0.6")
        await other.exchange(stun.encode(stun.binding_request(CLASSIC, username="claimed")))
        assert await word(stun_username="claimed", informed_from="198.51.100.7") == "no_method"
        assert await word(stun_username="claimed", informed_from="127.0.0.6") == "sent"
        # Somebody else's STUN server: its socket gets through, ours does not.
        foreign = await requests.ask(
            device(reported="198.51.100.7:1", informed_from="198.51.100.7", server="stun.example.org"),
            "u",
            "p",
        )
        assert foreign.word == "no_method" and "stun.example.org" in foreign.detail
        assert "stun.example.net" in foreign.detail
        assert await word(reported=reported, informed_from="127.0.0.5", server="STUN.example.net.") in (
            "sent",
            "busy",
        )
        no_password = await requests.ask(device(reported=reported), "u", "")
        assert no_password.word == "no_method" and "ConnectionRequestPassword" in no_password.detail
        # Many devices that name one address cannot aim the ACS at it.
        words = [await word(reported=reported, informed_from="127.0.0.5") for _ in range(6)]
        assert words[-1] == "busy"
        await requests.close()

    play(scene)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("198.51.100.1:40000", ("198.51.100.1", 40000)),
        (" 198.51.100.1 ", ("198.51.100.1", 80)),
        ("[2001:db8::1]:9", ("2001:db8::1", 9)),
        ("::ffff:198.51.100.1", None),
        ("[::ffff:198.51.100.1]:9", ("198.51.100.1", 9)),
        ("localhost:9", None),
        ("198.51.100.1:0", None),
        ("198.51.100.1:70000", None),
        ("999.1.1.1:9", None),
        ("", None),
    ],
)
def test_reported_addresses(text: str, address: tuple[str, int] | None) -> None:
    assert parse_reported(text) == address
