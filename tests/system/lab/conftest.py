"""A small ACS on the state machine alone, so that simulated CPEs are tried without the real one."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from cwmp.wire import digest
from cwmp.wire.acs_session import AcsSession, CpeAnswer, CpeIdle, CpeRequest, InformReceived
from cwmp.wire.messages import (
    Fault,
    Inform,
    InformResponse,
    Message,
    TransferComplete,
    TransferCompleteResponse,
)


@dataclass
class Seen:
    """One session as this ACS saw it."""

    inform: Inform
    answers: list[Message | Fault] = field(default_factory=list)
    requests: list[Message] = field(default_factory=list)
    cookies: list[str] = field(default_factory=list)
    connections: set[int] = field(default_factory=set)
    over: bool = False

    @property
    def events(self) -> tuple[str, ...]:
        return tuple(event.event_code for event in self.inform.event)

    @property
    def serial(self) -> str:
        return self.inform.device_id.serial_number


class SmallAcs:
    """Sends what stands in `queue` (by serial number, or "" for whoever comes) and keeps what it saw."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.sessions: list[Seen] = []
        self.queue: dict[str, list[Message]] = {}
        self.credentials: tuple[str, str] | None = None
        self.schemes: tuple[str, ...] = ("digest",)
        self.algorithm = "MD5"
        self.stale_after = 0
        """Every nonce is good for so many requests; 0: for ever."""
        self.before: list[tuple[int, list[tuple[str, str]]]] = []
        """Status and headers of the next answers, given instead of CWMP."""
        self.inform_faults: list[Fault] = []
        """Faults for the next Informs."""
        self.empty_status = 204
        self.close_each = False
        self.silent = False
        self.posts: list[dict[str, str]] = []
        self.heads: list[str] = []
        self._live: dict[str, tuple[AcsSession, Seen]] = {}
        self._nonces: dict[str, int] = {}
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._news = asyncio.Condition()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}/acs"

    async def start(self, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, ssl=self._tls, backlog=512)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in list(self._writers):
                writer.transport.abort()
            await self._server.wait_closed()
            self._server = None

    async def until(self, condition: Callable[[], Any], within: float = 10.0) -> None:
        async with self._news:
            try:
                await asyncio.wait_for(self._news.wait_for(condition), within)
            except TimeoutError:
                seen = [(s.serial, s.events, s.over) for s in self.sessions]
                pytest.fail(f"not within {within} s; sessions: {seen}")

    async def until_over(self, count: int, within: float = 10.0) -> None:
        """Until so many sessions have come to their end."""
        await self.until(lambda: sum(s.over for s in self.sessions) >= count, within)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        connection = id(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                headers = {
                    name.lower(): value.strip()
                    for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:] if line)
                }
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                self.heads.append(head)
                self.posts.append(headers)
                if self.silent:
                    await asyncio.sleep(3600)
                status, extra, answer = self._answer(connection, headers, body)
                lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in extra)]
                if status != 204:
                    lines.append(f"Content-Length: {len(answer)}")
                if self.close_each:
                    lines.append("Connection: close")
                writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + answer)
                await writer.drain()
                async with self._news:
                    self._news.notify_all()
                if self.close_each:
                    break
        self._writers.discard(writer)
        with contextlib.suppress(OSError):
            writer.close()

    def _challenges(self, *, stale: bool) -> list[tuple[str, str]]:
        nonce = secrets.token_hex(8)
        self._nonces[nonce] = 0
        found = []
        for scheme in self.schemes:
            if scheme == "basic":
                found.append(("WWW-Authenticate", digest.basic_challenge("acs")))
            else:
                header = digest.challenge_header("acs", nonce, algorithm=self.algorithm, stale=stale)
                found.append(("WWW-Authenticate", header))
        return found

    def _refusal(self, headers: dict[str, str], body: bytes) -> list[tuple[str, str]] | None:
        if self.credentials is None:
            return None
        if "authorization" not in headers:
            return self._challenges(stale=False)
        header = headers["authorization"].encode("latin-1").decode()
        if header.startswith("Basic"):
            good = digest.parse_basic(header) == self.credentials
            return None if good and "basic" in self.schemes else self._challenges(stale=False)
        shown = digest.parse_authorization(header)
        username, password = self.credentials
        secret = digest.ha1(username, "acs", password, self.algorithm)
        if shown.username != username or not digest.verify(shown, "POST", secret, body=body, uri="/acs"):
            return self._challenges(stale=False)
        if shown.nonce not in self._nonces:
            return self._challenges(stale=True)
        self._nonces[shown.nonce] += 1
        assert shown.nc == self._nonces[shown.nonce], "nc has to count"
        if self._nonces[shown.nonce] == self.stale_after:
            del self._nonces[shown.nonce]
        return None

    def _answer(
        self, connection: int, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        if self.before:
            status, extra = self.before.pop(0)
            return status, extra, b""
        if (refusal := self._refusal(headers, body)) is not None:
            return 401, refusal, b""
        cookies = dict(
            pair.strip().split("=", 1) for pair in headers.get("cookie", "").split(";") if "=" in pair
        )
        key = cookies.get("session", "")
        extra = []
        if key not in self._live:
            key = secrets.token_hex(8)
            session, seen = AcsSession(), None
            extra = [("Set-Cookie", f"session={key}; Path=/acs"), ("Set-Cookie", "lb=7")]
        else:
            session, seen = self._live[key]
        event = session.receive(body)
        if isinstance(event, InformReceived):
            if self.inform_faults:
                fault = self.inform_faults.pop(0)
                if fault.code == 8005:
                    self._live[key] = (session, Seen(event.inform))
                return 200, [("Content-Type", "text/xml"), *extra], session.send(fault)
            seen = Seen(event.inform)
            self.sessions.append(seen)
            self._live[key] = (session, seen)
            seen.connections.add(connection)
            return 200, [("Content-Type", "text/xml"), *extra], session.send(InformResponse(1))
        assert seen is not None, "the cookie has to come back"
        seen.cookies.append(headers.get("cookie", ""))
        seen.connections.add(connection)
        if isinstance(event, CpeRequest):
            seen.requests.append(event.message)
            assert isinstance(event.message, TransferComplete)
            return 200, [("Content-Type", "text/xml")], session.send(TransferCompleteResponse())
        if isinstance(event, CpeAnswer):
            seen.answers.append(event.message)
        else:
            assert isinstance(event, CpeIdle)
        waiting = self.queue.get(seen.serial) or self.queue.get("") or []
        if waiting:
            return 200, [("Content-Type", "text/xml")], session.send(waiting.pop(0))
        session.send(None)
        seen.over = True
        self._live.pop(key)
        return self.empty_status, [], b""


@pytest.fixture
def small_acs() -> Callable[..., contextlib.AbstractAsyncContextManager[SmallAcs]]:
    """``async with small_acs() as acs``: a running `SmallAcs`."""

    @contextlib.asynccontextmanager
    async def running(tls: ssl.SSLContext | None = None, port: int = 0) -> AsyncIterator[SmallAcs]:
        acs = SmallAcs(tls)
        await acs.start(port)
        try:
            yield acs
        finally:
            await acs.stop()

    return running
