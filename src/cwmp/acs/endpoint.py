"""What happens between an HTTP request of a CPE and its response, without any HTTP server.

The HTTP layer makes one `ConnectionState` per accepted connection and calls `Endpoint.handle` with each
complete request. Before it reads a body it may ask `Endpoint.body_limit`.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from cwmp.acs.authentication import Authentication
    from cwmp.acs.sessions import Session, Sessions

_connection_numbers = itertools.count(1)


class ConnectionState:
    """One TCP connection to the ACS, for as long as it lives.

    shared: the connection belongs to a proxy that carries many CPEs over it; then a session never follows
    the connection, only its cookie. The other attributes belong to the endpoint.
    """

    __slots__ = ("nonce", "number", "session", "shared", "username")

    def __init__(self, *, shared: bool = False) -> None:
        self.number = next(_connection_numbers)
        self.shared = shared
        self.session: Session | None = None
        self.nonce = ""
        self.username = ""


@dataclass(slots=True)
class HttpRequest:
    """A complete HTTP request.

    headers: names in lower case, in the order they came; peer: IP address of the CPE (what a trusted
    proxy says it is, else the socket's own); secure: it came over TLS, here or at a trusted proxy.
    """

    method: str
    path: str
    headers: list[tuple[bytes, bytes]]
    body: bytes
    peer: str
    connection: ConnectionState
    secure: bool = False


@dataclass(slots=True)
class HttpResponse:
    """Status, headers and body. The HTTP layer adds Content-Length (none with 204) and Date."""

    status: int
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class ListenerRules:
    """What one CWMP listener asks of the CPEs that come to it.

    open: no authentication at all; only ever by the operator's explicit word.
    basic: where HTTP Basic is offered and accepted besides Digest.
    body_limit: largest body of an authenticated session, in bytes; first_body_limit: largest body before.
    """

    open: bool = False
    basic: Literal["never", "over_tls", "always"] = "never"
    body_limit: int = 16 * 1024 * 1024
    first_body_limit: int = 256 * 1024


class Endpoint:
    """The CWMP side of one listener. Several endpoints share one `Sessions` and one `Authentication`."""

    def __init__(
        self, sessions: Sessions, authentication: Authentication, rules: ListenerRules | None = None
    ) -> None:
        self.sessions = sessions
        self.authentication = authentication
        self.rules = rules or ListenerRules()

    def body_limit(self, headers: list[tuple[bytes, bytes]], connection: ConnectionState) -> int:
        """Largest body, in bytes, to read for a request with these headers; answer 413 beyond it."""
        raise NotImplementedError

    async def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer one request. Never raises: whatever goes wrong is an HTTP status."""
        raise NotImplementedError

    def connection_lost(self, connection: ConnectionState) -> None:
        """The TCP connection is gone. A session that has only its connection to be known by is over."""
        raise NotImplementedError
