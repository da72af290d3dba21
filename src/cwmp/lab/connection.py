"""The CPE's HTTP client: one TCP connection to an ACS, one POST at a time (TR-069a6 §3.4)."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import h11

from cwmp.errors import CwmpError

READ_SIZE = 65536
_HOST = re.compile(r"[A-Za-z0-9._:%-]+")


class ConnectionFailed(CwmpError):
    """The ACS could not be reached, went away, was too slow or spoke no HTTP."""


@dataclass(frozen=True, slots=True)
class AcsAddress:
    """An ACS URL taken apart."""

    url: str
    secure: bool
    host: str
    port: int
    target: str
    host_header: bytes

    @classmethod
    def of(cls, url: str) -> AcsAddress:
        """Raises `ConnectionFailed` for anything that is not an http or https URL with a host."""
        try:
            parts = urlsplit(url.strip())
            port = parts.port
            host = (parts.hostname or "").encode("ascii" if url.isascii() else "idna").decode("ascii")
        except ValueError as error:
            raise ConnectionFailed(f"ACS URL {url!r} is not usable: {error}") from None
        if "@" in parts.netloc:
            # Not shown: what stands before the @ may be a password.
            raise ConnectionFailed(
                f"the URL of the ACS at {host!r} is not usable with a username in it: set it apart"
            )
        if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host):
            raise ConnectionFailed(f"ACS URL {url!r} is not usable: write http://HOST:PORT/PATH")
        secure = parts.scheme == "https"
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if not target.isascii() or not target.isprintable() or " " in target:
            raise ConnectionFailed(f"ACS URL {url!r} is not usable: percent-encode its path")
        name = f"[{host}]" if ":" in host else host
        header = name if port is None else f"{name}:{port}"
        return cls(url, secure, host, port or (443 if secure else 80), target, header.encode("ascii"))

    def join(self, location: str) -> AcsAddress:
        """Where a redirect leads. Raises `ConnectionFailed` as `of` does."""
        return AcsAddress.of(urljoin(self.url, location))


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """One HTTP response, whole. Header names are lower case."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes

    def all(self, name: bytes) -> list[str]:
        """Every value of a header; what is no UTF-8 comes through as surrogates, for hashing as it came."""
        return [value.decode("utf-8", "surrogateescape") for key, value in self.headers if key == name]

    def first(self, name: bytes) -> str:
        return next(iter(self.all(name)), "")


class AcsConnection:
    """One connection at a time to one address; reopened when the ACS closed it between two exchanges.

    `timeout` bounds connecting and each response, in seconds (TR-069a6 §3.4.1 asks for at least 30).
    """

    def __init__(self, address: AcsAddress, tls: ssl.SSLContext | None, timeout: float) -> None:
        self.address = address
        self._tls = tls
        self._timeout = timeout
        self._http: h11.Connection | None = None
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._head = [
            (b"host", address.host_header),
            (b"user-agent", b"cwmp-lab"),
        ]

    async def post(self, body: bytes, headers: list[tuple[bytes, bytes]]) -> HttpAnswer:
        """POST `body` and return the whole response. Raises `ConnectionFailed`."""
        try:
            async with asyncio.timeout(self._timeout):
                if self._writer is None:
                    await self._open()
                return await self._exchange(body, headers)
        except TimeoutError:
            self.abort()
            raise ConnectionFailed(
                f"no answer from the ACS at {self.address.url} within {self._timeout:g} s"
            ) from None
        except (OSError, EOFError, h11.RemoteProtocolError) as error:
            self.abort()
            reason = str(error) or type(error).__name__
            raise ConnectionFailed(f"no session with the ACS at {self.address.url}: {reason}") from None
        except BaseException:
            self.abort()
            raise

    async def _open(self) -> None:
        address = self.address
        tls = (self._tls or ssl.create_default_context()) if address.secure else None
        self._reader, self._writer = await asyncio.open_connection(address.host, address.port, ssl=tls)
        self._http = h11.Connection(h11.CLIENT)

    def _send(self, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        assert self._http is not None
        assert self._writer is not None
        request = h11.Request(
            method=b"POST",
            target=self.address.target,
            headers=[*self._head, *headers, (b"content-length", b"%d" % len(body))],
        )
        data = self._http.send(request) or b""
        if body:
            data += self._http.send(h11.Data(data=body)) or b""
        data += self._http.send(h11.EndOfMessage()) or b""
        self._writer.write(data)

    async def _exchange(self, body: bytes, headers: list[tuple[bytes, bytes]]) -> HttpAnswer:
        self._send(body, headers)
        http, reader = self._http, self._reader
        assert http is not None
        assert reader is not None
        response: h11.Response | None = None
        chunks: list[bytes] = []
        while True:
            event = http.next_event()
            if event is h11.NEED_DATA:
                http.receive_data(await reader.read(READ_SIZE))
            elif isinstance(event, h11.Response):
                response = event
            elif isinstance(event, h11.Data):
                chunks.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                break
            elif isinstance(event, (h11.ConnectionClosed, h11.PAUSED)):
                raise EOFError("the ACS closed the connection")
        assert response is not None
        if http.our_state is h11.MUST_CLOSE or http.their_state is not h11.DONE:
            self.abort()
        else:
            http.start_next_cycle()
        return HttpAnswer(response.status_code, response.headers, b"".join(chunks))

    def move(self, address: AcsAddress) -> None:
        """Speak to another path of the same server from now on."""
        self.address = address

    def abort(self) -> None:
        """Drop the connection at once; harmless when there is none."""
        writer, self._writer, self._reader, self._http = self._writer, None, None, None
        if writer is not None:
            writer.transport.abort()

    async def close(self) -> None:
        """End the connection in order."""
        writer, self._writer, self._reader, self._http = self._writer, None, None, None
        if writer is None:
            return
        writer.close()
        try:
            async with asyncio.timeout(1):
                await writer.wait_closed()
        except (TimeoutError, OSError):
            writer.transport.abort()
