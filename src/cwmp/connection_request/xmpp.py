"""The XMPP connection request (TR-069a6 Annex K): one long-lived connection for each configured broker.

A request is sent at once over a connection that stands, or not at all: one that comes late would wake a
device for work that somebody has given up.
"""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from xml.etree.ElementTree import Element

from cwmp.connection_request.answer import Answer
from cwmp.connection_request.xmpp_stream import BrokerStream, LoginFailed
from cwmp.errors import CwmpError
from cwmp.wire.errors import LocalProtocolError
from cwmp.wire.xmpp_request import Jid, Reply, parse_jid, parse_reply, request_stanza

log = logging.getLogger("cwmp.xmpp")

PORT = 5222
_LOGIN_SECONDS = 20.0
_FIRST_WAIT = 1.0
_LONGEST_WAIT = 60.0
_WAIT_AFTER_REFUSAL = 15.0
"""A refused account is not hammered: brokers lock those that are."""
_STEADY = 30.0
"""Seconds a connection must have stood before the next failure counts as the first."""
_PING_EVERY = 60.0
_PING_SECONDS = 15.0
_PATIENCE = 5.0
"""Seconds a request waits for a connection that is just coming back."""


@dataclass(frozen=True, slots=True)
class Broker:
    """An XMPP server whose devices this ACS may wake.

    domain: of the devices' JIDs. jid: the ACS's own account, without resource. host, port: instead of what
    DNS (SRV, else address) says of the JID's domain; the certificate must be the JID's domain's all the
    same. ca_file: instead of the system's CAs. direct_tls: TLS from the first byte instead of STARTTLS.
    """

    domain: str
    jid: str
    password_file: Path
    host: str = ""
    port: int = PORT
    ca_file: Path | None = None
    direct_tls: bool = False


class BrokerError(CwmpError):
    """A broker's account, password file or CA file cannot be used; the sentence says which and why."""


class _NotSent(ConnectionError):
    """The stanza did not leave, and will not."""


_Pending: TypeAlias = "tuple[str, asyncio.Future[Reply]]"


class BrokerConnection:
    """Keeps the ACS logged in at one broker and sends requests over that connection.

    Made inside the running loop. Raises `BrokerError` when account or files are no good.
    """

    def __init__(self, broker: Broker, *, changed: Callable[[], None] = lambda: None) -> None:
        account = parse_jid(broker.jid)
        if account is None or not account.local:
            raise BrokerError(f"The XMPP account '{broker.jid}' is no JID: write NAME@DOMAIN")
        self.broker = broker
        self.account = account
        self.trouble = "not connected yet"
        """Why there is no connection now; "" while there is one."""
        self.logins = 0
        # Its own resource for each process: a second login with the same one would end the first.
        self._jid = Jid(account.local, account.domain, account.resource or f"acs-{secrets.token_hex(4)}")
        read_password(broker)
        self._context = _tls_context(broker)
        self._changed = changed
        self._stream: BrokerStream | None = None
        self._up = asyncio.Event()
        self._pending: dict[str, _Pending] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        return self._up.is_set()

    def start(self) -> None:
        """Log in, and again whenever the connection is lost, until `close`."""
        self._task = asyncio.get_running_loop().create_task(self._live(), name=f"xmpp {self.broker.domain}")

    async def close(self) -> None:
        """Log out; requests under way are answered as not answered."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def request(self, jid: Jid, username: str, password: str, *, seconds: float) -> Answer:
        """Ask the device at `jid` to open a session. seconds: for all of it. Never raises."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        stream = await self._standing(min(seconds, _PATIENCE))
        if stream is None:
            return Answer("broker_down", f"the XMPP broker of {self.broker.domain}: {self.trouble}")
        try:
            reply = await self._exchange(
                stream, jid.key, lambda id: request_stanza(id, jid, username, password), deadline
            )
        except LocalProtocolError as error:
            return Answer("refused", f"not sent: {error}")
        except TimeoutError:
            return Answer("no_answer", f"{jid.full} did not answer within {seconds:g} s")
        except _NotSent:
            return Answer("broker_down", f"the XMPP broker of {self.broker.domain} takes nothing just now")
        except ConnectionError as error:
            return Answer("no_answer", str(error))
        return _meaning(reply, jid)

    # ---- one exchange

    async def _standing(self, seconds: float) -> BrokerStream | None:
        if self._stream is None:
            try:
                async with asyncio.timeout(seconds):
                    await self._up.wait()
            except TimeoutError:
                return None
        return self._stream

    async def _exchange(
        self, stream: BrokerStream, sender: str, stanza: Callable[[str], str], deadline: float
    ) -> Reply:
        """Send an IQ and wait for its answer. Raises `TimeoutError`, `ConnectionError`."""
        id = secrets.token_hex(8)
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._pending[id] = (sender, answer)
        try:
            if not stream.send_now(stanza(id)):
                raise _NotSent
            async with asyncio.timeout_at(deadline):
                return await answer
        finally:
            del self._pending[id]

    def _answered(self, id: str, sender: str, iq: Element) -> bool:
        waiting = self._pending.get(id)
        if waiting is None:
            return False
        expected, answer = waiting
        jid = parse_jid(sender)
        if (jid.key if jid is not None else sender) != expected:
            return False  # somebody else's word for it
        if not answer.done():
            answer.set_result(parse_reply(iq))
        return True

    # ---- the connection

    async def _live(self) -> None:
        wait = _FIRST_WAIT
        while True:
            began = time.monotonic()
            try:
                await self._once()
            except LoginFailed as failed:
                self._down(str(failed))
                if failed.account:
                    wait = max(wait, _WAIT_AFTER_REFUSAL)
            except BrokerError as error:
                self._down(str(error))
            except Exception as error:  # a bug of ours or the library's must not end waking for good
                self._down(f"the ACS stumbled ({type(error).__name__})")
            if time.monotonic() - began > _STEADY:
                wait = _FIRST_WAIT
            # Spread, so that many ACS processes do not fall on a broker in the moment it is back.
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
            wait = min(wait * 2, _LONGEST_WAIT)

    async def _once(self) -> None:
        """One connection from login to end. Raises `LoginFailed` and `BrokerError` with the reason."""
        broker = self.broker
        stream = BrokerStream(
            self._jid.full,
            read_password(broker),
            self._context,
            self._answered,
            direct_tls=broker.direct_tls,
        )
        try:
            await stream.log_in(broker.host, broker.port, _LOGIN_SECONDS)
            self._stream = stream
            self.trouble = ""
            self.logins += 1
            self._up.set()
            log.info("%s: logged in as %s", broker.domain, stream.boundjid)
            self._changed()
            raise LoginFailed(await self._stay(stream))
        finally:
            self._stream = None
            self._up.clear()
            stream.end()
            for _, answer in self._pending.values():
                if not answer.done():
                    answer.set_exception(
                        ConnectionError(
                            f"the connection to the broker of {broker.domain} broke before an answer"
                        )
                    )

    async def _stay(self, stream: BrokerStream) -> str:
        """Until the connection ends, or the broker no longer answers pings; gives the reason."""
        domain = self.account.domain
        while True:
            done, _ = await asyncio.wait([stream.ended], timeout=_PING_EVERY)
            if done:
                return stream.ended.result()
            deadline = asyncio.get_running_loop().time() + _PING_SECONDS
            try:
                # Any answer will do, an error too: somebody is there.
                await self._exchange(stream, domain.lower(), lambda id: _ping(id, domain), deadline)
            except (TimeoutError, ConnectionError):
                return stream.ended.result() if stream.ended.done() else "the broker no longer answers"

    def _down(self, why: str) -> None:
        if why != self.trouble:
            self.trouble = why
            log.warning("%s: no connection to the XMPP broker: %s", self.broker.domain, why)
            self._changed()


def read_password(broker: Broker) -> str:
    """The first line of the broker's password file. Raises `BrokerError`."""
    try:
        password = broker.password_file.read_text(encoding="utf-8").split("\n", 1)[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise BrokerError(
            f"The XMPP password file {broker.password_file} of {broker.jid} cannot be read: {reason}"
        ) from None
    if not password:
        raise BrokerError(f"The XMPP password file {broker.password_file} of {broker.jid} is empty")
    return password


def _tls_context(broker: Broker) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(broker.ca_file) if broker.ca_file else None)
    except (OSError, ssl.SSLError) as error:
        reason = error.strerror or type(error).__name__
        raise BrokerError(
            f"The CA file {broker.ca_file} of the XMPP broker of {broker.domain} cannot be used: {reason}"
        ) from None


def _ping(id: str, domain: str) -> str:
    return f"<iq type='get' id='{id}' to='{domain}'><ping xmlns='urn:xmpp:ping'/></iq>"


def _meaning(reply: Reply, jid: Jid) -> Answer:
    if reply.word == "accepted":
        return Answer("accepted")
    if reply.word == "wrong_credentials":
        return Answer("wrong_credentials", "the device refused the connection request username or password")
    if reply.word == "unavailable":
        return Answer(
            "unavailable",
            f"{jid.full} is offline, or there is no such JID, or the device does not allow this ACS's JID: "
            "XMPP gives one answer for all three",
        )
    if reply.word == "busy":
        return Answer("busy", "the device was asked too often, or is in a session already")
    said = f"'{reply.condition}'" if reply.condition else "an error without a name"
    return Answer("refused", f"the device or its broker answered {said}")
