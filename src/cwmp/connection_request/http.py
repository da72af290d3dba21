"""The HTTP connection request (TR-069a6 §3.2.2): a GET with digest on the device's ConnectionRequestURL.

Devices' servers are small and odd: one request per socket, nonces reused or gone stale, challenges folded
or without commas, answers without length. Whatever they send is bounded in size and time and never
followed: no redirects, and the address dialled is the one that was checked.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from dataclasses import dataclass

import h11

from cwmp.connection_request.address import Target
from cwmp.connection_request.answer import Answer
from cwmp.connection_request.route import Direct, Route
from cwmp.wire import digest
from cwmp.wire.errors import WireError

_MAX_HEAD = 16 * 1024
_MAX_BODY = 16 * 1024
_STATUS_LINE = re.compile(rb"\s*HTTP/\d\.\d +(\d{3})")
_CHALLENGE_LINE = re.compile(rb"(?im)^www-authenticate *: *(.*(?:\r?\n[ \t]+.*)*)")
_PROXY_SAYS = (403, 407, 500, 502, 504)
"""What a device would hardly say, but a proxy that reads the request says when it does not get there."""


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    challenges: tuple[str, ...]
    reusable: bool


class _NoReply(Exception):
    """The socket ended before a single byte of an answer."""


async def request_http(
    target: Target,
    address: str,
    username: str,
    password: str,
    *,
    route: Route | None = None,
    basic: bool = False,
    seconds: float = 10.0,
) -> Answer:
    """Ask the device at `target` to open a session, dialling the checked IP `address`.

    basic: send the password in clear where the device asks for nothing better. seconds: for all of it.
    Never raises for what the device does.
    """
    conversation = _Conversation(target, address, route or Direct())
    try:
        async with asyncio.timeout(seconds):
            return await _ask(conversation, username, password, basic=basic)
    except TimeoutError:
        if conversation.connected:
            return Answer("no_answer", f"no answer from {target.authority} within {seconds:g} s")
        return Answer("unreachable", f"no connection to {target.authority} within {seconds:g} s")
    except _NoReply:
        return Answer("no_answer", f"{target.authority} closed the connection without an answer")
    except OSError as error:
        if conversation.connected:
            return Answer("no_answer", f"the connection to {target.authority} broke: {_reason(error)}")
        return Answer("unreachable", f"no connection to {target.authority}: {_reason(error)}")
    finally:
        conversation.close()


async def _ask(conversation: _Conversation, username: str, password: str, *, basic: bool) -> Answer:
    reply = await conversation.get(None)
    tried = ""
    # One try with our credentials; a second only where the device says that just its nonce was too old.
    for _ in range(2):
        if reply.status != 401:
            break
        challenge = _choose(reply.challenges, basic=basic)
        if challenge is None:
            return _no_way_in(reply)
        if not username:
            return Answer(
                "wrong_credentials", "the device asks for credentials and none are known for it", 401
            )
        if tried and not (challenge.stale and challenge.nonce != tried):
            break
        tried = challenge.nonce or "-"
        try:
            authorization = digest.answer(
                challenge,
                "GET",
                conversation.target.uri,
                username,
                password=password,
                body=b"",
                cnonce=secrets.token_hex(8),
                nc=1,
            )
        except WireError as error:
            return Answer("refused", f"the device's challenge cannot be answered: {error}", 401)
        reply = await conversation.get(authorization, fresh=not reply.reusable)
    if conversation.route.absolute and reply.status in _PROXY_SAYS:
        name = conversation.route.name
        return Answer(
            "unreachable", f"the gateway {name} does not reach it: HTTP {reply.status}", reply.status
        )
    return _meaning(reply.status)


def _meaning(status: int) -> Answer:
    if status in (200, 204):
        return Answer("accepted", "", status)
    if status == 401:
        return Answer(
            "wrong_credentials", "the device refused the connection request username or password", 401
        )
    if status == 503:
        return Answer("busy", "the device was asked too often, or is in a session already", 503)
    if status == 0:
        return Answer("refused", "the device's answer was no HTTP")
    return Answer("refused", f"the device answered HTTP {status}", status)


def _no_way_in(reply: _Reply) -> Answer:
    offered = ", ".join(sorted({each.partition(" ")[0][:20] for each in reply.challenges}))
    if not offered:
        return Answer("refused", "the device answered HTTP 401 without a challenge", 401)
    if "basic" in offered.lower():
        detail = "the device asks for Basic, which sends the password in clear; waking.basic would allow it"
        return Answer("refused", detail, 401)
    return Answer("refused", f"the device asks for an authentication that is not known here: {offered}", 401)


def _choose(headers: tuple[str, ...], *, basic: bool) -> digest.Challenge | None:
    """The strongest challenge that can be answered."""
    found: list[digest.Challenge] = []
    for header in headers:
        try:
            found += digest.parse_challenges(header)
        except WireError:
            continue
    for algorithms in (("SHA-256", "SHA-256-SESS"), ("MD5", "MD5-SESS", "")):
        for challenge in found:
            if challenge.scheme.lower() == "digest" and (challenge.algorithm or "").upper() in algorithms:
                return challenge
    if basic:
        return next((each for each in found if each.scheme.lower() == "basic"), None)
    return None


class _Conversation:
    """One or two GETs, on one socket where the device keeps it open and on a new one where not."""

    def __init__(self, target: Target, address: str, route: Route) -> None:
        self.target = target
        self.address = address
        self.route = route
        self.connected = False
        self._writer: asyncio.StreamWriter | None = None
        self._reader: asyncio.StreamReader | None = None

    async def get(self, authorization: str | None, *, fresh: bool = True) -> _Reply:
        if not fresh and self._writer is not None:
            try:
                return await self._exchange(authorization)
            except (_NoReply, ConnectionError):
                pass  # the device closed its socket after one answer without saying so
        self.close()
        self._reader, self._writer = await self.route.connect(self.address, self.target.port)
        self.connected = True
        return await self._exchange(authorization)

    async def _exchange(self, authorization: str | None) -> _Reply:
        assert self._reader is not None and self._writer is not None
        headers = [("Host", self.target.authority), ("User-Agent", "cwmp"), ("Accept", "*/*")]
        if authorization is not None:
            headers.append(("Authorization", authorization))
        if self.route.authorization:
            headers.append(("Proxy-Authorization", self.route.authorization))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        # The proxy is told the checked number, so that it resolves nothing anew.
        checked = Target(self.address, self.target.port, "")
        where = f"http://{checked.authority}" if self.route.absolute else ""
        request = f"GET {where}{self.target.uri} HTTP/1.1\r\n{lines}\r\n"
        # Header values may hold what a device put into its realm; never let it write lines of its own.
        if request.count("\r\n") != len(headers) + 2 or request.count("\n") != request.count("\r"):
            raise _NoReply
        self._writer.write(request.encode("utf-8", "surrogateescape"))
        await self._writer.drain()
        return await _read_reply(self._reader)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = self._reader = None


async def _read_reply(reader: asyncio.StreamReader) -> _Reply:
    """Read one answer. The status is all that counts; the body is read only to use the socket again."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    connection.send(h11.EndOfMessage())
    raw = b""
    head: h11.Response | None = None
    size = 0
    while True:
        try:
            event = connection.next_event()
        except h11.RemoteProtocolError:
            return _read_tolerantly(raw) if head is None else _reply_of(head, reusable=False)
        if event is h11.NEED_DATA:
            try:
                data = await reader.read(4096)
            except ConnectionError:
                if raw:
                    return _read_tolerantly(raw) if head is None else _reply_of(head, reusable=False)
                raise
            if not data and not raw:
                raise _NoReply
            if head is None:
                raw += data
            connection.receive_data(data)
        elif isinstance(event, h11.Response):
            head = event
            if event.status_code != 401:
                return _reply_of(head, reusable=False)
        elif isinstance(event, h11.Data):
            size += len(event.data)
            if size > _MAX_BODY:
                return _reply_of(head, reusable=False)
        elif isinstance(event, h11.EndOfMessage):
            return _reply_of(head, reusable=connection.their_state is h11.DONE)
        elif isinstance(event, h11.ConnectionClosed):
            return _reply_of(head, reusable=False)


def _reply_of(head: h11.Response | None, *, reusable: bool) -> _Reply:
    if head is None:
        return _Reply(0, (), False)
    challenges = tuple(
        value.decode("utf-8", "replace") for name, value in head.headers if name == b"www-authenticate"
    )
    return _Reply(head.status_code, challenges, reusable)


def _read_tolerantly(raw: bytes) -> _Reply:
    """What h11 calls no HTTP may still carry a status line and a challenge that one can read."""
    status = _STATUS_LINE.match(raw)
    if status is None:
        return _Reply(0, (), False)
    challenges = (
        " ".join(found.decode("utf-8", "replace").split()) for found in _CHALLENGE_LINE.findall(raw)
    )
    return _Reply(int(status[1]), tuple(challenges), False)


def _reason(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    return error.strerror or type(error).__name__
