"""The CPE's end of a CWMP session: bytes in, events out, bytes back (TR-069a6 §3.7.1).

`begin` gives the Inform; then each HTTP response goes into `receive`, and what is to be posted next comes
from `send`. Authentication, redirects and cookies are the HTTP client's. `_RECEIVING` and `_SENDING`
below are the whole protocol.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import TypeAlias

from cwmp.wire.envelope import DEFAULT_SOAP_PREFIX, Envelope, decode, encode
from cwmp.wire.errors import LocalProtocolError, RemoteProtocolError
from cwmp.wire.limits import DEFAULT_LIMITS, Limits
from cwmp.wire.messages import (
    ACS_REQUESTS,
    CPE_REQUESTS,
    RESPONSES,
    SINCE,
    Fault,
    Inform,
    InformResponse,
    Message,
    UnknownMethod,
)
from cwmp.wire.versions import NAMESPACES, VERSIONS, at_least, version_from_namespace

# --- events ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InformAccepted:
    """The ACS has answered the Inform; our turn. version: the CWMP version of the session from now on."""

    response: InformResponse
    version: str


@dataclass(frozen=True, slots=True)
class AcsRequest:
    """The ACS asks for something and must be answered. An unknown method comes as `UnknownMethod`."""

    message: Message


@dataclass(frozen=True, slots=True)
class AcsAnswer:
    """The answer to our request; our turn."""

    message: Message | Fault


@dataclass(frozen=True, slots=True)
class RetryAsked:
    """Fault 8005: the ACS wants the same request again, at once and in this session (§3.7.1.6).

    body: the very bytes to post.
    """

    body: bytes


@dataclass(frozen=True, slots=True)
class Released:
    """The ACS has nothing more and no longer holds our requests back (HoldRequests): our turn."""


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """Nothing more is to be posted. fault: the ACS's, where it refused the Inform: the session failed."""

    fault: Fault | None = None


CpeEvent: TypeAlias = InformAccepted | AcsRequest | AcsAnswer | RetryAsked | Released | SessionEnded

# --- the protocol ----------------------------------------------------------------------------------------


class State(Enum):
    """Whose turn it is."""

    BEGIN = auto()
    INFORMING = auto()
    """The Inform is on its way."""
    OUR_TURN = auto()
    """A request of ours may go, or an empty POST."""
    WAITING = auto()
    """Our request is outstanding."""
    IDLE = auto()
    """Our empty POST, or the answer to the ACS's request, is on its way."""
    ASKED = auto()
    """A request of the ACS waits for our answer."""
    OVER = auto()
    BROKEN = auto()


class _Heard(Enum):
    """What an HTTP response is."""

    ACCEPTED = auto()
    REFUSED = auto()
    ANSWER = auto()
    RETRY = auto()
    REQUEST = auto()
    NOTHING = auto()
    RELEASED = auto()
    """Nothing, and the ACS that held our requests back does so no more."""


class _Said(Enum):
    """What our side sends."""

    INFORM = auto()
    REQUEST = auto()
    ANSWER = auto()
    NOTHING = auto()


_RECEIVING = MappingProxyType(
    {
        (State.INFORMING, _Heard.ACCEPTED): State.OUR_TURN,
        (State.INFORMING, _Heard.REFUSED): State.OVER,
        (State.INFORMING, _Heard.RETRY): State.INFORMING,
        (State.WAITING, _Heard.ANSWER): State.OUR_TURN,
        (State.WAITING, _Heard.RETRY): State.WAITING,
        (State.IDLE, _Heard.REQUEST): State.ASKED,
        (State.IDLE, _Heard.NOTHING): State.OVER,
        (State.IDLE, _Heard.RELEASED): State.OUR_TURN,
    }
)

_SENDING = MappingProxyType(
    {
        (State.BEGIN, _Said.INFORM): State.INFORMING,
        (State.OUR_TURN, _Said.REQUEST): State.WAITING,
        (State.OUR_TURN, _Said.NOTHING): State.IDLE,
        (State.ASKED, _Said.ANSWER): State.IDLE,
    }
)

_RETRY = 8005


class CpeSession:
    """A session with the ACS.

    version: the highest CWMP version this CPE speaks; from 1.4 on the Inform lists them all.
    session_timeout: seconds the ACS is asked to wait between exchanges (from 1.3 on).
    """

    def __init__(
        self,
        limits: Limits = DEFAULT_LIMITS,
        *,
        version: str = "1.4",
        soap_prefix: str = DEFAULT_SOAP_PREFIX,
        session_timeout: int | None = None,
    ) -> None:
        if version not in VERSIONS:
            raise LocalProtocolError(f"{version!r} is no CWMP version")
        self._limits = limits
        self._highest = version
        self._version = version
        self._namespace = NAMESPACES[version]
        self._prefix = soap_prefix
        self._timeout = session_timeout if at_least(version, "1.3") else None
        self._state = State.BEGIN
        self._number = 0
        self._held = False
        self._held_back = False
        self._pending: Message | None = None
        self._sent = b""
        self._asked: Message | None = None
        self._asked_id: str | None = None

    @property
    def state(self) -> State:
        """Whose turn it is."""
        return self._state

    @property
    def over(self) -> bool:
        """Nothing more is to be posted."""
        return self._state is State.OVER or self._state is State.BROKEN

    @property
    def version(self) -> str:
        """The CWMP version of the session."""
        return self._version

    @property
    def hold_requests(self) -> bool:
        """The ACS wants to ask first: only empty POSTs and answers may go."""
        return self._held

    @property
    def may_request(self) -> bool:
        """A request of ours may be sent now."""
        return self._state is State.OUR_TURN and not self._held

    # --- sending -----------------------------------------------------------------------------------------

    def begin(self, inform: Inform) -> bytes:
        """The first POST."""
        self._check(_Said.INFORM, "a second Inform")
        listed = VERSIONS[: VERSIONS.index(self._highest) + 1] if self._highest == "1.4" else ()
        body = encode(
            Envelope(
                inform,
                str(self._number + 1),
                self._namespace,
                self._prefix,
                session_timeout=self._timeout,
                supported_versions=listed,
            )
        )
        return self._posted(_Said.INFORM, inform, body)

    def send(self, message: Message | Fault | None) -> bytes:
        """The next POST: the answer to the ACS's request, a request of ours, or b"" for None.

        Raises `LocalProtocolError` for what may not be sent now, and the session stays as it was.
        """
        if self._asked is not None:
            return self._send_answer(message)
        if message is None:
            self._check(_Said.NOTHING, "an empty POST")
            self._held_back = self._held
            self._state = State.IDLE
            return b""
        name = type(message).__name__
        if isinstance(message, Fault) or type(message) not in CPE_REQUESTS or isinstance(message, Inform):
            raise LocalProtocolError(f"a {name} cannot be sent here: nobody asked for it")
        self._check(_Said.REQUEST, f"a {name}")
        if self._held:
            raise LocalProtocolError(f"a {name} cannot be sent while the ACS holds requests")
        if not at_least(self._version, SINCE[type(message)]):
            raise LocalProtocolError(f"{name} is not in CWMP {self._version}, which the ACS speaks")
        body = encode(Envelope(message, str(self._number + 1), self._namespace, self._prefix))
        return self._posted(_Said.REQUEST, message, body)

    def _send_answer(self, message: Message | Fault | None) -> bytes:
        asked = self._asked
        if message is None or not (isinstance(message, Fault) or _answers(message, asked)):
            raise LocalProtocolError(
                f"{type(asked).__name__} is to be answered first, and {type(message).__name__} does not"
            )
        self._check(_Said.ANSWER, type(message).__name__)
        body = encode(Envelope(message, self._asked_id, self._namespace, self._prefix))
        self._asked = self._asked_id = None
        self._state = State.IDLE
        return body

    def _check(self, said: _Said, name: str) -> None:
        if (self._state, said) not in _SENDING:
            raise LocalProtocolError(f"{name} cannot be sent now (the session's state is {self._state.name})")

    def _posted(self, said: _Said, message: Message, body: bytes) -> bytes:
        self._state = _SENDING[self._state, said]
        self._number += 1
        self._pending = message
        self._sent = body
        return body

    # --- receiving ---------------------------------------------------------------------------------------

    def receive(self, status: int, body: bytes) -> CpeEvent:
        """Take an HTTP response. Raises `RemoteProtocolError`, after which the session has failed.

        204, and 200 without a body, mean that the ACS has nothing to say.
        """
        try:
            if status not in (200, 204):
                raise RemoteProtocolError(f"the ACS answered HTTP {status}")
            if status == 204 or not body or body.isspace():
                return self._receive_nothing()
            envelope = decode(body, self._limits)
            self._held = envelope.hold_requests
            message = envelope.message
            if isinstance(message, Fault):
                return self._receive_fault(message)
            if isinstance(message, InformResponse):
                return self._receive_inform_response(message, envelope)
            kind = type(message)
            if kind in ACS_REQUESTS or kind is UnknownMethod or kind in CPE_REQUESTS:
                return self._receive_request(message, envelope)
            return self._receive_response(message)
        except RemoteProtocolError:
            self._state = State.BROKEN
            raise

    def _heard(self, what: _Heard, name: str) -> None:
        following = _RECEIVING.get((self._state, what))
        if following is None:
            raise RemoteProtocolError(
                f"the ACS sent {name} out of turn (the session's state is {self._state.name})"
            )
        self._state = following

    def _receive_nothing(self) -> CpeEvent:
        # Only an empty POST sent of our own free will says that we have nothing more to ask.
        if self._state is State.IDLE and self._held_back and not self._held:
            self._held_back = False
            self._heard(_Heard.RELEASED, "an empty answer")
            return Released()
        self._heard(_Heard.NOTHING, "an empty answer")
        return SessionEnded()

    def _receive_fault(self, fault: Fault) -> CpeEvent:
        if fault.code == _RETRY:
            self._heard(_Heard.RETRY, "fault 8005")
            return RetryAsked(self._sent)
        if self._state is State.INFORMING:
            self._heard(_Heard.REFUSED, "a fault")
            return SessionEnded(fault)
        self._heard(_Heard.ANSWER, "a fault")
        self._pending = None
        return AcsAnswer(fault)

    def _receive_inform_response(self, message: InformResponse, envelope: Envelope) -> CpeEvent:
        self._heard(_Heard.ACCEPTED, "an InformResponse")
        self._pending = None
        agreed = envelope.use_version
        if agreed is None:
            # An ACS older than 1.4: its version shows in its namespace.
            agreed = version_from_namespace(envelope.cwmp_namespace)
            if not at_least(self._highest, agreed):
                agreed = self._highest
        elif agreed not in VERSIONS or not at_least(self._highest, agreed):
            raise RemoteProtocolError(f"the ACS chose CWMP {agreed!r}, which this CPE does not speak")
        self._version = agreed
        self._namespace = NAMESPACES[agreed]
        return InformAccepted(message, agreed)

    def _receive_request(self, message: Message, envelope: Envelope) -> CpeEvent:
        name = message.name if isinstance(message, UnknownMethod) else type(message).__name__
        self._heard(_Heard.REQUEST, name)
        self._asked = message
        self._asked_id = envelope.id
        return AcsRequest(message)

    def _receive_response(self, message: Message) -> CpeEvent:
        pending = self._pending
        self._heard(_Heard.ANSWER, type(message).__name__)
        if pending is None or type(message) is not RESPONSES[type(pending)]:
            raise RemoteProtocolError(
                f"the ACS answered {type(pending).__name__} with {type(message).__name__}"
            )
        self._pending = None
        return AcsAnswer(message)


def _answers(message: Message, asked: Message | None) -> bool:
    return asked is not None and type(message) is RESPONSES.get(type(asked))
