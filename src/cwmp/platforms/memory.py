"""A platform in memory: simulated CPEs answer in this process, without sockets, ACS or waiting.

For tests of front doors and for rehearsing in a script. It keeps secret hashes and accepted forms as an ACS
does, and devices can be offline or answer with a fault when a test says so.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import itertools
import secrets
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar, cast

from cwmp.desired.converge import converge
from cwmp.desired.known import ConvergeOptions, KnownDevice
from cwmp.desired.outcome import MASK, ConvergeOutcome, Learnt, ReadOutcome, Verdict
from cwmp.desired.procedure import CpeFault, Refused
from cwmp.desired.read import read
from cwmp.desired.running import run
from cwmp.desired.state import DesiredState
from cwmp.lab.cpe import SimulatedCpe
from cwmp.platforms.protocol import (
    Ability,
    Call,
    ConnectionRequestResult,
    ConvergeCall,
    Device,
    Registration,
    RegistrationChange,
    Rejected,
    Transaction,
    UnknownDevice,
    Unsupported,
)
from cwmp.wire.identity import device_id_of
from cwmp.wire.messages import Fault, Message

V = TypeVar("V")

ABILITIES = frozenset(Ability) - {Ability.TRACE, Ability.BATCHES, Ability.DEVICE_TYPES}
SECRET_FIELDS = ("password", "connection_request_password")


@dataclass(slots=True)
class _Kept:
    """One device and what the platform remembers of it."""

    cpe: SimulatedCpe
    online: bool = True
    registration: Registration = field(default_factory=Registration)
    registered: bool = False
    last_inform: str = ""
    secret_hashes: dict[str, str] = field(default_factory=dict)
    accepted_forms: dict[str, tuple[str, str]] = field(default_factory=dict)
    pending_reboot: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    writable: dict[str, bool] = field(default_factory=dict)
    faults: list[tuple[str, Fault]] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)


@dataclass(slots=True)
class _Work:
    """What a transaction is to do once its device is there."""

    call: Call
    state: DesiredState | None = None
    paths: tuple[str, ...] = ()
    names: bool = False


class MemoryPlatform:
    """A `Platform` over simulated CPEs. Safe to call from several threads."""

    name = "memory"

    def __init__(self, cpes: Iterable[SimulatedCpe], *, own_urls: Sequence[str] = ()) -> None:
        self._own_urls = tuple(own_urls)
        self._devices: dict[str, _Kept] = {device_id_of(cpe.identity): _Kept(cpe) for cpe in cpes}
        self._transactions: dict[str, Transaction] = {}
        self._work: dict[str, _Work] = {}
        self._by_client_key: dict[str, str] = {}
        self._numbers = itertools.count(1)
        self._key = secrets.token_bytes(16)
        self._lock = threading.RLock()
        for kept in self._devices.values():
            self._informed(kept)

    # ---- for tests

    def cpe(self, device: str) -> SimulatedCpe:
        """The simulated CPE itself, to look at or to change by hand. Raises `UnknownDevice`."""
        return self._find(device)[1].cpe

    def go_offline(self, device: str) -> None:
        """From now on the device does not come."""
        self._find(device)[1].online = False

    def come_back(self, device: str) -> None:
        """The device comes, and does what is queued for it."""
        with self._lock:
            name, kept = self._find(device)
            kept.online = True
            for transaction in list(self._transactions.values()):
                if transaction.device == name and not transaction.over:
                    self._run(transaction.id)

    def fault_next(self, device: str, fault: Fault, request: str = "SetParameterValues") -> None:
        """Let the device answer its next RPC of this name with a fault."""
        self._find(device)[1].faults.append((request, fault))

    def sent(self, device: str) -> tuple[Message, ...]:
        """Every RPC the device was sent, in order."""
        return tuple(self._find(device)[1].sent)

    # ---- devices

    def abilities(self) -> frozenset[Ability]:
        return ABILITIES

    def devices(self, filters: Mapping[str, str] | None = None) -> Iterator[Device]:
        """All devices, or those matching oui, product_class, serial_number, manufacturer, root, tag, flag."""
        wanted = {key: value for key, value in (filters or {}).items() if value}
        for name in sorted(self._devices):
            device = self._told(name)
            if all(_matches(device, key, value) for key, value in wanted.items()):
                yield device

    def device(self, device: str) -> Device:
        return self._told(self._find(device)[0])

    def register(self, device: str, registration: Registration, *, check: bool) -> RegistrationChange:
        """Note credentials and tags. Only devices that exist can be registered here."""
        with self._lock:
            name, kept = self._find(device)
            fields: dict[str, tuple[Any, Any]] = {}
            given: dict[str, Any] = {}
            for key in Registration.__slots__:
                new, old = getattr(registration, key), getattr(kept.registration, key)
                if new is not None and new != old:
                    given[key] = new
                    fields[key] = (MASK if old else None, MASK) if key in SECRET_FIELDS else (old, new)
            if not check and (given or not kept.registered):
                kept.registration = replace(kept.registration, **given)
                kept.registered = True
            return RegistrationChange(bool(fields), fields, self._told(name))

    def forget(self, device: str, *, check: bool) -> RegistrationChange:
        with self._lock:
            try:
                name, _ = self._find(device)
            except UnknownDevice:
                return RegistrationChange(False, {}, None)
            told = self._told(name)
            if not check:
                del self._devices[name]
            return RegistrationChange(True, {"id": (name, None)}, told)

    def connection_request(self, device: str, *, method: str, wait: float) -> ConnectionRequestResult:
        """Wake the device: one that is online always comes at once."""
        with self._lock:
            _, kept = self._find(device)
            if method not in ("auto", "http"):
                return ConnectionRequestResult(
                    method, "direct", "no_method", detail=f"simulated devices know no {method}"
                )
            if not kept.online:
                return ConnectionRequestResult(
                    "http", "direct", "unreachable", detail="the device is offline"
                )
            self._informed(kept, "6 CONNECTION REQUEST")
            return ConnectionRequestResult(
                "http", "direct", "accepted", 0.0, 0.0 if wait else None, bool(wait)
            )

    def trace(self, device: str) -> Sequence[Mapping[str, Any]]:
        """Raises `Unsupported`: nothing goes over a wire."""
        raise Unsupported(f"platform memory keeps no trace of {device}: use platform acs")

    # ---- transactions

    def converge(self, device: str, state: Mapping[str, Any], call: ConvergeCall) -> Transaction:
        try:
            wanted = DesiredState.from_json(state)
            for name in call.accept:
                Verdict(name)
        except (Refused, ValueError) as refused:
            raise Rejected(str(refused)) from refused
        return self._submit(device, "converge", _Work(call, state=wanted))

    def read(self, device: str, paths: Sequence[str], call: Call, *, names: bool = False) -> Transaction:
        return self._submit(device, "read", _Work(call, paths=tuple(paths), names=names))

    def transaction(self, transaction_id: str, *, wait: float = 0.0) -> Transaction:
        with self._lock:
            transaction = self._known(transaction_id)
            if not transaction.over and self._devices[transaction.device].online:
                self._run(transaction_id)
            return self._known(transaction_id)

    def cancel(self, transaction_id: str) -> Transaction:
        with self._lock:
            transaction = self._known(transaction_id)
            if not transaction.over:
                self._end(transaction, "cancelled")
            return self._known(transaction_id)

    def close(self) -> None:
        """Nothing to let go of."""

    # ---- inside

    def _find(self, device: str) -> tuple[str, _Kept]:
        if device in self._devices:
            return device, self._devices[device]
        found = [n for n, kept in self._devices.items() if kept.cpe.identity.serial_number == device]
        if len(found) == 1:
            return found[0], self._devices[found[0]]
        if found:
            raise UnknownDevice(
                f"{len(found)} devices have the serial number {device}: give the identity of one"
            )
        raise UnknownDevice(f"platform memory has no device {device}: give one of its simulated CPEs")

    def _known(self, transaction_id: str) -> Transaction:
        try:
            return self._transactions[transaction_id]
        except KeyError:
            raise Rejected(f"platform memory has no transaction {transaction_id}") from None

    def _informed(self, kept: _Kept, event: str = "") -> None:
        now = datetime.datetime.now(datetime.UTC)
        inform = kept.cpe.inform((event,) if event else (), now.timestamp())
        if any(each.event_code == "1 BOOT" for each in inform.event):
            kept.pending_reboot.clear()
        kept.cpe.informed()
        kept.cpe.session_over()
        kept.last_inform = _iso(now)

    def _told(self, name: str) -> Device:
        kept = self._devices[name]
        cpe = kept.cpe
        return Device(
            id=name,
            manufacturer=cpe.identity.manufacturer,
            oui=cpe.identity.oui,
            product_class=cpe.identity.product_class,
            serial_number=cpe.identity.serial_number,
            root=cpe.root,
            software_version=cpe.value(".DeviceInfo.SoftwareVersion"),
            hardware_version=cpe.value(".DeviceInfo.HardwareVersion"),
            address="127.0.0.1",
            last_inform=kept.last_inform,
            connection_request_url=cpe.connection_request_url,
            connection_request_methods=("HTTP",),
            tags=kept.registration.tags or (),
            flags=("quarantined",) if kept.registration.quarantine else (),
            registered=kept.registered,
        )

    def _submit(self, device: str, kind: str, work: _Work) -> Transaction:
        with self._lock:
            name, kept = self._find(device)
            call = work.call
            if call.client_key and call.client_key in self._by_client_key:
                return self._known(self._by_client_key[call.client_key])
            now = datetime.datetime.now(datetime.UTC)
            lasts = call.expires or (86400.0 if call.queue or not call.wait else call.wait)
            transaction = Transaction(
                id=f"memory-{next(self._numbers)}",
                device=name,
                kind=kind,
                state="queued",
                check=isinstance(call, ConvergeCall) and call.check,
                created=_iso(now),
                expires=_iso(now + datetime.timedelta(seconds=lasts)),
            )
            self._transactions[transaction.id] = transaction
            self._work[transaction.id] = work
            if call.client_key:
                self._by_client_key[call.client_key] = transaction.id
            if not call.wait:
                return transaction
            if kept.online:
                self._run(transaction.id)
            elif not call.queue:
                # Waiting would change nothing: who is offline here comes back by a call only.
                self._end(
                    transaction,
                    "expired",
                    fault=_fault("offline", f"{name} did not come: it is offline. Is it switched on?"),
                )
            return self._known(transaction.id)

    def _end(
        self,
        transaction: Transaction,
        state: str,
        *,
        result: Mapping[str, Any] | None = None,
        fault: Mapping[str, Any] | None = None,
    ) -> None:
        self._transactions[transaction.id] = replace(
            transaction,
            state=state,
            ended=_iso(datetime.datetime.now(datetime.UTC)),
            attempts=transaction.attempts + (state in ("done", "fault")),
            result=result,
            fault=fault,
        )
        # The desired state may hold secrets: keep it no longer than it is needed.
        self._work.pop(transaction.id, None)

    def _run(self, transaction_id: str) -> None:
        transaction = self._transactions[transaction_id]
        work = self._work[transaction_id]
        kept = self._devices[transaction.device]
        known = self._knowledge(transaction.device, kept)

        def answer(message: Message) -> Message | Fault:
            return self._ask(kept, message)

        try:
            outcome: ConvergeOutcome | ReadOutcome
            if work.state is not None:
                options = self._options(cast(ConvergeCall, work.call), transaction.id)
                outcome = run(
                    converge(work.state, known, options), answer, lambda step: self._learn(kept, step.learnt)
                )
            else:
                outcome = run(read(work.paths, known, names=work.names), answer)
        except CpeFault as error:
            parameters = [{"path": p.path, "code": p.code, "message": p.message} for p in error.parameters]
            # What was changed before the fault stays changed, and is said.
            result = ConvergeOutcome("", error.changes, atomic=False).to_json() if error.changes else None
            fault = _fault("cwmp", str(error), error.code, parameters)
            self._learn(kept, error.learnt)
            self._end(transaction, "fault", result=result, fault=fault)
            return
        except Refused as error:
            parameters = [{"path": error.path, "code": None, "message": str(error)}] if error.path else []
            self._end(transaction, "fault", fault=_fault("input", str(error), parameters=parameters))
            return
        finally:
            kept.cpe.session_over()
        self._learn(kept, outcome.learnt)
        if isinstance(outcome, ConvergeOutcome) and outcome.failed_verdicts:
            failed = [
                {"path": c.path, "code": None, "message": f"is {c.verdict.value} after the change"}
                for c in outcome.failed_verdicts
            ]
            text = f"{transaction.device}: {failed[0]['path']} {failed[0]['message']}"
            self._end(
                transaction, "fault", result=outcome.to_json(), fault=_fault("verdict", text, None, failed)
            )
            return
        self._end(transaction, "done", result=outcome.to_json())

    def _ask(self, kept: _Kept, message: Message) -> Message | Fault:
        kept.sent.append(message)
        for index, (request, fault) in enumerate(kept.faults):
            if request in ("", type(message).__name__):
                del kept.faults[index]
                return fault
        return kept.cpe.answer(message)

    def _options(self, call: ConvergeCall, token: str) -> ConvergeOptions:
        return ConvergeOptions(
            check=call.check,
            secrets=cast(Literal["when_changed", "always", "never"], call.secrets),
            accept=frozenset(Verdict(name) for name in call.accept),
            strict=call.strict,
            own_url=self._own_urls,
            secret_paths=call.secret_paths,
            token=token,
        )

    def _knowledge(self, name: str, kept: _Kept) -> KnownDevice:
        def hashed(path: str, value: str) -> str:
            text = "\0".join((name, path, value)).encode()
            return hmac.new(self._key, text, hashlib.sha256).hexdigest()

        return KnownDevice(
            id=name,
            root=kept.cpe.root,
            parameter_key=kept.cpe.management.parameter_key,
            secret_hashes=kept.secret_hashes,
            accepted_forms=kept.accepted_forms,
            pending_reboot=kept.pending_reboot,
            types=kept.types,
            writable=kept.writable,
            hash_secret=hashed,
        )

    def _learn(self, kept: _Kept, learnt: Learnt) -> None:
        _merge(kept.secret_hashes, learnt.secret_hashes)
        _merge(kept.accepted_forms, learnt.accepted_forms)
        _merge(kept.pending_reboot, learnt.pending_reboot)
        kept.types.update(learnt.types)
        kept.writable.update(learnt.writable)


def _merge(kept: dict[str, V], news: Mapping[str, V | None]) -> None:
    for path, value in news.items():
        if value is None:
            kept.pop(path, None)
        else:
            kept[path] = value


def _matches(device: Device, key: str, value: str) -> bool:
    if key in ("tag", "flag"):
        return value in getattr(device, f"{key}s")
    if key not in ("oui", "product_class", "serial_number", "manufacturer", "root"):
        raise Rejected(f"devices cannot be filtered by {key}")
    return bool(getattr(device, key) == value)


def _fault(
    kind: str, message: str, code: int | None = None, parameters: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    return {"kind": kind, "code": code, "message": message, "parameters": list(parameters)}


def _iso(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
