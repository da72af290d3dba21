"""HTTP/1 as CPEs speak it: bytes of one TCP connection in, requests for the endpoint out, and back.

A lean protocol on httptools rather than a web framework, for two reasons. What real CPEs send needs a hand
before a strict parser sees it (stray bytes before a request line, folded headers), and the framework's part
is the largest cost of a CWMP session. The head of a request is cut out here, mended if need be, and judged by
httptools' strict parser; bodies are bounded in size and every stage in time.

CPEs never pipeline (TR-069a6 §3.4.6). Who does is served one request after the other.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import httptools

from cwmp.acs.listen import eager
from cwmp.acs.listen.http_text import Network, hop_address, path_of, peer_address, response_bytes, within
from cwmp.acs.metrics import Metrics
from cwmp.acs.sessions.endpoint import ConnectionState, Endpoint, HttpRequest, HttpResponse

log = logging.getLogger("cwmp.acs.http")

STRAY_LIMIT = 256
MOST_FRAMING = 10
"""Bytes a chunked body takes for each byte in it, at most: chunks of one byte take six."""
READ_AHEAD = 64 * 1024
REQUEST_LINE = re.compile(rb"[A-Z]{3,12} [^ \r\n]+ HTTP/1\.[01]\r\n")
PLAUSIBLE = re.compile(rb"[A-Z]{1,12}(?: |$)")
PERHAPS_BEGUN = re.compile(rb"[A-Z]{1,12}(?: [^\r\n]*)?$")
FOLD = re.compile(rb"\r\n[ \t]+")
UPGRADE = re.compile(rb"\r\nupgrade:[^\r\n]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Bounds of one listener. Times in seconds, sizes in bytes.

    head_seconds: from connecting (or the first byte of a later request) to the end of the head.
    body_seconds: from the head to the end of the body. idle_seconds: between requests; a CPE may think for
    minutes before it answers, so this is longer than its response timeout.
    """

    head_size: int = 32 * 1024
    headers: int = 100
    head_seconds: float = 20.0
    body_seconds: float = 180.0
    idle_seconds: float = 180.0
    connections: int = 20_000


@dataclass(slots=True)
class HttpSide:
    """What the connections of one listener share."""

    endpoint: Endpoint
    limits: HttpLimits = field(default_factory=HttpLimits)
    trusted_proxies: tuple[Network, ...] = ()
    metrics: Metrics | None = None
    connections: set[CpeConnection] = field(default_factory=set)
    lost: Callable[[], None] | None = None

    def sweep(self, now: float) -> None:
        """Close what has been too slow; called about once a second."""
        for connection in [c for c in self.connections if c.deadline < now]:
            connection.too_slow()

    def close_idle(self) -> None:
        """Close connections that are between requests; the others close after their response."""
        for connection in list(self.connections):
            connection.finish()


class CpeConnection(asyncio.Protocol):
    """One TCP connection of a CPE, or of a proxy before CPEs.

    peer: address of the CPE where something before HTTP told it (PROXY protocol); "" for the socket's own.
    """

    __slots__ = (
        "_beyond",
        "_busy",
        "_complete",
        "_content_length",
        "_drop_after",
        "_expect",
        "_framing",
        "_headers",
        "_in_body",
        "_keep",
        "_loop",
        "_parser",
        "_parts",
        "_reading_paused",
        "_received",
        "_rest",
        "_served",
        "_side",
        "_size_limit",
        "_stray",
        "_task",
        "_transport",
        "_url",
        "_write_paused",
        "deadline",
        "peer",
        "secure",
        "state",
    )  # fmt: skip

    def __init__(self, side: HttpSide, peer: str = "") -> None:
        self._side = side
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self.peer = peer
        self.secure = False
        self.state: ConnectionState | None = None
        self.deadline = float("inf")
        self._rest = b""
        self._served = False
        self._stray = 0
        self._busy = False
        self._in_body = False
        self._write_paused = False
        self._reading_paused = False
        self._drop_after = False
        self._task: asyncio.Task[None] | None = None
        self._begin()

    def _begin(self) -> None:
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._content_length = -1
        self._expect = False
        self._keep = True
        self._complete = False
        self._beyond = False
        self._parts: list[bytes] = []
        self._framing = 0
        self._received = 0
        self._size_limit = 0

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self._transport = transport  # type: ignore[assignment]
        side = self._side
        own = peer_address(transport.get_extra_info("peername"))
        self.secure = transport.get_extra_info("sslcontext") is not None
        shared = not self.peer and within(own, side.trusted_proxies)
        self.peer = self.peer or own
        self.state = ConnectionState(shared=shared)
        if len(side.connections) >= side.limits.connections:
            self._refuse(503, [(b"retry-after", str(random.randint(30, 90)).encode())])  # noqa: S311
            return
        side.connections.add(self)
        self.deadline = self._loop.time() + side.limits.head_seconds

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.deadline = float("inf")
        self._side.connections.discard(self)
        if self.state is not None:
            self._side.endpoint.connection_lost(self.state)
        if self._side.lost is not None:
            self._side.lost()

    def eof_received(self) -> bool:
        # A CPE may close its half after the request and still wait for the answer.
        self._drop_after = True
        return self._busy

    def pause_writing(self) -> None:
        self._write_paused = True

    def resume_writing(self) -> None:
        self._write_paused = False
        self._next()

    def data_received(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if self._busy or self._write_paused:
            self._rest += data
            if len(self._rest) > READ_AHEAD and not self._reading_paused:
                self._reading_paused = True
                self._transport.pause_reading()
        elif self._in_body:
            self._take_body(data)
        else:
            self._take_head(self._rest + data if self._rest else data)

    # time

    def too_slow(self) -> None:
        """The deadline of this stage is over."""
        transport = self._transport
        self.deadline = float("inf")
        if transport is None:
            return
        if transport.get_write_buffer_size():
            transport.abort()  # it does not read what it asked for
        elif self._in_body or (self._rest and not self._busy):
            self._refuse(408)
        else:
            transport.close()

    def finish(self) -> None:
        """Close now if no request is under way, else after its response."""
        self._drop_after = True
        if not self._busy and self._transport is not None:
            self._transport.close()

    # the head

    def _take_head(self, data: bytes) -> None:
        if not data.startswith(b"POST "):
            data = self._without_stray(data)
            if not data:
                self._rest = b""
                return
        end = data.find(b"\r\n\r\n")
        limits = self._side.limits
        if end < 0 or end > limits.head_size:
            if len(data) > limits.head_size:
                self._refuse(431)
                return
            if not self._rest and self._served:
                self.deadline = self._loop.time() + limits.head_seconds
            self._rest = data
            return
        head, self._rest = data[: end + 4], b""
        if b"\r\n " in head or b"\r\n\t" in head:
            head = FOLD.sub(b" ", head)
        self._begin()
        try:
            self._parse(head)
        except httptools.HttpParserError as error:
            log.debug("%s: not HTTP: %s", self.peer, error)
            self._refuse(400)
            return
        if len(self._headers) > limits.headers:
            self._refuse(431)
            return
        if self._parser.get_http_version() not in ("1.1", "1.0"):
            self._refuse(505)
            return
        self._body_follows(data[end + 4 :])

    def _parse(self, head: bytes) -> None:
        try:
            self._parser.feed_data(head)
        except httptools.HttpParserUpgrade:
            # An offer (of HTTP/2, say) that may be passed over; the parser would pass over the body instead.
            self._begin()
            self._parser = httptools.HttpRequestParser(self)
            try:
                self._parser.feed_data(UPGRADE.sub(b"", head))
            except httptools.HttpParserUpgrade as again:
                raise httptools.HttpParserError("CONNECT") from again

    def _without_stray(self, data: bytes) -> bytes:
        """`data` from where a request begins.

        A CPE that counts its Content-Length in characters sends more bytes than it announces, and these come
        before its next request. "" when nothing of a request is there.
        """
        data = data.lstrip(b"\r\n")
        if not data or PLAUSIBLE.match(data[:13]):
            return data
        if not self._served or (self.state is not None and self.state.shared):
            # First bytes of a connection are never stray, and behind a proxy they could be somebody else's.
            return data
        found = REQUEST_LINE.search(data, 0, STRAY_LIMIT + 8192) or PERHAPS_BEGUN.search(data)
        start = found.start() if found else len(data)
        self._stray += start
        if self._stray > STRAY_LIMIT:
            self._refuse(400)
            return b""
        return data[start:]

    # httptools' callbacks

    def on_message_begin(self) -> None:
        if self._complete:
            self._beyond = True

    def on_url(self, url: bytes) -> None:
        if not self._complete:
            self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._complete or self._in_body:
            return  # after a chunked body come trailers, which say nothing here
        name = name.lower()
        self._headers.append((name, value))
        if name == b"content-length":
            self._content_length = int(value)
        elif name == b"expect":
            self._expect = value.lower() == b"100-continue"

    def on_headers_complete(self) -> None:
        if not self._complete:
            self._keep = self._parser.should_keep_alive()  # asked later, the parser has forgotten

    def on_body(self, body: bytes) -> None:
        if self._complete:
            return
        self._received += len(body)
        if self._received <= self._size_limit:
            self._parts.append(body)

    def on_message_complete(self) -> None:
        self._complete = True

    # the body

    def _body_follows(self, data: bytes) -> None:
        side = self._side
        assert self.state is not None and self._transport is not None
        if self._complete:
            self._rest = data
            self._dispatch()
            return
        if 0 <= self._content_length <= side.endpoint.rules.first_body_limit:
            self._size_limit = self._content_length  # allowed to everybody: whose it is need not be known
        else:
            self._size_limit = side.endpoint.body_limit(self._headers, self.state)
        if self._content_length > self._size_limit:
            self._refuse(413)
            return
        if self._expect and not data:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._in_body = True
        self.deadline = self._loop.time() + side.limits.body_seconds
        if data:
            self._take_body(data)

    def _take_body(self, data: bytes) -> None:
        mine, rest = data, b""
        if self._content_length >= 0:
            left = self._content_length - self._received
            if len(data) > left:
                mine, rest = data[:left], data[left:]
        else:
            self._framing += len(data)
        try:
            self._parser.feed_data(mine)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if not self._complete:
                log.debug("%s: not HTTP: %s", self.peer, error)
                self._refuse(400)
                return
            self._beyond = True
        if self._received > self._size_limit:
            self._refuse(413)
        elif self._complete:
            self._in_body = False
            self._rest = self._with_stray(rest) if rest else rest
            self._dispatch()
        elif self._framing > MOST_FRAMING * self._received + self._side.limits.head_size:
            self._refuse(400)

    def _with_stray(self, rest: bytes) -> bytes:
        """Bytes after the announced end that begin no request are the end of this body, miscounted."""
        assert self.state is not None
        if len(rest) > STRAY_LIMIT or self.state.shared or PLAUSIBLE.match(rest.lstrip(b"\r\n")[:13]):
            return rest
        found = REQUEST_LINE.search(rest)
        start = found.start() if found else len(rest)
        self._parts.append(rest[:start])
        return rest[start:]

    # the response

    def _dispatch(self) -> None:
        assert self.state is not None
        self._busy = True
        self.deadline = float("inf")
        headers = self._headers
        keep = self._keep and not self._beyond
        one_zero = self._parser.get_http_version() == "1.0"
        if self._beyond:
            self._parser = httptools.HttpRequestParser(self)
        if not keep:
            self._drop_after = True
        parts = self._parts
        request = HttpRequest(
            method=self._parser.get_method().decode("ascii"),
            path=path_of(self._url),
            headers=headers,
            body=parts[0] if len(parts) == 1 else b"".join(parts),
            peer=self.peer,
            connection=self.state,
            secure=self.secure,
        )
        if self.state.shared:
            self._believe_proxy(request)
        # Kept, because the loop itself holds tasks weakly.
        self._task = eager.start(self._answer(request, one_zero and keep), self._loop)

    def _believe_proxy(self, request: HttpRequest) -> None:
        """The CPE's address as the nearest untrusted hop, and whether it came by TLS, as the proxy says."""
        hops: list[str] = []
        for name, value in request.headers:
            if name == b"x-forwarded-for":
                hops += [hop.strip() for hop in value.decode("latin-1").split(",")]
            elif name == b"x-forwarded-proto":
                request.secure = value.strip().lower() == b"https"
        for hop in reversed(hops):
            address = hop_address(hop)
            if not address:
                break
            request.peer = address
            if not within(address, self._side.trusted_proxies):
                break

    async def _answer(self, request: HttpRequest, say_keep_alive: bool) -> None:
        try:
            response = await self._side.endpoint.handle(request)
        except Exception:
            log.exception("%s: the request could not be answered", self.peer)
            response = HttpResponse(500)
            self._drop_after = True
        transport = self._transport
        self._busy = False
        self._served = True
        self._stray = 0
        if transport is None or transport.is_closing():
            return
        extra = b"connection: close\r\n" if self._drop_after else b""
        if say_keep_alive and not extra:
            extra = b"connection: keep-alive\r\n"
        transport.write(response_bytes(response, extra, head_only=request.method == "HEAD"))
        if response.status >= 400 and response.status != 401 and self._side.metrics is not None:
            self._side.metrics.bad_request(response.status)
        if self._drop_after:
            transport.close()
            return
        self.deadline = self._loop.time() + self._side.limits.idle_seconds
        if self._rest or self._reading_paused:
            # Not from here: a heap of requests sent at once must not become as deep a stack.
            self._loop.call_soon(self._next)

    def _next(self) -> None:
        """Go on with what came while the last request was being answered."""
        transport = self._transport
        if transport is None or transport.is_closing() or self._busy or self._write_paused:
            return
        if self._rest and not self._in_body:
            data, self._rest = self._rest, b""
            self._take_head(data)
        if self._reading_paused and len(self._rest) <= READ_AHEAD:
            self._reading_paused = False
            transport.resume_reading()

    def _refuse(self, status: int, headers: list[tuple[bytes, bytes]] | None = None) -> None:
        if self._side.metrics is not None:
            self._side.metrics.bad_request(status)
        self._rest = b""
        self._in_body = False
        self.deadline = self._loop.time() + 5
        if self._transport is not None:
            response = HttpResponse(status, headers or [])
            self._transport.write(response_bytes(response, b"connection: close\r\n"))
            self._transport.close()
