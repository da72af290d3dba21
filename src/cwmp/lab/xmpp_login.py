"""A simulated CPE's login at its XMPP broker: one stream from dialling to its end."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from enum import Enum
from typing import Any
from xml.etree.ElementTree import Element

from slixmpp import ClientXMPP
from slixmpp.stanza import Iq, Message, Presence, StreamFeatures

from cwmp.lab.xmpp_settings import XmppSettings

_library = logging.getLogger("slixmpp")
_library.propagate = False
_library.addHandler(logging.NullHandler())


class Trouble(Enum):
    """Why there is no session, in the words of XMPP.Connection.{i}.Status."""

    NO_SERVER = "ServerNotPresent"
    WRONG_PASSWORD = "Error_AuthenticationFailure"  # noqa: S105
    MISCONFIGURED = "Error_Misconfigured"
    ERROR = "Error"


class LoginTrouble(Exception):
    """There is no session, or no longer."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


class CpeStream(ClientXMPP):
    """Made inside the running loop. on_request(iq) gives the stanza to answer a device's IQ with, or None."""

    def __init__(
        self, settings: XmppSettings, context: ssl.SSLContext, on_request: Callable[[Element], str | None]
    ) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(settings.jid, settings.password, ssl_context=context, loop=loop)
        self.enable_direct_tls = False
        self.max_redirects = -1
        self.enable_starttls = settings.use_tls
        self.enable_plaintext = not settings.use_tls
        if not settings.use_tls:
            self.plugin["feature_mechanisms"].unencrypted_scram = True
            self.plugin["feature_mechanisms"].unencrypted_plain = True
        self.whitespace_keepalive_interval = settings.keep_alive or 1 << 30
        self.ended: asyncio.Future[None] = loop.create_future()
        self._use_tls = settings.use_tls
        self._on_request = on_request
        self._ready: asyncio.Future[None] = loop.create_future()
        self._sender: asyncio.Task[Any] | None = None
        self._tls_wanted = False
        for event, handler in (
            ("session_start", self._started),
            ("ssl_invalid_chain", lambda _: self._give_up(Trouble.ERROR)),
            ("failed_auth", lambda _: self._give_up(Trouble.WRONG_PASSWORD)),
            ("no_auth", lambda _: self._give_up(Trouble.MISCONFIGURED)),
            ("stream_negotiated", self._negotiated),
            ("disconnected", self._over),
        ):
            self.add_event_handler(event, handler)
        self.add_filter("in", self._sift)

    @property
    def secure(self) -> bool:
        return self.transport is not None and self.transport.get_extra_info("ssl_object") is not None

    async def log_in(self, host: str, port: int, seconds: float) -> None:
        """Raises `LoginTrouble`."""
        self.connect(host or None, port or None)
        try:
            async with asyncio.timeout(seconds):
                await self._ready
        except TimeoutError:
            raise LoginTrouble(Trouble.NO_SERVER) from None
        # Below zero: reachable for requests, yet nobody's messages come here.
        self._send("<presence><priority>-1</priority></presence>")

    def end(self, *, politely: bool = True) -> None:
        """Close at once; politely: with a word to the broker, else as when the plug is pulled."""
        if politely:
            self._send(self.stream_footer)
        self.cancel_connection_attempt()
        self.abort()
        self._over(None)
        for name in list(self.scheduled_events):
            self.cancel_schedule(name)
        if self._sender is not None:
            self._sender.cancel()

    # ---- slixmpp's own doings, held in check

    def reschedule_connection_attempt(self) -> asyncio.Future[Any] | None:
        self._over(None)
        return None

    async def run_filters(self) -> None:
        self._sender = asyncio.current_task()
        await super().run_filters()

    def exception(self, exception: Exception) -> None:
        self._give_up(Trouble.ERROR)

    def _send(self, stanza: str) -> None:
        if self.transport is not None and not self.transport.is_closing() and self._ready.done():
            self.transport.write(stanza.encode())

    def _sift(self, stanza: Any) -> Any:
        if isinstance(stanza, (Message, Presence)):
            return None
        if isinstance(stanza, StreamFeatures):
            self._tls_wanted = stanza.xml.find(".//{urn:ietf:params:xml:ns:xmpp-tls}required") is not None
            self._prefer_plain(stanza)
        elif isinstance(stanza, Iq) and (answer := self._on_request(stanza.xml)) is not None:
            self._send(answer)
            return None
        return stanza

    def _prefer_plain(self, features: Any) -> None:
        """SCRAM takes 23 ms of pure Python; inside TLS a fleet does without."""
        if self.secure and "PLAIN" in set(features["mechanisms"]):
            self.plugin["feature_mechanisms"].use_mech = "PLAIN"

    # ---- what happens

    def _started(self, _: object) -> None:
        if self._use_tls and not self.secure:
            self._give_up(Trouble.MISCONFIGURED)
        elif not self._ready.done():
            self._ready.set_result(None)

    def _negotiated(self, _: object) -> None:
        """The broker wants TLS, and this CPE is told not to use it."""
        if not self._use_tls and self._tls_wanted and not self.bound:
            self._give_up(Trouble.MISCONFIGURED)

    def _give_up(self, trouble: Trouble) -> None:
        if not self._ready.done():
            self._ready.set_exception(LoginTrouble(trouble))
            self._ready.exception()
        self.abort()
        self._over(None)

    def _over(self, reason: object) -> None:
        if not self._ready.done():
            trouble = Trouble.ERROR if isinstance(reason, ssl.SSLError) else Trouble.NO_SERVER
            self._ready.set_exception(LoginTrouble(trouble))
            self._ready.exception()
        if not self.ended.done():
            self.ended.set_result(None)
