"""One login at an XMPP broker, from dialling to its end; a new one is made for the next.

slixmpp does the stream, TLS, SASL and DNS-SRV. What it would do by itself beyond that is switched off here:
dialling again, keeping stanzas for later, answering strangers.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element

from slixmpp import ClientXMPP
from slixmpp.stanza import Iq, Message, Presence, StreamFeatures

_LOGINS = ("SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN")
"""SASL mechanisms for an account with a password; over TLS only. Never ANONYMOUS, which is no account."""
_STARTTLS = "{urn:ietf:params:xml:ns:xmpp-tls}starttls"
_MOST_UNSENT = 256 * 1024
"""Bytes that may wait in the socket: a broker that takes nothing more gets nothing more."""

# Below warning level slixmpp logs whole stanzas, passwords included; above it tells what is told here.
_library = logging.getLogger("slixmpp")
_library.propagate = False
_library.addHandler(logging.NullHandler())


class LoginFailed(Exception):
    """No session at the broker; the text says why. `account`: it is the account that was refused."""

    def __init__(self, why: str, *, account: bool = False) -> None:
        super().__init__(why)
        self.account = account


class BrokerStream(ClientXMPP):
    """Made inside the running loop. `ended` is done when the connection is over.

    on_answer(id, sender, iq): called for IQ results and errors; says whether it was one awaited.
    """

    def __init__(
        self,
        jid: str,
        password: str,
        context: ssl.SSLContext,
        on_answer: Callable[[str, str, Element], bool],
        *,
        direct_tls: bool = False,
    ) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(jid, password, ssl_context=context, loop=loop)
        self.enable_direct_tls = direct_tls
        self.enable_starttls = not direct_tls
        self.enable_plaintext = False
        # None: where to dial is said by the configuration and by DNS, not by whoever answers.
        self.max_redirects = -1
        self.plugin["feature_mechanisms"].use_mechs = list(_LOGINS)
        self.ended: asyncio.Future[str] = loop.create_future()
        self._ready: asyncio.Future[None] = loop.create_future()
        self._on_answer = on_answer
        self._why = ""
        self._sender: asyncio.Task[Any] | None = None
        self.add_event_handler("session_start", self._started)
        self.add_event_handler("connection_failed", self._not_connected)
        self.add_event_handler("ssl_invalid_chain", self._not_trusted)
        self.add_event_handler("failed_auth", self._not_let_in)
        self.add_event_handler("no_auth", self._no_mechanism)
        self.add_event_handler("stream_error", self._told_off)
        self.add_event_handler("disconnected", self._over)
        self.add_filter("in", self._sift)

    # ---- what its owner does

    async def log_in(self, host: str, port: int, seconds: float) -> None:
        """Dial `host` and `port`; host "": what DNS says of the JID's domain. Raises `LoginFailed`."""
        self.connect(host or None, port if host else None)
        try:
            async with asyncio.timeout(seconds):
                await self._ready
        except TimeoutError:
            raise LoginFailed(self._why or f"no session within {seconds:g} s") from None

    def send_now(self, stanza: str) -> bool:
        """Send it this moment or not at all (False): nothing waits for a better time."""
        transport = self.transport
        if not self._ready.done() or self.ended.done() or transport is None or transport.is_closing():
            return False
        if transport.get_write_buffer_size() > _MOST_UNSENT:
            return False
        transport.write(stanza.encode())
        return True

    def end(self) -> None:
        """Close the connection at once and let go of everything."""
        if self.send_now(self.stream_footer) and self.transport is not None:
            self.transport.close()
        self.cancel_connection_attempt()
        self.abort()
        self._over("")
        for name in list(self.scheduled_events):
            self.cancel_schedule(name)
        if self._sender is not None:
            self._sender.cancel()

    # ---- slixmpp's own doings, held in check

    def reschedule_connection_attempt(self) -> asyncio.Future[Any] | None:
        """Dialling failed: say so; when to dial again is the owner's choice."""
        self._over("")
        return None

    async def run_filters(self) -> None:
        self._sender = asyncio.current_task()
        await super().run_filters()

    def exception(self, exception: Exception) -> None:
        self._over(f"the broker's stream cannot be understood ({type(exception).__name__})")

    def _sift(self, stanza: Any) -> Any:
        """Take the answers that are awaited; pass on what the login needs; drop the rest."""
        if isinstance(stanza, (Message, Presence)):
            return None
        if isinstance(stanza, StreamFeatures) and not self._secure and stanza.xml.find(_STARTTLS) is None:
            self._over("the broker offers no TLS")
            self.abort()
            return None
        if isinstance(stanza, Iq):
            xml = stanza.xml
            sender = xml.get("from", "")
            if xml.get("type") in ("result", "error"):
                return None if self._on_answer(xml.get("id", ""), sender, xml) else stanza
            # The broker may ask (a ping); whoever else does need not know that somebody listens.
            return stanza if sender in ("", self.boundjid.host, self.boundjid.bare) else None
        return stanza

    @property
    def _secure(self) -> bool:
        return self.transport is not None and self.transport.get_extra_info("ssl_object") is not None

    # ---- what happens

    def _started(self, _: object) -> None:
        if not self._secure:
            self._over("the broker offers no TLS")
            self.abort()
        elif not self._ready.done():
            self._ready.set_result(None)

    def _not_connected(self, reason: object) -> None:
        if isinstance(reason, ConnectionRefusedError):
            self._why = "connection refused"
        elif isinstance(reason, ssl.SSLError):
            self._why = _tls_trouble(reason)
        elif isinstance(reason, OSError):
            self._why = reason.strerror or str(reason) or type(reason).__name__
        else:
            self._why = str(reason)

    def _not_trusted(self, error: ssl.SSLError) -> None:
        self._over(_tls_trouble(error))
        self.abort()

    def _not_let_in(self, failure: Any) -> None:
        condition = str(failure["condition"])
        self._why = f"the broker refuses the account or its password ({condition})"
        self._fail(LoginFailed(self._why, account=condition in ("not-authorized", "account-disabled")))

    def _no_mechanism(self, _: object) -> None:
        self._over("the broker offers no login that is known here")

    def _told_off(self, error: Any) -> None:
        self._over(f"the broker ended the stream ({error['condition']})")
        self.abort()  # RFC 6120 §4.9.1.1: there is no way on after a stream error

    def _over(self, reason: object) -> None:
        text = reason if isinstance(reason, str) else ""
        if isinstance(reason, ssl.SSLError):
            text = _tls_trouble(reason)
        why = self._why or text or "the connection was closed"
        self._why = why
        self._fail(LoginFailed(why))
        if not self.ended.done():
            self.ended.set_result(why)

    def _fail(self, error: LoginFailed) -> None:
        if not self._ready.done():
            self._ready.set_exception(error)
            self._ready.exception()  # it may be that nobody waits any more


def _tls_trouble(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the broker's certificate is not trusted: {error.verify_message}"
    return f"TLS failed: {error.reason or type(error).__name__}"
