"""The device side of XMPP connection requests (TR-069a6 Annex K): what the tree says is done, and told there.

`XmppConnections.look` is called whenever the tree may say something else; it logs in, out or anew, and
keeps Status, TLSEstablished, LastChangeDate, JabberID and ConnReqJabberID true.
"""

from __future__ import annotations

import asyncio
import datetime
import hmac
import random
import ssl
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary
from xml.etree.ElementTree import Element

from cwmp.lab.connection_request_server import Reception
from cwmp.lab.xmpp_settings import XmppSettings, settings_of
from cwmp.wire.xmpp_request import error_stanza, is_allowed, parse_request, result_stanza

if TYPE_CHECKING:
    from cwmp.lab.tree import DeviceTree
    from cwmp.lab.xmpp_login import CpeStream

_LOGIN_SECONDS = 30.0
_STEADY = 10.0
"""Seconds a connection must have stood to be dialled again at once."""
_LOGINS_AT_ONCE = 25
"""In one process: a fleet's TLS handshakes must not starve each other."""

_rooms: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


class Owner(Protocol):
    """The CPE whose connections they are."""

    @property
    def reachable(self) -> bool: ...

    @property
    def tree(self) -> DeviceTree: ...

    @property
    def connection_request_credentials(self) -> tuple[str, str]: ...

    @property
    def tls(self) -> ssl.SSLContext | None: ...

    @property
    def time_scale(self) -> float: ...

    def ring(self) -> Reception: ...

    def tell(self, values: Mapping[str, str]) -> None:
        """Hold these read-only values now, and tell the ACS of those it wants to hear of."""
        ...


class XmppConnections:
    """All XMPP connections of one CPE, made inside the running loop."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._live: dict[str, _Connection] = {}
        # A twin made of a real device's dump does not dial that device's broker until somebody says so.
        self._shipped = settings_of(owner.tree)
        self._touched = False

    def look(self) -> None:
        """Do what the tree says now."""
        owner = self._owner
        wanted = settings_of(owner.tree)
        self._touched |= wanted != self._shipped
        if not self._touched:
            return
        reachable = owner.reachable
        for row, connection in list(self._live.items()):
            if not reachable or wanted.get(row) != connection.settings:
                connection.stop(politely=reachable)
                del self._live[row]
        for row, settings in wanted.items():
            if settings is None:
                self._off(row)
            elif reachable and row not in self._live and self._shipped.get(row) != settings:
                self._live[row] = _Connection(owner, row, settings)
        self._name_request_jid(wanted)

    def stop(self) -> None:
        """Log out everywhere."""
        for connection in self._live.values():
            connection.stop(politely=True)
        self._live.clear()

    def _off(self, row: str) -> None:
        if self._owner.tree.value(f"{row}Status") != "Disabled":
            self._owner.tell(status_values(row, "Disabled") | {f"{row}JabberID": ""})

    def _name_request_jid(self, wanted: Mapping[str, XmppSettings | None]) -> None:
        """ConnReqJabberID goes with the connection it is of; while that is only down, it stays."""
        tree = self._owner.tree
        row = next((each for each, settings in wanted.items() if settings and settings.for_requests), None)
        jid = (tree.value(f"{row}JabberID") or "") if row else ""
        if tree.value(".ManagementServer.ConnReqJabberID") not in (None, jid):
            self._owner.tell({f"{tree.root}ManagementServer.ConnReqJabberID": jid})


class _Connection:
    """One enabled row: logs in and keeps at it until stopped."""

    def __init__(self, owner: Owner, row: str, settings: XmppSettings) -> None:
        self.settings = settings
        self._owner = owner
        self._row = row
        self._stream: CpeStream | None = None
        self._task: asyncio.Task[None] | None = None
        if settings.complete:
            self._tell("Connecting")
            self._task = asyncio.get_running_loop().create_task(self._live(), name=f"xmpp {settings.jid}")
        else:
            self._tell("Error_Misconfigured")

    def stop(self, *, politely: bool) -> None:
        if self._task is not None:
            self._task.cancel()
        if self._stream is not None:
            self._stream.end(politely=politely)
            self._stream = None

    async def _live(self) -> None:
        from cwmp.lab.xmpp_login import LoginTrouble

        settings, owner = self.settings, self._owner
        attempt = 0
        while True:
            try:
                stream = await self._log_in()
            except LoginTrouble as error:
                self._tell(error.trouble.value)
            else:
                began = time.monotonic()
                self._logged_in(stream)
                await stream.ended
                self._stream = None
                stream.end()
                self._tell("Connecting")
                if time.monotonic() - began > _STEADY:
                    attempt = 0
                    await asyncio.sleep(random.random())  # noqa: S311 - spreads a fleet
                    continue
            attempt += 1
            chance = random.random()  # noqa: S311 - spreads a fleet
            await asyncio.sleep(settings.retry_wait(attempt, chance) * owner.time_scale)

    async def _log_in(self) -> CpeStream:
        from cwmp.lab.xmpp_login import CpeStream, LoginTrouble, Trouble

        last = LoginTrouble(Trouble.NO_SERVER)
        for host, port in self.settings.addresses():
            async with _room():
                stream = CpeStream(self.settings, self._owner.tls or _default_context(), self._asked)
                self._stream = stream
                try:
                    await stream.log_in(host, port, _LOGIN_SECONDS)
                except LoginTrouble as error:
                    stream.end()
                    self._stream = None
                    last = error
                else:
                    return stream
        raise last

    def _logged_in(self, stream: CpeStream) -> None:
        jid = str(stream.boundjid.full)
        values = status_values(self._row, "Enabled", secure=stream.secure) | {f"{self._row}JabberID": jid}
        if self.settings.for_requests:
            values[f"{self._owner.tree.root}ManagementServer.ConnReqJabberID"] = jid
        self._owner.tell(values)

    def _tell(self, status: str) -> None:
        if self._owner.tree.value(f"{self._row}Status") != status:
            self._owner.tell(status_values(self._row, status))

    def _asked(self, iq: Element) -> str | None:
        """The answer to a connection request; None for any other IQ, and where the CPE says nothing."""
        request = parse_request(iq)
        if request is None or not self.settings.for_requests:
            return None
        owner = self._owner
        if not is_allowed(
            request.sender, owner.tree.value(".ManagementServer.ConnReqAllowedJabberIDs") or ""
        ):
            return error_stanza(request, "service-unavailable")
        expected = "\0".join(owner.connection_request_credentials).encode()
        asks = bool(owner.connection_request_credentials[1])  # a CPE that has no password asks for none
        if asks and not hmac.compare_digest(f"{request.username}\0{request.password}".encode(), expected):
            return error_stanza(request, "not-authorized")
        reception = owner.ring()
        if reception is Reception.BUSY:
            return error_stanza(request, "resource-constraint")
        return result_stanza(request) if reception is Reception.ACCEPTED else ""


def status_values(row: str, status: str, *, secure: bool = False) -> dict[str, str]:
    """The row's parameters that say how its connection is, as of now."""
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        f"{row}Status": status,
        f"{row}TLSEstablished": "true" if secure else "false",
        f"{row}LastChangeDate": now,
    }


def _room() -> asyncio.Semaphore:
    loop = asyncio.get_running_loop()
    if loop not in _rooms:
        _rooms[loop] = asyncio.Semaphore(_LOGINS_AT_ONCE)
    return _rooms[loop]


_contexts: list[ssl.SSLContext] = []


def _default_context() -> ssl.SSLContext:
    """One for all: a context with the system's CAs weighs a megabyte."""
    if not _contexts:
        _contexts.append(ssl.create_default_context())
    return _contexts[0]


__all__ = ["Owner", "XmppConnections"]
