"""An ACS's CWMP side without sockets or store: stand-ins for the durable half, and a CPE to talk."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from cwmp.acs.access.authentication import Authentication
from cwmp.acs.access.credentials import Credential, DeviceType
from cwmp.acs.devices.registry import DeviceRecord
from cwmp.acs.metrics import Metrics
from cwmp.acs.sessions import procedures
from cwmp.acs.sessions.endpoint import ConnectionState, Endpoint, HttpRequest, HttpResponse, ListenerRules
from cwmp.acs.sessions.sessions import SessionLimits, Sessions
from cwmp.acs.sessions.trace import Trace
from cwmp.acs.transactions.transactions import TransactionRecord
from cwmp.desired.known import KnownDevice
from cwmp.desired.outcome import Change, ConvergeOutcome, Learnt, Verdict
from cwmp.desired.procedure import Checkpoint, CpeFault, ParameterFault, Refused, Request
from cwmp.lab.cpe import SimulatedCpe
from cwmp.lab.nodes import TreeRow, base_tree
from cwmp.wire import digest, messages
from cwmp.wire.cpe_session import AcsAnswer, AcsRequest, CpeSession, InformAccepted, SessionEnded
from cwmp.wire.identity import device_id_of
from cwmp.wire.messages import DeviceId, Event, Fault, Inform, Message, ParameterValue

REALM = "cwmp"
INTERVAL = "Device.ManagementServer.PeriodicInformInterval"
SECRET = "Device.ManagementServer.ConnectionRequestPassword"


@dataclass
class Transactions:
    """The transactions' side as sessions see it; what is stored is noted in `log`."""

    queued: list[TransactionRecord] = field(default_factory=list)
    payloads: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    memories: dict[str, Any] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    commit_delay: float = 0.0
    fail_commit: bool = False
    callbacks: list[Callable[[str, TransactionRecord], None]] = field(default_factory=list)
    wakings: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def submit(self, device: str, kind: str = "set", wake: str = "auto", **payload: Any) -> TransactionRecord:
        tx = TransactionRecord(f"tx{next(self._numbers)}", device, kind, wake=wake)
        tx.check = bool(payload.pop("check", False))
        self.queued.append(tx)
        self.payloads[tx.id] = payload
        for callback in self.callbacks:
            callback(device, tx)
        return tx

    def open_for(self, device_id: str) -> tuple[TransactionRecord, ...]:
        return tuple(tx for tx in self.queued if tx.device == device_id and not tx.over)

    def next_for(self, device_id: str) -> TransactionRecord | None:
        waiting = self.open_for(device_id)
        if any(tx.state == "running" for tx in waiting):
            return None
        return waiting[0] if waiting else None

    def devices_waiting(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(tx.device for tx in self.queued if tx.state == "queued"))

    async def begin(self, tx: TransactionRecord) -> None:
        assert tx.state == "queued"
        tx.state = "running"
        tx.attempts += 1

    def payload(self, tx: TransactionRecord) -> Mapping[str, Any]:
        assert tx.state == "running"
        return self.payloads[tx.id]

    def memory(self, tx: TransactionRecord) -> Any:
        return self.memories.get(tx.id)

    async def commit(self) -> None:
        await asyncio.sleep(self.commit_delay)
        if self.fail_commit:
            raise OSError("the disk holding hunter" + str(2) + " is full")

    async def checkpoint(
        self, tx: TransactionRecord, memory: Mapping[str, Any], also: Sequence[object] = ()
    ) -> None:
        await self.commit()
        self.memories[tx.id] = memory
        self.log.append(f"checkpoint {tx.id}")

    def end(self, tx: TransactionRecord, state: Any, *, result: Any = None, fault: Any = None,
            also: Any = ()) -> Any:  # fmt: skip
        self.queued.remove(tx)

        async def store() -> None:
            await self.commit()
            tx.state, tx.result, tx.fault = state, result, fault
            self.log.append(f"end {tx.id} {state}")

        return store()

    def retry(self, tx: TransactionRecord, reason: str) -> Any:
        self.log.append(f"retry {tx.id}: {reason}")
        if tx.attempts >= 3:
            return self.end(tx, "fault", fault={"kind": "session", "message": reason})
        tx.state = "queued"
        for callback in self.callbacks:
            callback(tx.device, tx)
        return asyncio.sleep(0)

    def woken(self, tx: TransactionRecord, answer: Mapping[str, Any]) -> None:
        self.wakings.append((tx.id, answer))

    def on_queued(self, callback: Callable[[str, TransactionRecord], None]) -> None:
        self.callbacks.append(callback)


@dataclass
class Registry:
    records: dict[str, DeviceRecord] = field(default_factory=dict)
    settled: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    def get(self, device_id: str) -> DeviceRecord | None:
        return self.records.get(device_id)

    def find(self, ident: str) -> DeviceRecord:
        return self.records[ident]

    def informed(self, inform: Inform, *, peer: str, cwmp_version: str, now: float) -> DeviceRecord:
        identity = device_id_of(inform.device_id)
        record = self.records.setdefault(identity, DeviceRecord(identity))
        record.address, record.last_inform, record.cwmp_version = peer, now, cwmp_version
        record.root = "Device."
        for each in inform.parameter_list:
            if each.name.endswith(".ParameterKey"):
                record.parameter_key = each.value
            if each.name.endswith(".ConnectionRequestURL"):
                record.connection_request_url = each.value
        return record

    async def settle(self, record: DeviceRecord) -> None:
        self.settled.append(record.id)

    def session_ended(self, device_id: str, seconds: float) -> None:
        self.ended.append(device_id)

    async def quarantine(self, device_id: str, reason: str) -> DeviceRecord:
        record = self.records[device_id]
        record.quarantined, record.quarantine_reason = True, reason
        return record

    async def proven(self, record: DeviceRecord) -> None:
        record.quarantined, record.quarantine_reason = False, ""


@dataclass
class Knowledge:
    learnt: list[Learnt] = field(default_factory=list)
    took: list[float] = field(default_factory=list)

    async def known(self, record: DeviceRecord) -> KnownDevice:
        return KnownDevice(record.id, record.root, record.parameter_key)

    async def learn_writes(self, record: DeviceRecord, learnt: Learnt) -> tuple[()]:
        self.learnt.append(learnt)
        return ()

    def response_timeout(self, record: DeviceRecord) -> float:
        return 120.0

    def answered(self, record: DeviceRecord, seconds: float) -> None:
        self.took.append(seconds)


@dataclass
class Credentials:
    """Credentials in memory, with the meaning of the stored ones."""

    realm: str = REALM
    entries: list[Credential] = field(default_factory=list)
    device_types: list[DeviceType] = field(default_factory=list)
    wake: dict[str, tuple[str, str]] = field(default_factory=dict)
    started: dict[str, tuple[str, str]] = field(default_factory=dict)
    lookups: int = 0

    def add(self, scope: Any, owner: str, username: str, password: str, state: Any = "current") -> None:
        ha1 = [digest.ha1(username, self.realm, password, each) for each in ("MD5", "SHA-256")]
        self.entries.append(Credential(scope, owner, username, state, self.realm, *ha1))

    async def lookup(self, username: str) -> tuple[Credential, ...]:
        self.lookups += 1
        return tuple(each for each in self.entries if each.username == username)

    def type_for(self, manufacturer: str, oui: str, product_class: str, serial: str) -> DeviceType | None:
        fitting = [each for each in self.device_types if each.fits(manufacturer, oui, product_class, serial)]
        return max(fitting, key=lambda each: each.specificity, default=None)

    async def has_own(self, device_id: str) -> bool:
        return any(
            each.scope == "device" and each.owner == device_id and each.state == "current"
            for each in self.entries
        )

    async def readmit(self, device_id: str) -> bool:
        own = [each for each in self.entries if each.scope == "device" and each.owner == device_id]
        for each in own:
            self.entries[self.entries.index(each)] = replace(each, state="pending")
        return bool(own)

    async def start_individual(self, device_id: str) -> tuple[str, str]:
        if device_id not in self.started:
            self.started[device_id] = (device_id, f"own-{len(self.started)}")
            self.add("device", device_id, *self.started[device_id], state="pending")
        return self.started[device_id]

    async def confirm(self, device_id: str, username: str) -> bool:
        for index, each in enumerate(self.entries):
            if each.owner == device_id and each.username == username and each.state == "pending":
                self.entries[index] = Credential(
                    each.scope,
                    each.owner,
                    each.username,
                    "current",
                    each.realm,
                    each.ha1_md5,
                    each.ha1_sha256,
                )
                return True
        return False

    async def connection_request(self, device_id: str) -> tuple[str, str] | None:
        return self.wake.get(device_id)

    async def set_connection_request(self, device_id: str, username: str, password: str) -> bool:
        self.wake[device_id] = (username, password)
        return True


def setting(order: procedures.Order) -> Any:
    """A small converge: read, remember, set, read back. Steps in `payload` choose how it goes wrong."""
    path, value = order.payload.get("path", INTERVAL), str(order.payload["value"])
    read = Request(messages.GetParameterValues((path,)), "read")
    before = yield read
    if isinstance(before, Fault):
        parameters = (ParameterFault(path, before.code, before.message),)
        raise CpeFault(f"the device has no {path}", code=before.code, purpose="read", parameters=parameters)
    if order.payload.get("refuse"):
        raise Refused(f"{path} cannot be", path=path)
    if order.payload.get("stumble"):
        raise ValueError("hunter" + str(2))
    old = before.parameter_list[0]
    if order.memory is not None:
        old = ParameterValue(path, order.memory["before"], old.type)
    if before.parameter_list[0].value != value and not order.check:
        yield Checkpoint({"before": old.value})
        answer = yield Request(
            messages.SetParameterValues((ParameterValue(path, value, old.type),), order.token), "set"
        )
        if isinstance(answer, Fault):
            raise CpeFault("the device refused", code=answer.code, purpose="set")
    after = yield read
    held = after.parameter_list[0].value
    verdict = Verdict.APPLIED if held == value else Verdict.REVERTED
    change = Change(
        "set", path, old.value, value, held, old.type, Verdict.PLANNED if order.check else verdict
    )
    return ConvergeOutcome("Device.", (change,) if old.value != value else (), learnt=Learnt({path: "hash"}))


@dataclass
class Acs:
    """Everything between a request and its response."""

    rules: ListenerRules = field(default_factory=lambda: ListenerRules(open=True))
    limits: SessionLimits = field(default_factory=SessionLimits)
    algorithms: tuple[str, ...] = ("MD5",)
    now: float = 1_000.0

    def __post_init__(self) -> None:
        self.transactions = Transactions()
        self.registry = Registry()
        self.knowledge = Knowledge()
        self.credentials = Credentials()
        self.metrics = Metrics()
        self.trace = Trace()
        parts: Any = {
            "registry": self.registry,
            "knowledge": self.knowledge,
            "transactions": self.transactions,
            "credentials": self.credentials,
        }
        self.sessions = Sessions(
            **parts, trace=self.trace, limits=self.limits, metrics=self.metrics,
            clock=lambda: self.now, wall=lambda: self.now,
        )  # fmt: skip
        credentials: Any = self.credentials
        self.authentication = Authentication(
            credentials, algorithms=self.algorithms, metrics=self.metrics, clock=lambda: self.now
        )
        self.endpoint = Endpoint(self.sessions, self.authentication, self.rules)

    async def post(
        self, body: bytes, connection: ConnectionState, *headers: tuple[str, str], peer: str = "192.0.2.1",
        method: str = "POST", secure: bool = False,
    ) -> HttpResponse:  # fmt: skip
        pairs = [(name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in headers]
        return await self.endpoint.handle(HttpRequest(method, "/", pairs, body, peer, connection, secure))

    async def settle(self) -> None:
        """Let what the sessions left running come to its end."""
        for _ in range(20):
            await asyncio.sleep(0)
        while self.sessions._tasks:
            await asyncio.gather(*self.sessions._tasks)


def header(response: HttpResponse, name: str) -> list[str]:
    return [value.decode() for key, value in response.headers if key.decode() == name]


def cookie_of(response: HttpResponse) -> str:
    found = re.match(r"cwmp=([0-9a-f]{32})", header(response, "set-cookie")[0])
    assert found
    return found[1]


@dataclass
class Cpe:
    """A simulated CPE's HTTP side: cookies, digest, one connection. Its habits are arguments.

    cookies: "plain", "none", or how the Cookie header is spelt, with {} for the value.
    """

    acs: Acs
    device: SimulatedCpe
    username: str = ""
    password: str = ""
    cookies: str = "plain"
    peer: str = "192.0.2.1"
    basic: bool = False
    version: str = "1.4"
    fixed_nc: bool = False
    connection: ConnectionState = field(default_factory=ConnectionState)
    jar: str = ""
    asked: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    challenge: digest.Challenge | None = None
    nc: int = 0

    @property
    def id(self) -> str:
        return device_id_of(self.device.identity)

    def headers(self) -> list[tuple[str, str]]:
        headers = []
        if self.jar and self.cookies != "none":
            headers.append(
                ("cookie", f"cwmp={self.jar}" if self.cookies == "plain" else self.cookies.format(self.jar))
            )
        if self.basic:
            headers.append(("authorization", digest.basic_header(self.username, self.password)))
        elif self.challenge is not None:
            self.nc = 1 if self.fixed_nc else self.nc + 1
            headers.append(
                ("authorization", digest.answer(self.challenge, "POST", "/", self.username, self.password,
                                                cnonce="abc", nc=self.nc))
            )  # fmt: skip
        return headers

    async def post(self, body: bytes) -> HttpResponse:
        for _ in range(3):
            response = await self.acs.post(body, self.connection, *self.headers(), peer=self.peer)
            self.statuses.append(response.status)
            if response.status != 401 or not self.username or self.basic:
                break
            self.challenge = digest.parse_challenges(header(response, "www-authenticate")[0])[0]
            self.nc = 0
        if header(response, "set-cookie"):
            self.jar = cookie_of(response)
        return response

    async def session(
        self, *, events: tuple[str, ...] = (), requests: tuple[Message, ...] = (), stop_at: str = "",
        stop_before: str = "", on_request: Callable[[Message], None] | None = None,
    ) -> HttpResponse:  # fmt: skip
        """One session. stop_at: lose the answer to the RPC of this name; stop_before: not even do it."""
        wire = CpeSession(version=self.version)
        waiting = list(requests)
        response = await self.post(wire.begin(self.device.inform(events)))
        while response.status in (200, 204):
            event = wire.receive(response.status, response.body)
            if isinstance(event, SessionEnded):
                break
            if isinstance(event, AcsRequest):
                name = type(event.message).__name__
                self.asked.append(name)
                if name == stop_before:
                    return response
                answer = self.device.answer(event.message)
                if on_request is not None:
                    on_request(event.message)
                if name == stop_at:
                    return response
                response = await self.post(wire.send(answer))
                continue
            if isinstance(event, InformAccepted):
                self.device.informed()
            else:
                assert isinstance(event, AcsAnswer)
            response = await self.post(wire.send(waiting.pop(0) if waiting else None))
        self.device.session_over()
        return response


class Kit:
    """What the tests take from here."""

    REALM, INTERVAL, SECRET = REALM, INTERVAL, SECRET
    Acs, Cpe = Acs, Cpe
    header, cookie_of = staticmethod(header), staticmethod(cookie_of)

    @staticmethod
    def device(serial: str = "LAB1", **more: Any) -> SimulatedCpe:
        rows = [
            TreeRow("Device.DeviceInfo.Manufacturer", False, "string", "Lab"),
            TreeRow("Device.DeviceInfo.ManufacturerOUI", False, "string", "0A0B0C"),
            TreeRow("Device.DeviceInfo.ProductClass", False, "string", "Gateway"),
            TreeRow("Device.DeviceInfo.SerialNumber", False, "string", serial),
            TreeRow("Device.ManagementServer.Username", True, "string", ""),
            TreeRow("Device.ManagementServer.Password", True, "string", ""),
            TreeRow("Device.ManagementServer.ParameterKey", False, "string", ""),
            TreeRow(
                "Device.ManagementServer.ConnectionRequestURL", False, "string", "http://192.0.2.1:7547/x"
            ),
            TreeRow(SECRET, True, "string", ""),
            TreeRow(INTERVAL, True, "unsignedInt", "300"),
        ]
        return SimulatedCpe(base_tree("Device.", rows, checks_facts=False), **more)

    @staticmethod
    def inform(serial: str = "LAB1", oui: str = "0A0B0C", product_class: str = "Gateway") -> bytes:
        who = DeviceId("Lab", oui, product_class, serial)
        return CpeSession().begin(Inform(who, (Event("2 PERIODIC"),)))

    def cpe(self, acs: Acs, serial: str = "LAB1", **habits: Any) -> Cpe:
        return Cpe(acs, self.device(serial), **habits)

    @staticmethod
    def run(coroutine: Any) -> Any:
        return asyncio.run(coroutine)


@pytest.fixture
def kit(monkeypatch: pytest.MonkeyPatch) -> Kit:
    monkeypatch.setitem(procedures._KINDS, "set", setting)
    return Kit()
