"""The protocol between the front doors (Ansible, Nornir, command line) and whatever reaches the CPEs.

Standard library only: an Ansible worker imports this. Calls are synchronous, because Ansible's workers
and Nornir's threads are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from cwmp.errors import CwmpError


class Ability(StrEnum):
    """What a platform can do. A front door asks before it sends anything."""

    DEVICES = "devices"
    READ = "read"
    CONVERGE = "converge"
    INSTANCES = "instances"
    ATTRIBUTES = "attributes"
    CONNECTION_REQUEST = "connection_request"
    REGISTER = "register"
    DEVICE_TYPES = "device_types"
    TRANSACTIONS = "transactions"
    BATCHES = "batches"
    TRACE = "trace"


class PlatformError(CwmpError):
    """A platform could not do what was asked; the text says why and what to do."""


class Unreachable(PlatformError):
    """The platform itself does not answer."""


class Unauthorised(PlatformError):
    """The platform refuses the token, or the token's role."""


class UnknownDevice(PlatformError):
    """No such device, or the given name fits several."""


class Unsupported(PlatformError):
    """This platform cannot do that; the text names an alternative."""


class Rejected(PlatformError):
    """The platform found the request wrong; nothing was sent to the device."""


@dataclass(frozen=True, slots=True)
class Device:
    """One CPE as its platform knows it. Times are ISO 8601 in UTC, "" where unknown."""

    id: str
    manufacturer: str = ""
    oui: str = ""
    product_class: str = ""
    serial_number: str = ""
    root: str = ""
    software_version: str = ""
    hardware_version: str = ""
    address: str = ""
    last_inform: str = ""
    last_events: tuple[str, ...] = ()
    connection_request_url: str = ""
    connection_request_methods: tuple[str, ...] = ()
    data_models: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    registered: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Transaction:
    """An ordered list of CWMP operations for one device, and how it stands.

    state: queued, running, done, fault, expired or cancelled.
    result: the outcome's JSON (`desired.outcome`), present once there is one, also beside a fault.
    fault: ``{"kind", "code", "message", "parameters": [{"path", "code", "message"}]}`` or None.
    """

    id: str
    device: str
    kind: str
    state: str
    check: bool = False
    created: str = ""
    ended: str = ""
    expires: str = ""
    batch: str = ""
    attempts: int = 0
    result: Mapping[str, Any] | None = None
    fault: Mapping[str, Any] | None = None
    connection_request: Mapping[str, Any] | None = None

    @property
    def over(self) -> bool:
        return self.state in ("done", "fault", "expired", "cancelled")


@dataclass(frozen=True, slots=True)
class Call:
    """How to carry a transaction: the common options of every front door.

    wait: seconds to wait for its end; 0 submits and returns at once.
    queue: keep it for the device after the wait is over, instead of cancelling what has not begun.
    expires: seconds until an unbegun transaction expires; 0: the wait, or one day when queued.
    connection_request: auto, http, xmpp, stun or none.
    client_key: random per task attempt; reused only when this attempt's own transport call is retried.
    actor: who asks, for the audit trail.
    """

    wait: float = 60.0
    queue: bool = False
    expires: float = 0.0
    connection_request: str = "auto"
    client_key: str = ""
    actor: str = ""


@dataclass(frozen=True, slots=True)
class ConvergeCall(Call):
    """A `Call` with the choices of a converge (`desired.known.ConvergeOptions`)."""

    check: bool = False
    secrets: str = "when_changed"
    accept: tuple[str, ...] = ()
    strict: bool = False
    secret_paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConnectionRequestResult:
    """How a device answered when woken.

    answer: accepted, wrong_credentials, busy, refused, unreachable, no_answer, unsafe_address, no_method,
    unavailable, broker_down (XMPP), sent (UDP, which nobody acknowledges).
    answer_ms / inform_ms: milliseconds to the answer and to its Inform; None where it did not come.
    """

    method: str
    route: str
    answer: str
    answer_ms: float | None = None
    inform_ms: float | None = None
    informed: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Registration:
    """The platform side of a device: credentials (write only), tags, connection-request credentials.

    None leaves a field alone. username/password: what the CPE presents to the ACS.
    """

    username: str | None = None
    password: str | None = None
    connection_request_username: str | None = None
    connection_request_password: str | None = None
    tags: tuple[str, ...] | None = None
    quarantine: bool | None = None


@dataclass(frozen=True, slots=True)
class RegistrationChange:
    """What registering changed: field name → (before, after), secrets masked."""

    changed: bool
    fields: Mapping[str, tuple[Any, Any]]
    device: Device | None


class Platform(Protocol):
    """What every platform offers. What it cannot do raises `Unsupported` before anything is sent."""

    name: str

    def abilities(self) -> frozenset[Ability]: ...

    def devices(self, filters: Mapping[str, str] | None = None) -> Iterator[Device]: ...

    def device(self, device: str) -> Device:
        """By identity or unique serial. Raises `UnknownDevice`."""
        ...

    def converge(self, device: str, state: Mapping[str, Any], call: ConvergeCall) -> Transaction:
        """Bring `device` to `state` (JSON of `desired.state.DesiredState`), or check it."""
        ...

    def read(self, device: str, paths: Sequence[str], call: Call, *, names: bool = False) -> Transaction:
        """Values (with `names`, also writability) of parameters and below partial paths."""
        ...

    def transaction(self, transaction_id: str, *, wait: float = 0.0) -> Transaction: ...

    def cancel(self, transaction_id: str) -> Transaction: ...

    def connection_request(self, device: str, *, method: str, wait: float) -> ConnectionRequestResult: ...

    def register(self, device: str, registration: Registration, *, check: bool) -> RegistrationChange: ...

    def forget(self, device: str, *, check: bool) -> RegistrationChange: ...

    def trace(self, device: str) -> Sequence[Mapping[str, Any]]: ...

    def close(self) -> None: ...
