"""What happens between an HTTP request of a CPE and its response, without any HTTP server.

The HTTP layer makes one `ConnectionState` per accepted connection and calls `Endpoint.handle` with each
complete request. Before it reads a body it may ask `Endpoint.body_limit`.
"""

from __future__ import annotations

import itertools
import logging
import random
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from cwmp.acs.errors import StoreFull
from cwmp.acs.sessions.cookies import cookies_of, set_cookie
from cwmp.acs.sessions.session import log_mishap
from cwmp.wire.acs_session import AcsSession, InformReceived
from cwmp.wire.errors import RemoteProtocolError, WireError
from cwmp.wire.identity import device_id_of
from cwmp.wire.limits import Limits
from cwmp.wire.messages import Fault

if TYPE_CHECKING:
    from cwmp.acs.access.authentication import Authentication, Principal
    from cwmp.acs.devices.registry import DeviceRecord
    from cwmp.acs.sessions.session import Session
    from cwmp.acs.sessions.sessions import Sessions
    from cwmp.wire.messages import DeviceId, Inform

log = logging.getLogger("cwmp.acs.sessions.endpoint")

_connection_numbers = itertools.count(1)
_INFORM = re.compile(rb"<(?:[\w.-]+:)?Inform[\s/>]")
_HEAD = 4096
"""Bytes of a body in which the Inform element begins, if it is one."""
_LONGEST_FIELD = 256
_XML = (b"content-type", b"text/xml; charset=utf-8")
_TEXT = (b"content-type", b"text/plain; charset=utf-8")


class ConnectionState:
    """One TCP connection to the ACS, for as long as it lives.

    shared: the connection belongs to a proxy that carries many CPEs over it; then a session never follows
    the connection, only its cookie. The other attributes belong to the endpoint.
    """

    __slots__ = ("ended", "nonce", "number", "principal", "session", "shared")

    def __init__(self, *, shared: bool = False) -> None:
        self.number = next(_connection_numbers)
        self.shared = shared
        self.session: Session | None = None
        self.ended: Session | None = None
        self.nonce = ""
        self.principal: Principal | None = None


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


def _nameable(who: DeviceId) -> bool:
    """Can a device be told from others by this? The standard's longest field has 64 characters; some CPEs
    send more.
    """
    fields = (who.manufacturer, who.oui, who.product_class, who.serial_number)
    return bool(who.serial_number.strip()) and all(len(each) <= _LONGEST_FIELD for each in fields)


class Endpoint:
    """The CWMP side of one listener. Several endpoints share one `Sessions` and one `Authentication`."""

    def __init__(
        self,
        sessions: Sessions,
        authentication: Authentication,
        rules: ListenerRules | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.sessions = sessions
        self.authentication = authentication
        self.rules = rules or ListenerRules()
        self.limits = limits or Limits()

    def body_limit(self, headers: list[tuple[bytes, bytes]], connection: ConnectionState) -> int:
        """Largest body, in bytes, to read for a request with these headers; answer 413 beyond it."""
        if connection.principal is not None or self._session_of(headers, connection) is not None:
            return self.rules.body_limit
        return self.rules.first_body_limit

    async def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer one request. Never raises: whatever goes wrong is an HTTP status."""
        try:
            return await self._handle(request)
        except StoreFull:
            log.error("%s: nothing can be stored, the disk is full", request.peer)
            return HttpResponse(503, [(b"retry-after", b"60"), _TEXT], b"Come back later.\n")
        except Exception as error:
            log_mishap(f"{request.peer}: a request could not be answered", error)
            return HttpResponse(500, [_TEXT], b"The ACS failed; its log says where.\n")

    def connection_lost(self, connection: ConnectionState) -> None:
        """The TCP connection is gone. A session that has only its connection to be known by is over."""
        session, connection.session = connection.session, None
        connection.principal = connection.ended = None
        if session is None or session.over or session.busy or session.connection is not connection:
            return
        # After the first exchange nobody knows yet whether the CPE will return the cookie.
        if session.exchanges > 1 and not session.cookie_seen:
            self.sessions.lose(session, "disconnected", "the device closed its connection")

    # ---- whose request is this?

    def _session_of(self, headers: list[tuple[bytes, bytes]], connection: ConnectionState) -> Session | None:
        for cookie in cookies_of(headers):
            session = self.sessions.by_cookie(cookie)
            if session is not None:
                session.cookie_seen = True
                return session
        session = connection.session
        return None if session is None or session.over or connection.shared else session

    async def _handle(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return HttpResponse(405, [(b"allow", b"POST"), _TEXT], b"CPEs speak CWMP here, by POST.\n")
        connection = request.connection
        session = self._session_of(request.headers, connection)
        body = request.body
        if len(body) > self.rules.first_body_limit:
            known = session is not None or connection.principal is not None
            if not known or len(body) > self.rules.body_limit:
                return HttpResponse(413, [_TEXT], b"This body is too large.\n")
        informs = bool(body) and _INFORM.search(body, 0, _HEAD) is not None
        if session is None or informs:
            if connection.ended is not None and body and not informs:
                return self._late(request, connection.ended)
            return await self._begin(request)
        refusal = await self._foreign(request, session)
        if refusal is not None:
            return refusal
        return await self._go_on(request, session)

    async def _foreign(self, request: HttpRequest, session: Session) -> HttpResponse | None:
        """Refuse a request that knows a session's cookie but comes from somebody else."""
        connection = request.connection
        if not self.rules.open:
            claimed = self.authentication.claimed_username(request.headers)
            if claimed is not None and claimed != session.username:
                return self._refuse(request, session.record.id, "its session was begun with another username")
        if connection is session.connection and not connection.shared:
            return None
        if connection.principal is not None and connection.principal.username != session.username:
            return self._refuse(request, session.record.id, "this connection proved another username")
        other = connection.session
        if other is not None and not other.over and not connection.shared and other is not session:
            return self._refuse(request, session.record.id, "this connection belongs to another session")
        if request.peer != session.peer:
            if self.rules.open:
                return self._refuse(request, session.record.id, "its session was begun from another address")
            proved = await self.authentication.check(request, self.rules)
            if isinstance(proved, HttpResponse):
                return proved
            if proved.username != session.username:
                return self._refuse(request, session.record.id, "another username was proved")
            session.peer = request.peer
        if session.connection.session is session:
            session.connection.session = None
        session.connection = connection
        if not connection.shared:
            connection.session = session
        return None

    def _refuse(self, request: HttpRequest, device_id: str, why: str) -> HttpResponse:
        log.warning("%s: a request for %s was refused: %s", request.peer, device_id, why)
        self.authentication.count_refusal("session")
        return HttpResponse(403, [_TEXT], b"This session is not yours.\n")

    # ---- a session's first message

    async def _begin(self, request: HttpRequest) -> HttpResponse:
        sessions = self.sessions
        if sessions.full:
            # Spread out, so that those who were sent away do not all come back at once.
            seconds = random.randint(10, 60)  # noqa: S311
            return HttpResponse(503, [(b"retry-after", b"%d" % seconds), _TEXT], b"Come back later.\n")
        principal: Principal | None = None
        if not self.rules.open:
            proved = await self.authentication.check(request, self.rules)
            if isinstance(proved, HttpResponse):
                return proved
            principal = proved
        if not request.body.strip():
            # Some HTTP clients send an empty request first, to be challenged before they send the Inform;
            # some send one more after the session is over.
            return HttpResponse(204)
        wire = AcsSession(self.limits)
        try:
            event = wire.receive(request.body)
        except WireError as error:
            return self._bad(request, error)
        if not isinstance(event, InformReceived):
            return HttpResponse(400, [_TEXT], b"A session begins with an Inform.\n")
        inform = event.inform
        if not _nameable(inform.device_id):
            log.warning("%s: an Inform without a usable serial number was refused", request.peer)
            fault = Fault(8003, "DeviceId needs a SerialNumber, and fields of at most 64 characters")
            return HttpResponse(200, [_XML], wire.send(fault))
        device_id = device_id_of(inform.device_id)
        admission = None
        if principal is not None:
            admission = await self.authentication.admit(principal, inform.device_id, device_id, request.peer)
            if admission.refusal:
                log.warning("%s: %s was refused: %s", request.peer, device_id, admission.refusal)
                self.authentication.count_refusal("identity")
                return HttpResponse(403, [_TEXT], b"These credentials are not for this device.\n")
        doubtful = admission.quarantine if admission is not None else ""
        if doubtful:
            record = await self._quarantined(request, wire, inform, device_id, doubtful)
            if record is None:
                return HttpResponse(503, [(b"retry-after", b"60"), _TEXT], b"Come back later.\n")
        else:
            record = sessions.registry.informed(
                inform, peer=request.peer, cwmp_version=wire.version, now=sessions.wall()
            )
            if record.quarantined and admission is not None and admission.own:
                log.warning("%s: out of quarantine, it came with its own credentials", device_id)
                await sessions.registry.proven(record)
        # The CPE drops its BOOTSTRAP with our answer, so what it means is durable before that.
        await sessions.registry.settle(record)
        session = sessions.begin(
            wire,
            record,
            event,
            peer=request.peer,
            connection=request.connection,
            username=principal.username if principal is not None else "",
            doubtful=bool(doubtful),
        )
        session.replacement = admission.replacement if admission is not None else None
        body = session.accept()
        now = sessions.wall()
        session.trace.add("cpe→acs", now, 0, request.body)
        session.trace.add("acs→cpe", now, 200, body)
        return HttpResponse(200, [_XML, set_cookie(session.cookie, secure=request.secure)], body)

    async def _quarantined(
        self, request: HttpRequest, wire: AcsSession, inform: Inform, device_id: str, why: str
    ) -> DeviceRecord | None:
        """The record of a device that may be somebody else: its Inform changes nothing that is known of it,
        least of all where its connection requests go, and it does not end the device's own session.
        """
        sessions = self.sessions
        if sessions.in_session(device_id):
            return None
        record = sessions.registry.get(device_id)
        if record is None:
            record = sessions.registry.informed(
                inform, peer=request.peer, cwmp_version=wire.version, now=sessions.wall()
            )
        if not record.quarantined:
            log.warning("%s: %s is quarantined: %s", request.peer, device_id, why)
            self.authentication.count_refusal("quarantine")
            record = await sessions.registry.quarantine(device_id, f"{device_id}: {why}.")
        return record

    # ---- and the others

    async def _go_on(self, request: HttpRequest, session: Session) -> HttpResponse:
        if session.busy:
            return HttpResponse(409, [_TEXT], b"One request at a time.\n")
        sessions = self.sessions
        trace = session.trace
        trace.add("cpe→acs", sessions.wall(), 0, request.body)
        session.busy = True
        try:
            body = await session.exchange(request.body)
        except RemoteProtocolError as error:
            sessions.lose(session, "protocol", f"its message was not understood: {error}")
            response = self._bad(request, error)
        except Exception as error:
            log_mishap(f"{session.record.id}: its session failed", error)
            sessions.lose(session, "failed", "the ACS failed while working on this")
            response = HttpResponse(500, [_TEXT], b"The ACS failed; its log says where.\n")
        else:
            response = HttpResponse(200, [_XML], body) if body else HttpResponse(204)
        finally:
            session.busy = False
        trace.add("acs→cpe", sessions.wall(), response.status, response.body)
        return response

    def _late(self, request: HttpRequest, session: Session) -> HttpResponse:
        """A session has ended on this connection, and the CPE goes on all the same."""
        if not request.body.strip():
            return HttpResponse(204)
        try:
            body = session.late(request.body)
        except WireError as error:
            request.connection.ended = None
            return self._bad(request, error)
        return HttpResponse(200, [_XML], body)

    def _bad(self, request: HttpRequest, error: WireError) -> HttpResponse:
        log.warning("%s: not taken: %s", request.peer, error)
        reply = error.reply if isinstance(error, RemoteProtocolError) else b""
        if reply:
            return HttpResponse(200, [_XML], reply)
        return HttpResponse(400, [_TEXT], f"{error}\n".encode("utf-8", "replace"))
