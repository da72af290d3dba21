"""The devices' side of HTTP connection requests: one listener for a fleet, one secret path per CPE."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import h11

from cwmp.wire import digest
from cwmp.wire.errors import WireError

READ_SIZE = 16384
IDLE_SECONDS = 30.0
REALM = "cpe"
REASONS = {200: b"OK", 204: b"No Content", 400: b"Bad Request", 401: b"Unauthorized"}
REASONS |= {404: b"Not Found", 405: b"Method Not Allowed", 503: b"Service Unavailable"}


class Reception(Enum):
    """What a CPE makes of a connection request whose sender it believes."""

    ACCEPTED = 200
    BUSY = 503
    """In a session already, or asked too often (TR-069a6 §3.2.2.1)."""
    SILENT = 0
    """The CPE is off: nobody answers."""


class Resident(Protocol):
    """The CPE behind a door."""

    @property
    def reachable(self) -> bool: ...

    @property
    def connection_request_credentials(self) -> tuple[str, str]:
        """ConnectionRequestUsername and ConnectionRequestPassword as they are now."""
        ...

    def ring(self) -> Reception: ...


@dataclass(slots=True)
class Doorbell:
    """One CPE's entry at the listener; dead while it has no CPE.

    success_status: 200 or 204, both are in the field.
    """

    cpe: Resident | None = None
    success_status: int = 200
    nonce: str = ""
    count: int = 0


class ConnectionRequestServer:
    """Listens on `host` (port 0: any free one) until `close`."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self._host = host
        self._port = port
        self._doors: dict[bytes, Doorbell] = {}
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Raises OSError when the address cannot be bound."""
        self._server = await asyncio.start_server(self._serve, self._host, self._port, backlog=512)
        self._port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in list(self._writers):
                writer.transport.abort()
            await self._server.wait_closed()
            self._server = None

    def register(self, doorbell: Doorbell) -> str:
        """Give a CPE its ConnectionRequestURL; the path is random (TR-069a6 §3.2.2.1)."""
        path = "/" + secrets.token_hex(10)
        self._doors[path.encode()] = doorbell
        name = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{name}:{self._port}{path}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                await self._converse(reader, writer)
        except (TimeoutError, OSError, h11.ProtocolError):
            pass
        finally:
            self._writers.discard(writer)
            # Ours to end either way; the peer may be gone already.
            with contextlib.suppress(OSError):
                writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        http = h11.Connection(h11.SERVER)
        while True:
            request: h11.Request | None = None
            while True:
                event = http.next_event()
                if event is h11.NEED_DATA:
                    http.receive_data(await reader.read(READ_SIZE))
                elif isinstance(event, h11.Request):
                    request = event
                elif isinstance(event, h11.EndOfMessage):
                    break
                elif isinstance(event, (h11.ConnectionClosed, h11.PAUSED)):
                    return
            assert request is not None
            answer = self._answer(request)
            if answer is None:
                writer.transport.abort()
                return
            status, headers = answer
            head = h11.Response(
                status_code=status,
                reason=REASONS[status],
                headers=headers if status == 204 else [*headers, (b"content-length", b"0")],
            )
            writer.write((http.send(head) or b"") + (http.send(h11.EndOfMessage()) or b""))
            await writer.drain()
            if http.our_state is not h11.DONE or http.their_state is not h11.DONE:
                return
            http.start_next_cycle()

    def _answer(self, request: h11.Request) -> tuple[int, list[tuple[bytes, bytes]]] | None:
        """Status and headers; None: drop the connection without a word."""
        door = self._doors.get(request.target.partition(b"?")[0])
        if door is None:
            return 404, []
        if door.cpe is None or not door.cpe.reachable:
            return None
        if request.method != b"GET":
            return 405, [(b"allow", b"GET")]
        if not _authentic(door, door.cpe.connection_request_credentials, request):
            door.nonce = secrets.token_hex(16)
            door.count = 0
            challenge = digest.challenge_header(REALM, door.nonce)
            return 401, [(b"www-authenticate", challenge.encode("ascii"))]
        reception = door.cpe.ring()
        if reception is Reception.SILENT:
            return None
        if reception is Reception.BUSY:
            return 503, [(b"retry-after", b"5")]
        return door.success_status, []


def _authentic(door: Doorbell, expected: tuple[str, str], request: h11.Request) -> bool:
    """Did the caller prove to know the CPE's ConnectionRequestPassword? A CPE that has none asks for none."""
    username, password = expected
    if not password:
        return True
    header = next((value for name, value in request.headers if name == b"authorization"), b"")
    if not header or not door.nonce:
        return False
    try:
        shown = digest.parse_authorization(header.decode("utf-8", "surrogateescape"))
    except WireError:
        return False
    asked = digest.Challenge("Digest", REALM, door.nonce, "MD5", ("auth",))
    target = request.target.decode("latin-1")
    ha1 = digest.ha1(username, REALM, password)
    if shown.username != username or shown.nc <= door.count:
        return False
    if not digest.verify(shown, "GET", ha1, uri=target, challenge=asked):
        return False
    # A nonce's count never comes twice: a recorded request opens nothing.
    door.count = shown.nc
    return True
