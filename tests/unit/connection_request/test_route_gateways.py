"""Routes through gateways: what is said to them, and what their refusals look like. Sockets on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cwmp.connection_request.address import Target
from cwmp.connection_request.answer import Answer
from cwmp.connection_request.gateways import HttpGateway, Socks5
from cwmp.connection_request.http import request_http
from cwmp.connection_request.route import Direct, Route

TARGET = Target("192.0.2.9", 7547, "/ring?a=1")
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def ask(route_to: Callable[[int], Route], gateway: Handler, seconds: float = 2.0) -> Answer:
    """Ask the device 192.0.2.9 through a gateway that behaves like `gateway`."""

    async def main() -> Answer:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await gateway(reader, writer)
            except (asyncio.IncompleteReadError, ConnectionError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            return await request_http(TARGET, "192.0.2.9", "u", "p", route=route_to(port), seconds=seconds)

    return asyncio.run(main())


def socks(port: int) -> Route:
    return Socks5("127.0.0.1", port)


def tunnel(port: int) -> Route:
    return HttpGateway("127.0.0.1", port)


def test_socks_is_told_the_checked_number() -> None:
    heard: list[bytes] = []

    async def gateway(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(3) == b"\5\1\0"
        writer.write(b"\5\0")
        heard.append(await reader.readexactly(10))
        writer.write(b"\5\0\0\1\0\0\0\0\0\0")
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    assert ask(socks, gateway).word == "accepted"
    assert heard[0] == b"\5\1\0\1" + bytes([192, 0, 2, 9]) + (7547).to_bytes(2, "big")
    assert heard[1].startswith(b"GET /ring?a=1 HTTP/1.1\r\nHost: 192.0.2.9:7547\r\n")


def test_socks_with_a_password() -> None:
    heard: list[bytes] = []

    async def gateway(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(4)
        writer.write(b"\5\2")
        heard.append(await reader.readexactly(10))
        writer.write(b"\1\1")

    answer = ask(lambda port: Socks5("127.0.0.1", port, "me", "hush!"), gateway)
    assert heard == [b"\1\2me\5hush!"]
    assert answer.word == "unreachable" and "refused its username or password" in answer.detail
    assert "hush!" not in repr(Socks5("h", 1, "me", "hush!"))


@pytest.mark.parametrize(("code", "word"), [(5, "refused the connection"), (2, "does not allow"), (99, "99")])
def test_what_socks_refuses(code: int, word: str) -> None:
    async def gateway(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(3)
        writer.write(b"\5\0")
        await reader.readexactly(10)
        writer.write(bytes([5, code, 0, 1]) + bytes(6))

    answer = ask(socks, gateway)
    assert answer.word == "unreachable" and word in answer.detail


def test_an_http_gateway_makes_a_tunnel() -> None:
    heard: list[bytes] = []

    async def gateway(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.0 200 Connection established\r\nVia: x\r\n\r\n")
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 503 Busy\r\n\r\n")

    assert (
        ask(lambda port: HttpGateway("127.0.0.1", port, username="a", password="b"), gateway).word == "busy"
    )
    assert heard[0].startswith(b"CONNECT 192.0.2.9:7547 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic YTpi\r\n" in heard[0]
    assert b"Proxy-Authorization" not in heard[1]  # that is the device


@pytest.mark.parametrize("status", [403, 407, 500, 502, 503])
def test_a_tunnel_that_is_refused_is_not_the_devices_answer(status: int) -> None:
    async def gateway(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 %d No\r\n\r\n" % status)

    assert ask(tunnel, gateway).word == "unreachable"


def test_a_gateway_that_reads_the_request_gets_the_whole_url() -> None:
    heard: list[bytes] = []

    async def gateway(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(
            b'HTTP/1.1 401 x\r\nWWW-Authenticate: Digest realm="r", nonce="n"\r\nConnection: close\r\n\r\n'
        )
        if len(heard) > 1:
            return

    ask(lambda port: HttpGateway("127.0.0.1", port, tunnel=False), gateway)
    assert heard[0].startswith(b"GET http://192.0.2.9:7547/ring?a=1 HTTP/1.1\r\n")
    assert b'uri="/ring?a=1"' in heard[1]  # the device sees a path, and signs over that

    async def dead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 500 Unable to connect\r\n\r\n")

    answer = ask(lambda port: HttpGateway("127.0.0.1", port, tunnel=False), dead)
    assert answer.word == "unreachable"


def test_a_gateway_that_is_not_there() -> None:
    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None: ...

    answer = ask(lambda _: Socks5("127.0.0.1", 1), never)
    assert answer.word == "unreachable" and "the gateway socks5 127.0.0.1:1 is not reached" in answer.detail


def test_a_gateway_that_says_nothing_costs_no_more_than_the_time_given() -> None:
    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    assert ask(socks, mute, seconds=0.2).word == "unreachable"


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=60), st.booleans())
def test_a_gateway_may_send_anything(data: bytes, http: bool) -> None:
    async def gateway(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(data)

    assert ask(tunnel if http else socks, gateway, seconds=1.0).word in (
        "unreachable", "no_answer", "refused", "accepted",
    )  # fmt: skip


def test_a_source_address_is_bound_before_connecting() -> None:
    async def main() -> str:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(str(writer.get_extra_info("peername")[0]).encode())
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            reader, writer = await Direct(source_address="127.0.0.9").connect("127.0.0.1", port)
            seen = await reader.read()
            writer.close()
            return seen.decode()

    assert asyncio.run(main()) == "127.0.0.9"


@pytest.mark.parametrize("route", [Direct(source_address="192.0.2.77"), Direct(interface="nosuch0")])
def test_a_route_that_is_not_there_is_not_taken(route: Direct) -> None:
    async def main() -> None:
        await route.connect("127.0.0.1", 1)

    with pytest.raises(OSError, match=r"source address 192\.0\.2\.77|interface nosuch0"):
        asyncio.run(main())
