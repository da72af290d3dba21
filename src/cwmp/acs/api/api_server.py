"""The API's HTTP server: uvicorn on sockets of ours, without its signal handlers and access log."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from socket import socket

import uvicorn

from cwmp import places
from cwmp.acs import secret_files
from cwmp.acs.api.acs import Acs
from cwmp.acs.api.app import application
from cwmp.acs.config import Config
from cwmp.acs.listen.addresses import Address, address_of, listening_sockets, listening_unix_socket
from cwmp.acs.listen.tls import Certificates

SHUTDOWN_SECONDS = 3


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # the ACS has its own


class ApiServer:
    """Bound when made; serves after `start`."""

    def __init__(self, config: Config) -> None:
        """Raises `ListenError` or `CwmpError` when address, certificate or token cannot be used."""
        api = config.api
        self.address = address_of(api.address) if api.address else Address(unix=str(places.socket_to_serve()))
        self.certificates = Certificates(api.certificate, api.key) if api.certificate and api.key else None
        self.token_file: Path | None = None
        self.sockets: list[socket] = []
        if self.address.unix:
            self.sockets = [listening_unix_socket(self.address, "The API")]
        else:
            self.sockets = listening_sockets(self.address, "The API")
            self.address = Address(self.address.host, self.sockets[0].getsockname()[1])
            self.token_file = api.token_file or config.data / "api-token"
        self._token = secret_files.api_token(self.token_file) if self.token_file else ""
        self._server: _Server | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """What clients give as --url."""
        if self.address.unix:
            return str(self.address)
        return f"{'https' if self.certificates else 'http'}://{self.address}"

    async def start(self, acs: Acs) -> None:
        """Serve the API of `acs`."""
        token: Callable[[], str] | None = (lambda: self._token) if self.token_file else None
        config = uvicorn.Config(
            application(acs, token),
            http="httptools",
            ws="none",
            lifespan="off",
            loop="none",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
        config.load()
        if self.certificates is not None:
            config.ssl = self.certificates.context
        self._server = _Server(config)
        self._task = asyncio.create_task(self._server.serve(sockets=self.sockets))
        while not self._server.started:
            if self._task.done():
                self._task.result()
                raise RuntimeError("the API server ended before it began")
            await asyncio.sleep(0.005)

    def refresh(self) -> None:
        """Take up a changed certificate and token."""
        if self.certificates is not None and self._server is not None and self.certificates.refresh():
            # uvicorn holds on to one context: bring that one up to date.
            context = self._server.config.ssl
            if context is not None:
                context.load_cert_chain(self.certificates.certificate, self.certificates.key)
        if self.token_file is not None:
            self._token = secret_files.api_token(self.token_file)

    async def close(self) -> None:
        """End: waiting callers get what there is within a few seconds."""
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self.release()

    def release(self) -> None:
        """Let go of the address."""
        for one in self.sockets:
            one.close()
        if self.address.unix and self.sockets:
            Path(self.address.unix).unlink(missing_ok=True)
        self.sockets = []
