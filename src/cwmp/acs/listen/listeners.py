"""CWMP listeners: sockets, TLS, PROXY headers; what comes through becomes a `CpeConnection`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Sequence
from socket import socket

from cwmp.acs.config import ListenerConfig
from cwmp.acs.listen.addresses import Address, listening_sockets
from cwmp.acs.listen.http_protocol import CpeConnection, HttpSide
from cwmp.acs.listen.http_text import within
from cwmp.acs.listen.proxy_header import BadProxyHeader, read_proxy_header
from cwmp.acs.listen.tls import Certificates

log = logging.getLogger("cwmp.acs.listen.listeners")

HANDSHAKE_SECONDS = 15.0
SWEEP_SECONDS = 1.0
CERTIFICATE_SECONDS = 5.0


class Listener:
    """One address CPEs come to. Bound when made; serves after `start`."""

    def __init__(self, config: ListenerConfig) -> None:
        """Raises `ListenError` when the address or the certificate cannot be used."""
        self.config = config
        self.certificates = (
            Certificates(
                config.certificate,
                config.key,
                client_ca=config.client_ca,
                client_certificates=config.client_certificates,
                profile=config.tls,
            )
            if config.certificate and config.key
            else None
        )
        self.sockets: list[socket] = listening_sockets(config.where, "The CWMP listener")
        self.address = Address(config.where.host, self.sockets[0].getsockname()[1])
        self.side: HttpSide | None = None
        self._servers: list[asyncio.Server] = []
        self._acceptors: list[asyncio.Task[None]] = []
        self._arriving: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The URL for CPEs that reach this address."""
        return f"{'https' if self.certificates else 'http'}://{self.address}/"

    async def start(self, side: HttpSide) -> None:
        """Serve; every connection is one of `side`'s."""
        self.side = side
        loop = asyncio.get_running_loop()
        for one in self.sockets:
            if self.certificates is None and not self.config.proxy_protocol:
                server = await loop.create_server(lambda: CpeConnection(side), sock=one, backlog=2048)
                self._servers.append(server)
            else:
                # A loop of our own: the PROXY header comes before TLS, and every connection takes the
                # certificate of its moment.
                self._acceptors.append(loop.create_task(self._accept(one, side)))

    async def _accept(self, listening: socket, side: HttpSide) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, where = await loop.sock_accept(listening)
            except OSError as error:
                if listening.fileno() < 0:
                    return
                log.error("%s: a connection could not be accepted: %s", self.address, error)
                await asyncio.sleep(0.2)
                continue
            if len(self._arriving) + len(side.connections) >= side.limits.connections:
                connection.close()
                continue
            task = loop.create_task(self._arrive(connection, str(where[0]), side))
            self._arriving.add(task)
            task.add_done_callback(self._arriving.discard)

    async def _arrive(self, connection: socket, address: str, side: HttpSide) -> None:
        loop = asyncio.get_running_loop()
        connection.setblocking(False)
        try:
            peer = ""
            if self.config.proxy_protocol:
                peer = await self._proxy_header(connection, address)
            context = self.certificates.context if self.certificates else None
            await loop.connect_accepted_socket(
                lambda: CpeConnection(side, peer),
                connection,
                ssl=context,
                ssl_handshake_timeout=HANDSHAKE_SECONDS if context else None,
            )
        except (BadProxyHeader, OSError, TimeoutError, ssl.SSLError) as error:
            log.info("%s: a connection from %s came to nothing: %s", self.address, address, _short(error))
            connection.close()
        except asyncio.CancelledError:
            connection.close()
            raise

    async def _proxy_header(self, connection: socket, address: str) -> str:
        if not within(address, self.config.trusted_proxies):
            raise BadProxyHeader("it is not from a trusted proxy")
        async with asyncio.timeout(HANDSHAKE_SECONDS):
            return await read_proxy_header(asyncio.get_running_loop(), connection)

    async def close(self) -> None:
        """Accept nothing more; connections between requests are closed, the others after their response."""
        for server in self._servers:
            server.close()
        for task in (*self._acceptors, *self._arriving):
            task.cancel()
        await asyncio.gather(*self._acceptors, *self._arriving, return_exceptions=True)
        for one in self.sockets:
            with contextlib.suppress(OSError):
                one.close()
        if self.side is not None:
            self.side.close_idle()


async def tend(listeners: Sequence[Listener]) -> None:
    """Close what is too slow and notice new certificates, for ever."""
    loop = asyncio.get_running_loop()
    look = loop.time() + CERTIFICATE_SECONDS
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        now = loop.time()
        for listener in listeners:
            if listener.side is not None:
                listener.side.sweep(now)
        if now >= look:
            look = now + CERTIFICATE_SECONDS
            refresh(listeners)


def refresh(listeners: Sequence[Listener], *, force: bool = False) -> None:
    """Load certificates that have changed (with `force`, all)."""
    for listener in listeners:
        if listener.certificates is not None:
            listener.certificates.refresh(force=force)


def _short(error: BaseException) -> str:
    reason = getattr(error, "reason", "") or str(error) or type(error).__name__
    return str(reason)[:200]
