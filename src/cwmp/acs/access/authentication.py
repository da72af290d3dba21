"""Who is this CPE? HTTP Digest and Basic before anything of its body is parsed, and then: is the device it
says it is one that these credentials may speak for?
"""

from __future__ import annotations

import hmac
import logging
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cwmp.acs.access.attempts import Attempts
from cwmp.acs.access.nonces import Nonces, Standing
from cwmp.acs.access.replacing_credentials import Replacement
from cwmp.acs.listen.http_text import Network, within
from cwmp.acs.sessions.endpoint import HttpRequest, HttpResponse, ListenerRules
from cwmp.wire import digest
from cwmp.wire.errors import WireError
from cwmp.wire.messages import DeviceId

if TYPE_CHECKING:
    from cwmp.acs.access.credentials import Credential, Credentials
    from cwmp.acs.metrics import Metrics

log = logging.getLogger("cwmp.acs.access.authentication")

_TEXT = (b"content-type", b"text/plain; charset=utf-8")
_NOBODY = "0" * 64
"""Stands for the HA1 of a username there is none of, so that asking for it takes as long as for another."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who has proved to know a username's password. credentials: those that the password fits."""

    username: str
    credentials: tuple[Credential, ...]


@dataclass(frozen=True, slots=True)
class Admission:
    """What a principal may do as the device it says it is.

    refusal: why it may not be this device, one sentence; "" when it may. quarantine: why it may speak but
    get no work. replacement: the shared credentials it used are to be replaced by its own. own: it proved
    itself by credentials that only this device has.
    """

    refusal: str = ""
    quarantine: str = ""
    replacement: Replacement | None = None
    own: bool = False


class Authentication:
    """Checks Authorization headers against the stored credentials; keeps nonces and failed attempts.

    algorithms: digest algorithms offered, in this order; old CPEs know MD5 only. The key that signs nonces
    is new in each process, so none of an earlier one counts. readmit_networks: access networks from which a
    device that has its own credentials may come back with its type's, as after a factory reset.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        algorithms: tuple[str, ...] = ("MD5",),
        nonce_lifetime: float = 300.0,
        readmit_networks: tuple[Network, ...] = (),
        attempts: Attempts | None = None,
        metrics: Metrics | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.credentials = credentials
        self.algorithms = algorithms
        self.nonces = Nonces(secrets.token_bytes(32), lifetime=nonce_lifetime)
        self.readmit_networks = readmit_networks
        self.attempts = attempts or Attempts()
        self.metrics = metrics
        self.clock = clock

    # ---- is the password right?

    async def check(self, request: HttpRequest, rules: ListenerRules) -> Principal | HttpResponse:
        """Who sent this request; or what to answer it: a challenge (401), or to come back later (503)."""
        header = _authorization(request.headers)
        connection = request.connection
        if header is None:
            if connection.principal is not None and not connection.shared:
                return connection.principal
            return self.challenge(request, rules)
        try:
            if header[:6].lower() == "digest":
                return await self._digest(request, rules, digest.parse_authorization(header))
            if header[:5].lower() == "basic" and _basic_allowed(request, rules):
                return await self._basic(request, rules, *digest.parse_basic(header))
        except WireError as error:
            log.info("%s: Authorization not understood: %s", request.peer, error)
        self.count_refusal("unreadable")
        return self.challenge(request, rules)

    def challenge(self, request: HttpRequest, rules: ListenerRules, *, stale: bool = False) -> HttpResponse:
        """401 with a new nonce for each algorithm offered."""
        now = self.clock()
        realm = self.credentials.realm
        headers = [_TEXT]
        for algorithm in self.algorithms:
            offer = digest.challenge_header(realm, self.nonces.issue(now), algorithm, stale=stale)
            headers.append((b"www-authenticate", offer.encode("latin-1", "replace")))
        if _basic_allowed(request, rules):
            headers.append((b"www-authenticate", digest.basic_challenge(realm).encode("latin-1", "replace")))
        return HttpResponse(401, headers, b"Say who you are.\n")

    async def _digest(
        self, request: HttpRequest, rules: ListenerRules, given: digest.Credentials
    ) -> Principal | HttpResponse:
        connection = request.connection
        now = self.clock()
        # auth-int is never offered, and what the CPE may choose is what was offered.
        algorithm = (given.algorithm or "MD5").removesuffix("-sess").removesuffix("-SESS").upper()
        if algorithm not in self.algorithms or given.qop not in ("", "auth"):
            self.count_refusal("algorithm")
            return self.challenge(request, rules)
        if self.nonces.judge(given.nonce, connection, now) is Standing.STALE:
            return self.challenge(request, rules, stale=True)
        wait = self.attempts.wait(request.peer, given.username, now)
        if wait:
            return _later(wait)
        known = await self.credentials.lookup(given.username)
        # Every candidate is computed, and one even where there is none.
        fitting = [
            each
            for each in known
            if digest.verify(given, request.method, each.ha1(algorithm)) and each.state != "retired"
        ]
        if not known:
            digest.verify(given, request.method, _NOBODY[: 64 if algorithm == "SHA-256" else 32])
        if not fitting:
            return self._wrong(request, rules, given.username, known, now)
        self.nonces.use(given.nonce, connection, now)
        return self._right(request, given.username, fitting)

    async def _basic(
        self, request: HttpRequest, rules: ListenerRules, username: str, password: str
    ) -> Principal | HttpResponse:
        now = self.clock()
        wait = self.attempts.wait(request.peer, username, now)
        if wait:
            return _later(wait)
        known = await self.credentials.lookup(username)
        proof = digest.ha1(username, self.credentials.realm, password, "SHA-256")
        fitting = [
            each
            for each in known
            if hmac.compare_digest(proof, each.ha1("SHA-256")) and each.state != "retired"
        ]
        if not known:
            hmac.compare_digest(proof, _NOBODY)
        if not fitting:
            return self._wrong(request, rules, username, known, now)
        return self._right(request, username, fitting)

    def _right(self, request: HttpRequest, username: str, fitting: list[Credential]) -> Principal:
        self.attempts.succeeded(request.peer, username)
        principal = Principal(username, tuple(fitting))
        if not request.connection.shared:
            request.connection.principal = principal
        return principal

    def _wrong(
        self,
        request: HttpRequest,
        rules: ListenerRules,
        username: str,
        known: Sequence[Credential],
        now: float,
    ) -> HttpResponse:
        self.attempts.failed(request.peer, username, now)
        request.connection.principal = None
        self.count_refusal("credentials")
        if known:
            whose = ", ".join(
                dict.fromkeys(f"{'device type ' * (each.scope == 'type')}{each.owner}" for each in known)
            )
            log.warning("%s: wrong password for username %r of %s", request.peer, username[:100], whose[:300])
        else:
            log.warning("%s: unknown username %r", request.peer, username[:100])
        return self.challenge(request, rules)

    # ---- does it fit the device?

    async def admit(
        self, principal: Principal, device: DeviceId, device_id: str, peer: str = ""
    ) -> Admission:
        """May this principal be the device it says it is in its Inform?

        A device's own credentials speak for that device only; a device type's for the devices of which it
        is the most specific type, until they have own ones.
        """
        shared = None
        for each in principal.credentials:
            if each.scope == "device":
                if each.owner == device_id:
                    if each.state == "pending" and await self.credentials.confirm(device_id, each.username):
                        log.info("%s uses its own credentials from now on", device_id)
                    return Admission(own=True)
            else:
                shared = each
        if shared is None:
            return Admission(f"the username {principal.username[:100]!r} belongs to another device")
        fits = self.credentials.type_for(
            device.manufacturer, device.oui, device.product_class, device.serial_number
        )
        if fits is None or not any(each.owner == fits.name for each in principal.credentials):
            return Admission(
                f"the username {principal.username[:100]!r} belongs to device type {shared.owner}, "
                f"which this device is not of"
            )
        if await self.credentials.has_own(device_id):
            if within(peer, self.readmit_networks):
                log.warning("%s: %s may use its type's credentials again: its network", peer, device_id)
                await self.credentials.readmit(device_id)
                return Admission(replacement=Replacement(self.credentials) if fits.individual else None)
            return Admission(
                quarantine=f"the credentials of device type {fits.name} were used, but the device has its own"
            )
        return Admission(replacement=Replacement(self.credentials) if fits.individual else None)

    def claimed_username(self, headers: list[tuple[bytes, bytes]]) -> str | None:
        """The username in a request's Authorization, proved or not; None where there is none to read."""
        header = _authorization(headers)
        if header is None:
            return None
        try:
            if header[:5].lower() == "basic":
                return digest.parse_basic(header)[0]
            return digest.parse_authorization(header).username
        except WireError:
            return None

    def count_refusal(self, reason: str) -> None:
        if self.metrics is not None:
            self.metrics.authentication_failed(reason)


def _authorization(headers: list[tuple[bytes, bytes]]) -> str | None:
    for name, value in headers:
        if name == b"authorization":
            return value.decode("utf-8", "surrogateescape").strip()
    return None


def _basic_allowed(request: HttpRequest, rules: ListenerRules) -> bool:
    return rules.basic == "always" or (rules.basic == "over_tls" and request.secure)


def _later(seconds: float) -> HttpResponse:
    wait = b"%d" % (int(seconds) + 1)
    return HttpResponse(503, [(b"retry-after", wait), _TEXT], b"Too many wrong passwords; come back later.\n")
