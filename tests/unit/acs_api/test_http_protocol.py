"""HTTP as CPEs speak it, byte by byte, without sockets."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable, Coroutine
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cwmp.acs.listen.http_protocol import CpeConnection, HttpLimits, HttpSide
from cwmp.acs.metrics import Metrics
from cwmp.acs.sessions.endpoint import HttpRequest, HttpResponse, ListenerRules

LIMIT = 5000


class Wire:
    """A transport that keeps what is written."""

    def __init__(self, peer: str = "192.0.2.7") -> None:
        self.peer = peer
        self.written = b""
        self.closed = False
        self.aborted = False
        self.paused = False
        self.unsent = 0

    def get_extra_info(self, name: str) -> object:
        return (self.peer, 5000) if name == "peername" else None

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def get_write_buffer_size(self) -> int:
        return self.unsent


class Endpoint:
    """Keeps the requests and answers them with their bodies."""

    rules = ListenerRules(first_body_limit=100)

    def __init__(self) -> None:
        self.requests: list[HttpRequest] = []
        self.lost: list[object] = []
        self.gate: asyncio.Event | None = None
        self.echo = True

    def body_limit(self, headers: object, connection: object) -> int:
        return LIMIT

    async def handle(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        if self.gate is not None:
            await self.gate.wait()
        if request.path == "/raise":
            raise RuntimeError("a bug")
        if not request.body:
            return HttpResponse(204)
        return HttpResponse(200, [(b"content-type", b"text/xml")], request.body if self.echo else b"ok")

    def connection_lost(self, connection: object) -> None:
        self.lost.append(connection)


class Rig:
    def __init__(self, **side: Any) -> None:
        self.endpoint = Endpoint()
        self.side = HttpSide(self.endpoint, metrics=Metrics(), **side)  # type: ignore[arg-type]
        self.wire = Wire()
        self.connection = CpeConnection(self.side)
        self.connection.connection_made(self.wire)  # type: ignore[arg-type]

    async def feed(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.connection.data_received(piece)
            await settle()

    @property
    def bodies(self) -> list[bytes]:
        return [request.body for request in self.endpoint.requests]


async def settle() -> None:
    for _ in range(6):
        await asyncio.sleep(0)


def post(body: bytes = b"", *headers: bytes, length: int | None = None, version: bytes = b"1.1") -> bytes:
    announced = len(body) if length is None else length
    lines = [b"POST /cwmp HTTP/" + version, b"Host: acs", *headers, b"Content-Length: %d" % announced]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def play(scene: Callable[[Rig], Coroutine[Any, Any, None]], **side: Any) -> Rig:
    async def run() -> Rig:
        rig = Rig(**side)
        await scene(rig)
        return rig

    return asyncio.run(run())


def fed(*pieces: bytes, **side: Any) -> Rig:
    return play(lambda rig: rig.feed(*pieces), **side)


def test_a_request_and_its_response() -> None:
    rig = fed(post(b"<x/>", b"SOAPAction: "))
    request = rig.endpoint.requests[0]
    assert (request.method, request.path, request.body, request.peer) == (
        "POST",
        "/cwmp",
        b"<x/>",
        "192.0.2.7",
    )
    assert (b"soapaction", b"") in request.headers
    assert rig.wire.written == b"HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: 4\r\n\r\n<x/>"
    assert not rig.wire.closed


def test_an_empty_post_without_length_is_answered_204_without_length() -> None:
    rig = fed(b"POST / HTTP/1.1\r\nHost: acs\r\n\r\n")
    assert rig.wire.written == b"HTTP/1.1 204 No Content\r\n\r\n"


def test_stray_byte_after_the_body_belongs_to_it() -> None:
    body = "<a>ç</a>".encode()
    rig = fed(post(body, length=len(body) - 1), post(b"<b/>"))
    assert rig.bodies == [body, b"<b/>"]


def test_stray_byte_before_the_next_request_is_dropped() -> None:
    rig = fed(post(b"<a/"), b">", post(b"<b/>"), b">\r\n" + post(b"<c/>"), b"e>PO", post(b"<d/>")[2:])
    assert rig.bodies == [b"<a/", b"<b/>", b"<c/>", b"<d/>"]


def test_stray_bytes_are_no_licence() -> None:
    rig = fed(post(b"<a/>"), b"x" * 400)
    assert b"400 Bad Request" in rig.wire.written and rig.wire.closed


def test_stray_bytes_are_refused_at_the_start_and_behind_a_proxy() -> None:
    assert b" 400 " in fed(b">" + post(b"<a/>")).wire.written
    proxy = (ipaddress.ip_network("192.0.2.0/24"),)
    rig = fed(post(b"<a/>"), b">" + post(b"<b/>"), trusted_proxies=proxy)
    assert rig.bodies == [b"<a/>"] and rig.wire.closed


def test_folded_header() -> None:
    rig = fed(post(b"", b'Authorization: Digest username="a",\r\n  realm="b"'))
    assert (b"authorization", b'Digest username="a", realm="b"') in rig.endpoint.requests[0].headers


def test_chunked() -> None:
    rig = fed(
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n<a/\r\n",
        b"1\r\n>\r\n0\r\n\r\n",
        post(b"<b/>"),
    )
    assert rig.bodies == [b"<a/>", b"<b/>"]


def test_trailers_are_no_headers_and_bounded() -> None:
    head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    rig = fed(head + b"1\r\nx\r\n0\r\nX-Forwarded-For: 192.0.2.9\r\n\r\n", post(b"<b/>"))
    assert rig.bodies == [b"x", b"<b/>"]
    assert [name for name, _ in rig.endpoint.requests[0].headers] == [b"transfer-encoding"]
    for endless in (b"0\r\nA: ", b"0\r\n" + b"A: b\r\n" * 100, b"1;"):
        rig = fed(head + endless, *[b"A: b\r\n" * 1000] * 10)
        assert rig.wire.closed and b" 400 " in rig.wire.written and not rig.bodies
    single = b"".join(b"1\r\nx\r\n" for _ in range(4000))
    assert fed(head, single[:9000], single[9000:] + b"0\r\n\r\n").bodies == [b"x" * 4000]


def test_expect_100_continue() -> None:
    whole = post(b"<a/>", b"Expect: 100-continue")
    rig = fed(whole[:-4])
    assert rig.wire.written == b"HTTP/1.1 100 Continue\r\n\r\n"
    rig = fed(whole[:-4], whole[-4:])
    assert rig.bodies == [b"<a/>"]
    assert rig.wire.written.count(b"HTTP/1.1") == 2


def test_http_1_0_closes_unless_it_asks_to_stay() -> None:
    rig = fed(post(b"<a/>", version=b"1.0"))
    assert rig.wire.closed and b"connection: close" in rig.wire.written
    rig = fed(post(b"<a/>", b"Connection: keep-alive", version=b"1.0"))
    assert not rig.wire.closed and b"connection: keep-alive" in rig.wire.written


def test_connection_close_is_honoured() -> None:
    rig = fed(post(b"<a/>", b"Connection: close"))
    assert rig.wire.closed and b"connection: close" in rig.wire.written


def test_an_offer_to_upgrade_is_passed_over() -> None:
    rig = fed(post(b"<a/>", b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAM"))
    assert rig.bodies == [b"<a/>"]


def test_absolute_request_target_and_query() -> None:
    rig = fed(b"POST http://acs:7547/a/b?c HTTP/1.1\r\n\r\n")
    assert rig.endpoint.requests[0].path == "/a/b"


def test_bounds() -> None:
    for pieces, status in (
        ([b"POST / HTTP/1.1\r\nA: " + b"a" * 40_000], b"431"),
        ([b"POST / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n"], b"431"),
        ([post(b"", length=LIMIT + 1)], b"413"),
        ([b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1800\r\n" + b"x" * 0x1800], b"413"),
        ([b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 50 + b"\r\n\r\n"], b"400"),
        ([b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"], b"400"),
        ([b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"], b"400"),
        ([b"POST / HTTP/2.0\r\n\r\n"], b"505"),
        ([b"CONNECT acs:80 HTTP/1.1\r\n\r\n"], b"400"),
    ):
        rig = fed(*pieces)
        assert rig.wire.written.startswith(b"HTTP/1.1 " + status), (pieces[0][:60], rig.wire.written)
        assert rig.wire.closed and not rig.endpoint.requests


def test_pipelining_is_served_in_order_and_bounded() -> None:
    async def scene(rig: Rig) -> None:
        rig.endpoint.gate = asyncio.Event()
        await rig.feed(post(b"<a/>") + post(b"<b/>"))
        assert rig.bodies == [b"<a/>"]
        await rig.feed(post(b"<c/>") * 2000)
        assert rig.wire.paused
        rig.endpoint.gate.set()
        rig.endpoint.gate = None
        while len(rig.endpoint.requests) < 2002:
            await settle()
        assert not rig.wire.paused

    play(scene)


def test_a_bug_is_a_500_and_closes() -> None:
    rig = fed(b"POST /raise HTTP/1.1\r\n\r\n")
    assert b" 500 " in rig.wire.written and rig.wire.closed


def test_slow_senders_and_readers_are_cut_off() -> None:
    async def head(rig: Rig) -> None:
        await rig.feed(b"POST / HTTP/1.1\r\nHo")
        rig.side.sweep(asyncio.get_running_loop().time() + 21)

    rig = play(head)
    assert b" 408 " in rig.wire.written and rig.wire.closed

    async def body(rig: Rig) -> None:
        await rig.feed(post(b"abc", length=10))
        now = asyncio.get_running_loop().time()
        rig.side.sweep(now + 100)
        assert not rig.wire.closed
        for second in range(200):
            await rig.feed(b"")
            rig.side.sweep(now + second)

    rig = play(body)
    assert b" 408 " in rig.wire.written and rig.wire.closed

    async def idle(rig: Rig) -> None:
        await rig.feed(post())
        now = asyncio.get_running_loop().time()
        rig.side.sweep(now + 170)
        assert not rig.wire.closed
        rig.side.sweep(now + 190)

    rig = play(idle)
    assert rig.wire.closed and b"408" not in rig.wire.written

    async def reader(rig: Rig) -> None:
        await rig.feed(post(b"<a/>"))
        rig.wire.unsent = 4
        rig.side.sweep(asyncio.get_running_loop().time() + 190)

    assert play(reader).wire.aborted


def test_a_request_under_way_has_no_deadline() -> None:
    async def scene(rig: Rig) -> None:
        rig.endpoint.gate = asyncio.Event()
        await rig.feed(post(b"<a/>"))
        rig.side.sweep(asyncio.get_running_loop().time() + 10_000)
        assert not rig.wire.closed
        rig.side.close_idle()
        assert not rig.wire.closed
        rig.endpoint.gate.set()
        await settle()
        assert rig.wire.closed and b"connection: close" in rig.wire.written

    play(scene)


def test_too_many_connections() -> None:
    async def run() -> None:
        side = HttpSide(Endpoint(), limits=HttpLimits(connections=1))  # type: ignore[arg-type]
        first, second = Wire(), Wire()
        CpeConnection(side).connection_made(first)  # type: ignore[arg-type]
        connection = CpeConnection(side)
        connection.connection_made(second)  # type: ignore[arg-type]
        assert not first.closed
        assert second.written.startswith(b"HTTP/1.1 503 ") and b"retry-after: " in second.written
        connection.connection_lost(None)
        assert len(side.connections) == 1

    asyncio.run(run())


def test_forwarded_for_only_from_trusted_proxies() -> None:
    headers = (b"X-Forwarded-For: 10.1.1.1, 203.0.113.9, 192.0.2.8", b"X-Forwarded-Proto: https")
    request = fed(post(b"", *headers)).endpoint.requests[0]
    assert (request.peer, request.secure, request.connection.shared) == ("192.0.2.7", False, False)
    proxies = (ipaddress.ip_network("192.0.2.0/24"),)
    request = fed(post(b"", *headers), trusted_proxies=proxies).endpoint.requests[0]
    assert (request.peer, request.secure, request.connection.shared) == ("203.0.113.9", True, True)


def test_bytes_one_at_a_time_make_no_difference() -> None:
    whole = post(b"<a/>", b"A: b\r\n c") + post() + b"\r\n" + post(b"<b/>")
    rig = fed(*[whole[at : at + 1] for at in range(len(whole))])
    assert rig.bodies == [b"<a/>", b"", b"<b/>"]


@given(st.lists(st.binary(max_size=80), max_size=6), st.integers(0, 200))
@settings(max_examples=150, deadline=None)
def test_any_bytes_end_in_a_request_or_a_refusal(pieces: list[bytes], cut: int) -> None:
    whole = post(b"<a/>") + b"".join(pieces)

    async def scene(rig: Rig) -> None:
        rig.endpoint.echo = False
        await rig.feed(whole[:cut], whole[cut:])

    rig = play(scene)
    assert all(isinstance(request, HttpRequest) for request in rig.endpoint.requests)
    for answer in rig.wire.written.split(b"HTTP/1.1 ")[1:]:
        assert int(answer[:3]) in (200, 204, 400, 408, 413, 431, 505)


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_first_bytes(data: bytes) -> None:
    rig = fed(data, b"\r\n\r\n")
    assert rig.wire.written == b"" or rig.wire.written.startswith(b"HTTP/1.1 ")
