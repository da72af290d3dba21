"""A simulated CPE's STUN client against the ACS's own STUN server on loopback, and against forgeries."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping

from cwmp.connection_request.stun import StunServer, bind
from cwmp.lab.connection_request_server import Reception
from cwmp.lab.cpe import SimulatedCpe
from cwmp.lab.models import load_model
from cwmp.lab.stun import StunClient
from cwmp.lab.stun_settings import settings_of
from cwmp.lab.tree import DeviceTree
from cwmp.wire import udp_request
from cwmp.wire.udp_request import UdpRequest


class Passwords:
    def of(self, username: str) -> tuple[str, ...]:
        return ("stun secret",) if username == "cpe-1" else ()


class Cpe:
    """A CPE of which only the tree and the doorbell are real."""

    def __init__(self, port: int, **more: str) -> None:
        management = {
            "STUNEnable": "true",
            "STUNServerAddress": "127.0.0.1",
            "STUNServerPort": str(port),
            "STUNMinimumKeepAlivePeriod": "1",
            "ConnectionRequestUsername": "acs",
            "ConnectionRequestPassword": "pw",
            **more,
        }
        factory = {f".ManagementServer.{name}": value for name, value in management.items()}
        self.simulated = SimulatedCpe(load_model("tr181-gateway").base, factory=factory)
        self.reachable = True
        self.time_scale = 0.05
        self.rings = 0
        self.reception = Reception.ACCEPTED
        self.told: list[Mapping[str, str]] = []
        self.happened = asyncio.Event()
        self.client = StunClient(self)

    @property
    def tree(self) -> DeviceTree:
        return self.simulated.tree

    @property
    def connection_request_credentials(self) -> tuple[str, str]:
        management = self.simulated.management
        return management.connection_request_username, management.connection_request_password

    def ring(self) -> Reception:
        self.rings += 1
        self.happened.set()
        return self.reception

    def tell(self, values: Mapping[str, str]) -> None:
        self.told.append(values)
        for path, value in values.items():
            self.simulated.change(path, value)
        self.happened.set()

    def value(self, name: str) -> str:
        return self.simulated.value(f".ManagementServer.{name}")

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                self.happened.clear()
                await self.happened.wait()


def play(scene: Callable[[StunServer, Cpe], Awaitable[None]], **settings: str) -> None:
    async def main() -> None:
        server = StunServer(Passwords())
        bound = bind("127.0.0.1", 0)
        port = bound.getsockname()[1]
        await server.start(bound)
        cpe = Cpe(port, **settings)
        cpe.client.look()
        try:
            await scene(server, cpe)
        finally:
            cpe.client.stop()
            await server.close()

    asyncio.run(main())


def test_it_finds_its_address_and_tells_it() -> None:
    async def scene(server: StunServer, cpe: Cpe) -> None:
        await cpe.until(lambda: bool(cpe.told))
        address = cpe.client.address
        assert address is not None
        assert cpe.value("UDPConnectionRequestAddress") == f"127.0.0.1:{address[1]}"
        assert cpe.value("NATDetected") == "false"
        binding = server.bindings.at(address)
        assert binding is not None and binding.listening and not binding.proven
        before = server.counts.answered
        await asyncio.sleep(0.2)
        assert server.counts.answered >= before + 2  # keep-alive
        assert len(cpe.told) == 1
        cpe.simulated.change(".ManagementServer.STUNEnable", "false")
        cpe.client.look()
        assert cpe.value("UDPConnectionRequestAddress") == ""
        assert cpe.client.address is None

    play(scene)


def test_a_401_is_answered_with_a_proof() -> None:
    async def scene(server: StunServer, cpe: Cpe) -> None:
        await cpe.until(lambda: bool(cpe.told))
        binding = server.bindings.of("cpe-1")
        assert binding is not None and binding.proven
        assert server.counts.unauthorised == 1

    play(scene, STUNUsername="cpe-1", STUNPassword="stun secret")


def test_a_wrong_stun_password_gives_no_binding() -> None:
    async def scene(server: StunServer, cpe: Cpe) -> None:
        async with asyncio.timeout(5):
            while server.counts.unauthorised < 3:  # noqa: ASYNC110 - the server tells nobody
                await asyncio.sleep(0.01)
        assert not cpe.told and len(server.bindings) == 0

    play(scene, STUNUsername="cpe-1", STUNPassword="another")


def test_requests_are_believed_signed_new_and_once() -> None:
    async def scene(server: StunServer, cpe: Cpe) -> None:
        await cpe.until(lambda: bool(cpe.told))
        address = cpe.client.address
        assert address is not None

        async def send(*requests: UdpRequest) -> int:
            before, rings = cpe.client.requests + cpe.client.ignored, cpe.rings
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                for request in requests:
                    sender.sendto(udp_request.encode(request, *address), address)
            async with asyncio.timeout(5):
                while cpe.client.requests + cpe.client.ignored < before + len(requests):  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
            return cpe.rings - rings

        good = UdpRequest(1000, 1, "acs", "n").sign("pw")
        assert await send(good, good, good) == 1
        assert await send(UdpRequest(1000, 2, "acs", "n").sign("pw")) == 0  # ts has not grown
        assert await send(UdpRequest(999, 2, "acs", "n").sign("pw")) == 0
        assert await send(UdpRequest(1001, 1, "acs", "n").sign("pw")) == 0  # id repeats
        assert await send(UdpRequest(1001, 2, "acs", "n").sign("wrong")) == 0
        assert await send(UdpRequest(1001, 2, "other", "n").sign("pw")) == 0
        assert await send(UdpRequest(1001, 2, "acs", "n").sign("pw")) == 1
        # One that came at a bad moment is not spent: its copy is heard.
        cpe.reception = Reception.BUSY
        late = UdpRequest(1002, 3, "acs", "n").sign("pw")
        assert await send(late) == 1 and cpe.client.requests == 2
        cpe.reception = Reception.ACCEPTED
        assert await send(late, late) == 1 and cpe.client.requests == 3
        cpe.reachable = False
        assert await send(UdpRequest(1003, 4, "acs", "n").sign("pw")) == 0

    play(scene)


def test_another_server_is_another_binding() -> None:
    async def scene(server: StunServer, cpe: Cpe) -> None:
        await cpe.until(lambda: len(cpe.told) == 1)
        other = StunServer()
        bound = bind("127.0.0.1", 0)
        await other.start(bound)
        cpe.simulated.change(".ManagementServer.STUNServerPort", str(bound.getsockname()[1]))
        cpe.client.look()
        await cpe.until(lambda: len(cpe.told) == 2)
        assert other.counts.answered >= 1
        await other.close()

    play(scene)


def test_settings() -> None:
    def of(**more: str) -> object:
        values = {"STUNEnable": "true", **more}
        factory = {f".ManagementServer.{name}": value for name, value in values.items()}
        return settings_of(SimulatedCpe(load_model("tr098-gateway").base, factory=factory).tree)

    assert of(STUNEnable="false", STUNServerAddress="192.0.2.1") is None
    own = of(STUNServerAddress="", URL="http://acs.example.net:7547/")
    assert getattr(own, "host", "") == "acs.example.net" and getattr(own, "port", 0) == 3478
    assert getattr(of(STUNServerAddress="a"), "keep_alive", 0) == 30
    both = {"STUNMinimumKeepAlivePeriod": "90", "STUNMaximumKeepAlivePeriod": "60"}
    assert getattr(of(STUNServerAddress="a", **both), "keep_alive", 0) == 60
    assert "hush" not in repr(of(STUNServerAddress="a", STUNPassword="hush"))
