"""The ACS's end of a CWMP session: bytes in, events out, bytes back (TR-069a6 §3.7.2).

One object is one session. Each HTTP request's body goes into `receive`, what is to be answered into
`send`, strictly in turns. `_RECEIVING` and `_SENDING` below are the whole protocol.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from types import MappingProxyType
from typing import TypeAlias

from cwmp.wire.envelope import DEFAULT_SOAP_PREFIX, Envelope, decode, encode
from cwmp.wire.errors import (
    LocalProtocolError,
    NotUnderstood,
    RemoteProtocolError,
    VersionMismatch,
)
from cwmp.wire.limits import DEFAULT_LIMITS, Limits
from cwmp.wire.messages import (
    ACS_REQUESTS,
    CPE_REQUESTS,
    RESPONSES,
    SINCE,
    AddObjectResponse,
    Fault,
    Inform,
    InformResponse,
    Message,
    UnknownMethod,
)
from cwmp.wire.versions import (
    CWMP_1_0,
    NAMESPACES,
    VERSIONS,
    at_least,
    highest_common,
    version_from_namespace,
)

# --- events ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InformReceived:
    """The session begins; to be answered with InformResponse, or a fault that refuses the device.

    version: the CWMP version agreed on. session_timeout: seconds the CPE asks the ACS to wait between
    exchanges, None where it does not say. restarted: another session of this connection was not over, and
    what it was doing is lost: from here on this object is the new session.
    """

    inform: Inform
    version: str
    session_timeout: int | None = None
    restarted: bool = False


@dataclass(frozen=True, slots=True)
class CpeRequest:
    """The CPE asks for something and must be answered: by the response to it, or by a fault.

    A method that is in no standard comes as `UnknownMethod`; fault 8000 answers it.
    """

    message: Message


@dataclass(frozen=True, slots=True)
class CpeAnswer:
    """The answer to our request, or the CPE's fault; our turn again."""

    message: Message | Fault


@dataclass(frozen=True, slots=True)
class CpeIdle:
    """An empty POST: our turn.

    unanswered: the request of ours this POST came in place of an answer to. Whether it was carried out
    nobody knows; it is no longer outstanding.
    """

    unanswered: Message | None = None


AcsEvent: TypeAlias = InformReceived | CpeRequest | CpeAnswer | CpeIdle

# --- the protocol ----------------------------------------------------------------------------------------


class State(Enum):
    """Whose turn it is."""

    # Enum's own hash is a Python function, and every message is looked up below.
    __hash__ = object.__hash__

    BEGIN = auto()
    """Nothing came yet, or the Inform was answered "retry": an Inform must come."""
    INFORMED = auto()
    """The Inform waits for our answer."""
    LISTENING = auto()
    """We have answered; the CPE goes on, with a request or an empty POST."""
    ASKED = auto()
    """A request of the CPE waits for our answer."""
    OUR_TURN = auto()
    """The CPE has nothing more: our request, or the end."""
    WAITING = auto()
    """Our request is outstanding."""
    ASKED_MEANWHILE = auto()
    """As ASKED, with our own request still outstanding."""
    OVER = auto()
    """Both sides are through. What a CPE sends all the same is still heard."""
    BROKEN = auto()
    """Something wrong came; nothing can follow."""


class _Heard(Enum):
    """What a POST is."""

    __hash__ = object.__hash__

    INFORM = auto()
    REQUEST = auto()
    ANSWER = auto()
    EMPTY = auto()


class _Said(Enum):
    """What our side sends."""

    __hash__ = object.__hash__

    ACCEPT = auto()
    REFUSE = auto()
    RETRY = auto()
    ANSWER = auto()
    REQUEST = auto()
    NOTHING = auto()


_RECEIVING = MappingProxyType(
    {
        (State.BEGIN, _Heard.INFORM): State.INFORMED,
        (State.LISTENING, _Heard.REQUEST): State.ASKED,
        (State.LISTENING, _Heard.EMPTY): State.OUR_TURN,
        (State.WAITING, _Heard.ANSWER): State.OUR_TURN,
        # Not by the book, but met: an empty POST in place of an answer, a request before the answer.
        (State.WAITING, _Heard.EMPTY): State.OUR_TURN,
        (State.WAITING, _Heard.REQUEST): State.ASKED_MEANWHILE,
        # An empty answer of ours does not forbid the CPE to go on (TR-069a6 §3.7.2.4).
        (State.OVER, _Heard.REQUEST): State.ASKED,
        (State.OVER, _Heard.EMPTY): State.OUR_TURN,
    }
    # A CPE that gave up a session begins the next at any moment: the old one is dead by that.
    | {
        (state, _Heard.INFORM): State.INFORMED
        for state in (
            State.INFORMED,
            State.LISTENING,
            State.ASKED,
            State.OUR_TURN,
            State.WAITING,
            State.ASKED_MEANWHILE,
            State.OVER,
        )
    }
)

_SENDING = MappingProxyType(
    {
        (State.INFORMED, _Said.ACCEPT): State.LISTENING,
        (State.INFORMED, _Said.RETRY): State.BEGIN,
        (State.INFORMED, _Said.REFUSE): State.BROKEN,
        (State.ASKED, _Said.ANSWER): State.LISTENING,
        (State.ASKED_MEANWHILE, _Said.ANSWER): State.WAITING,
        (State.OUR_TURN, _Said.REQUEST): State.WAITING,
        (State.OUR_TURN, _Said.NOTHING): State.OVER,
    }
)

_RETRY = 8005
_INCOMPATIBLE = 8006


class AcsSession:
    """A session with one CPE.

    versions: CWMP versions this ACS speaks. strict_ids: refuse an answer whose cwmp:ID is not that of our
    request; off, because real CPEs make up their own. An answer without ID is taken either way.
    strict_headers: refuse foreign SOAP headers marked mustUnderstand with the fault SOAP asks for.

    Devices that use the unofficial namespaces cwmp-1-3 and cwmp-1-4 are answered in the same: they either
    do not care, or know no other. Everybody else gets the official namespace of the version agreed on.
    """

    __slots__ = (
        "_asked",
        "_asked_id",
        "_limits",
        "_namespace",
        "_number",
        "_pending",
        "_pending_id",
        "_prefix",
        "_state",
        "_strict_headers",
        "_strict_ids",
        "_use_version",
        "_version",
        "_versions",
    )

    def __init__(
        self,
        limits: Limits = DEFAULT_LIMITS,
        *,
        versions: tuple[str, ...] = VERSIONS,
        strict_ids: bool = False,
        strict_headers: bool = True,
    ) -> None:
        self._limits = limits
        self._versions = versions
        self._strict_ids = strict_ids
        self._strict_headers = strict_headers
        self._state = State.BEGIN
        self._number = 0
        self._forget()

    def _forget(self) -> None:
        self._namespace = CWMP_1_0
        self._prefix = DEFAULT_SOAP_PREFIX
        self._version = ""
        self._use_version: str | None = None
        self._asked: Message | None = None
        self._asked_id: str | None = None
        self._pending: Message | None = None
        self._pending_id = ""

    @property
    def state(self) -> State:
        """Whose turn it is."""
        return self._state

    @property
    def over(self) -> bool:
        """Nothing is left to do on our side: both are through, or something went wrong."""
        return self._state is State.OVER or self._state is State.BROKEN

    @property
    def our_turn(self) -> bool:
        """`send` may be given a request, or None to end the session."""
        return self._state is State.OUR_TURN

    @property
    def version(self) -> str:
        """The CWMP version agreed on; "" before the Inform."""
        return self._version

    @property
    def pending(self) -> Message | None:
        """Our request that has not been answered yet."""
        return self._pending

    # --- receiving ---------------------------------------------------------------------------------------

    def receive(self, body: bytes) -> AcsEvent:
        """Take the body of a POST. Raises `RemoteProtocolError`, after which the session is over."""
        try:
            if not body or body.isspace():
                return self._receive_nothing()
            envelope = decode(body, self._limits)
            message = envelope.message
            kind = type(message)
            asking = kind in CPE_REQUESTS or kind is UnknownMethod
            # Only a request can be answered with a fault.
            if envelope.not_understood and asking and self._strict_headers:
                raise self._not_understood(envelope)
            if isinstance(message, Inform):
                return self._receive_inform(message, envelope)
            if asking and isinstance(message, Message):
                return self._receive_request(message, envelope)
            return self._receive_answer(message, envelope)
        except RemoteProtocolError:
            self._state = State.BROKEN
            raise

    def _heard(self, what: _Heard, name: str) -> None:
        following = _RECEIVING.get((self._state, what))
        if following is None:
            if self._state is State.BEGIN:
                raise RemoteProtocolError(f"a session begins with an Inform, not with {name}")
            raise RemoteProtocolError(f"{name} came out of turn (the session's state is {self._state.name})")
        self._state = following

    def _receive_nothing(self) -> AcsEvent:
        self._heard(_Heard.EMPTY, "an empty POST")
        unanswered, self._pending = self._pending, None
        return CpeIdle(unanswered)

    def _receive_inform(self, inform: Inform, envelope: Envelope) -> AcsEvent:
        running = self._state not in (State.BEGIN, State.OVER)
        self._heard(_Heard.INFORM, "an Inform")
        self._forget()
        self._prefix = envelope.soap_prefix
        self._asked = inform
        self._asked_id = envelope.id
        self._agree(envelope)
        return InformReceived(inform, self._version, envelope.session_timeout, running)

    def _agree(self, envelope: Envelope) -> None:
        """Settle version and namespace (TR-069a6 §3.7.4)."""
        inferred = version_from_namespace(
            envelope.cwmp_namespace, session_timeout=envelope.session_timeout is not None
        )
        offered = envelope.supported_versions
        # A CPE that lists nothing speaks all versions up to its own.
        theirs = offered or VERSIONS[: VERSIONS.index(inferred) + 1]
        version = highest_common(self._versions, theirs)
        self._namespace = envelope.cwmp_namespace or CWMP_1_0
        if version is None:
            fault = replace(envelope, message=Fault.of(_INCOMPATIBLE), cwmp_namespace=self._namespace)
            raise VersionMismatch(
                f"the CPE speaks CWMP {', '.join(theirs)}, this ACS {', '.join(self._versions)}",
                reply=encode(_bare(fault)),
            )
        self._version = version
        self._use_version = version if offered else None
        if not at_least(version, version_from_namespace(self._namespace)):
            self._namespace = NAMESPACES[version]

    def _receive_request(self, message: Message, envelope: Envelope) -> AcsEvent:
        name = message.name if isinstance(message, UnknownMethod) else type(message).__name__
        self._heard(_Heard.REQUEST, name)
        self._asked = message
        self._asked_id = envelope.id
        return CpeRequest(message)

    def _receive_answer(self, message: Message | Fault, envelope: Envelope) -> AcsEvent:
        name = type(message).__name__
        pending = self._pending
        self._heard(_Heard.ANSWER, name)
        assert pending is not None
        if not isinstance(message, Fault) and type(message) is not RESPONSES[type(pending)]:
            raise RemoteProtocolError(f"{name} came in answer to {type(pending).__name__}")
        if self._strict_ids and envelope.id is not None and envelope.id != self._pending_id:
            raise RemoteProtocolError(f"{name} came with another cwmp:ID than that of our request")
        self._pending = None
        return CpeAnswer(_without_hidden_fault(message))

    def _not_understood(self, envelope: Envelope) -> NotUnderstood:
        names = ", ".join(envelope.not_understood)
        fault = Fault(0, "a SOAP header is not understood", soap_code="MustUnderstand")
        namespace = envelope.cwmp_namespace or CWMP_1_0
        reply = encode(_bare(replace(envelope, message=fault, cwmp_namespace=namespace)))
        return NotUnderstood(f"the SOAP header {names} must be understood and is not", reply=reply)

    # --- sending -----------------------------------------------------------------------------------------

    def send(self, message: Message | Fault | None) -> bytes:
        """The body of the answer to the last POST; b"" is HTTP 204.

        An Inform is answered by InformResponse or a fault, another request of the CPE by its response or a
        fault; when it is our turn a request may go, or None to end the session. Raises
        `LocalProtocolError` for anything else, and the session stays as it was.
        """
        said = self._said(message)
        following = _SENDING.get((self._state, said))
        if following is None:
            what = "nothing" if message is None else f"a {type(message).__name__}"
            raise LocalProtocolError(f"{what} cannot be sent now (the session's state is {self._state.name})")
        if message is None:
            self._state = following
            return b""
        if said is _Said.REQUEST:
            assert isinstance(message, Message)
            return self._send_request(message, following)
        body = encode(
            Envelope(
                message,
                self._asked_id,
                self._namespace,
                self._prefix,
                use_version=self._use_version if said is _Said.ACCEPT else None,
            )
        )
        self._asked = self._asked_id = None
        self._state = following
        return body

    def _said(self, message: Message | Fault | None) -> _Said:
        if message is None:
            return _Said.NOTHING
        if self._asked is None:
            if isinstance(message, Fault):
                raise LocalProtocolError("a fault can only answer a request")
            return _Said.REQUEST
        if isinstance(message, Fault):
            if not isinstance(self._asked, Inform):
                return _Said.ANSWER
            return _Said.RETRY if message.code == _RETRY else _Said.REFUSE
        if type(message) is not RESPONSES.get(type(self._asked)):
            raise LocalProtocolError(
                f"{type(self._asked).__name__} is to be answered first, and {type(message).__name__} "
                "does not answer it"
            )
        return _Said.ACCEPT if isinstance(message, InformResponse) else _Said.ANSWER

    def _send_request(self, message: Message, following: State) -> bytes:
        kind = type(message)
        if kind not in ACS_REQUESTS:
            raise LocalProtocolError(f"{kind.__name__} is nothing an ACS may ask of a CPE")
        if not at_least(self._version, SINCE[kind]):
            raise LocalProtocolError(
                f"{kind.__name__} came with CWMP {SINCE[kind]}, and this session is CWMP {self._version}"
            )
        number = self._number + 1
        body = encode(Envelope(message, str(number), self._namespace, self._prefix))
        self._number = number
        self._pending = message
        self._pending_id = str(number)
        self._state = following
        return body


def _bare(envelope: Envelope) -> Envelope:
    """Only message, ID and names: the CPE's own header elements are not for sending back."""
    return Envelope(envelope.message, envelope.id, envelope.cwmp_namespace, envelope.soap_prefix)


def _without_hidden_fault(message: Message | Fault) -> Message | Fault:
    """Some CPEs put the fault code of a failed AddObject into its Status, or give no number for the row."""
    status = getattr(message, "status", 0)
    if 9000 <= status <= 9899:
        return replace(Fault.of(status), message=f"{Fault.of(status).message} (reported as Status)")
    if isinstance(message, AddObjectResponse) and message.instance_number < 1:
        return Fault.of(9002, f"AddObject answered without an instance number (Status {status})")
    return message
