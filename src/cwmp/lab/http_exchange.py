"""A CPE's HTTP conversation with its ACS for one session: authentication, cookies, redirects."""

from __future__ import annotations

import secrets
import ssl

from cwmp.lab.connection import AcsAddress, AcsConnection, ConnectionFailed, HttpAnswer
from cwmp.lab.cookies import CookieJar
from cwmp.wire import digest
from cwmp.wire.errors import WireError

MAX_REDIRECTS = 5
REDIRECTS = (302, 307)
ALGORITHMS = ("SHA-256", "SHA-256-sess", "MD5", "MD5-sess", "")
"""Digest algorithms in the order a CPE prefers them."""

CONTENT = [(b"content-type", b'text/xml; charset="utf-8"'), (b"soapaction", b"")]


class AccessDenied(ConnectionFailed):
    """The ACS refused the CPE's username and password."""


class HttpConversation:
    """POSTs of one session, all on one connection unless the ACS redirects or closes it.

    A redirect holds for the rest of the session and is forgotten with it (TR-069a6 §3.4.4).
    """

    def __init__(
        self, address: AcsAddress, username: str, password: str, tls: ssl.SSLContext | None, timeout: float
    ) -> None:
        self._tls = tls
        self._timeout = timeout
        self._connection = AcsConnection(address, tls, timeout)
        self._username = username
        self._password = password
        self._jar = CookieJar()
        self._challenge: digest.Challenge | None = None
        self._nonce_count = 0

    async def post(self, body: bytes) -> HttpAnswer:
        """The ACS's answer to `body`, past challenges and redirects. Raises `ConnectionFailed`."""
        redirects = 0
        refused = 0
        while True:
            answer = await self._post_once(body)
            if answer.status == 401:
                refused += 1
                chosen = _choose(answer.all(b"www-authenticate"))
                if chosen is None or not (self._username or self._password):
                    raise self._denied()
                # The first challenge of a request may renew a nonce; a second one is final unless it says
                # itself that only the nonce had grown old (RFC 7616 §3.3, stale).
                if refused > 1 and (refused > 2 or not chosen.stale):
                    raise self._denied()
                self._challenge = chosen
                self._nonce_count = 0
            elif answer.status in REDIRECTS and (location := answer.first(b"location")):
                redirects += 1
                if redirects > MAX_REDIRECTS:
                    raise ConnectionFailed(
                        f"the ACS at {self._connection.address.url} redirects more than {MAX_REDIRECTS} times"
                    )
                await self._redirect(location)
                refused = 0
            else:
                return answer

    async def _post_once(self, body: bytes) -> HttpAnswer:
        address = self._connection.address
        headers = list(CONTENT) if body else []
        if cookie := self._jar.header(address.host, address.target, secure=address.secure):
            headers.append((b"cookie", cookie.encode("utf-8", "surrogateescape")))
        if self._challenge is not None:
            self._nonce_count += 1
            authorization = digest.answer(
                self._challenge,
                "POST",
                address.target,
                self._username,
                password=self._password,
                body=body,
                cnonce=secrets.token_hex(8),
                nc=self._nonce_count,
            )
            headers.append((b"authorization", authorization.encode("utf-8", "surrogateescape")))
        answer = await self._connection.post(body, headers)
        for header in answer.all(b"set-cookie"):
            self._jar.take(address.host, address.target, header)
        return answer

    async def _redirect(self, location: str) -> None:
        old = self._connection
        address = old.address.join(location)
        if (address.secure, address.host, address.port) == (
            old.address.secure,
            old.address.host,
            old.address.port,
        ):
            old.move(address)
            return
        await old.close()
        self._connection = AcsConnection(address, self._tls, self._timeout)
        self._challenge = None

    def _denied(self) -> AccessDenied:
        return AccessDenied(
            f"the ACS at {self._connection.address.url} refuses username {self._username!r} "
            "or its password (HTTP 401): give --username and --password, or the --credentials-file of that "
            "ACS (lab-credentials in its data directory, $CWMP_DATA)"
        )

    def abort(self) -> None:
        self._connection.abort()

    async def close(self) -> None:
        await self._connection.close()


def _choose(headers: list[str]) -> digest.Challenge | None:
    """The strongest challenge a CPE can answer: Digest before Basic."""
    best: digest.Challenge | None = None
    best_rank = len(ALGORITHMS) + 1
    for header in headers:
        try:
            challenges = digest.parse_challenges(header)
        except WireError:
            continue
        for challenge in challenges:
            rank = _rank(challenge)
            if rank < best_rank:
                best, best_rank = challenge, rank
    return best


def _rank(challenge: digest.Challenge) -> int:
    if challenge.scheme.lower() == "basic":
        return len(ALGORITHMS)
    if challenge.scheme.lower() == "digest" and challenge.algorithm in ALGORITHMS:
        return ALGORITHMS.index(challenge.algorithm)
    return len(ALGORITHMS) + 1
