"""Two small CPEs, one of each root, and a platform's memory of one device."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from cwmp.desired.converge import converge
from cwmp.desired.known import ConvergeOptions, KnownDevice
from cwmp.desired.outcome import ConvergeOutcome, Learnt
from cwmp.desired.procedure import Checkpoint, CpeFault
from cwmp.desired.running import run
from cwmp.desired.state import DesiredState
from cwmp.lab.cpe import SimulatedCpe
from cwmp.lab.nodes import BaseTree, TreeRow, base_tree
from cwmp.wire.messages import DeviceId, Fault, Message

settings.register_profile(
    "desired", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("desired")

TR181, TR098 = "Device.", "InternetGatewayDevice."

_MANAGEMENT = (
    ("URL", True, "string", "http://acs.example.com/cwmp"),
    ("Username", True, "string", "factory"),
    ("Password", True, "string", "factory-password"),
    ("PeriodicInformEnable", True, "boolean", "true"),
    ("PeriodicInformInterval", True, "unsignedInt", "86400"),
    ("PeriodicInformTime", True, "dateTime", "0001-01-01T00:00:00Z"),
    ("ParameterKey", False, "string", ""),
    ("ConnectionRequestURL", False, "string", "http://192.0.2.1:7547/"),
    ("ConnectionRequestUsername", True, "string", ""),
    ("ConnectionRequestPassword", True, "string", ""),
    ("ConnReqXMPPConnection", True, "string", ""),
    ("ConnReqAllowedJabberIDs", True, "string", ""),
)
_CONNECTION = (
    ("Enable", True, "boolean", "false"),
    ("Alias", True, "string", ""),
    ("Username", True, "string", ""),
    ("Password", True, "string", ""),
    ("Domain", True, "string", ""),
    ("Resource", True, "string", ""),
    ("UseTLS", True, "boolean", "false"),
    ("TLSEstablished", False, "boolean", "false"),
    ("KeepAliveInterval", True, "long", "-1"),
)
_SERVER = (
    ("Enable", True, "boolean", "false"),
    ("Alias", True, "string", ""),
    ("ServerAddress", True, "string", ""),
    ("Port", True, "unsignedInt", "5222"),
)


def tree_rows(root: str) -> Iterator[TreeRow]:
    yield TreeRow(root, False)
    for name in ("Manufacturer", "ManufacturerOUI", "ProductClass", "SerialNumber", "SoftwareVersion"):
        yield TreeRow(f"{root}DeviceInfo.{name}", False, "string", name)
    yield TreeRow(f"{root}DeviceInfo.ProvisioningCode", True, "string", "")
    for name, writable, type_, value in _MANAGEMENT:
        yield TreeRow(f"{root}ManagementServer.{name}", writable, type_, value)
    yield TreeRow(f"{root}XMPP.ConnectionNumberOfEntries", False, "unsignedInt", "1")
    yield TreeRow(f"{root}XMPP.Connection.", True)
    row = f"{root}XMPP.Connection.1."
    yield TreeRow(row, True)
    for name, writable, type_, value in _CONNECTION:
        yield TreeRow(row + name, writable, type_, "old" if name == "Alias" else value)
    yield TreeRow(f"{row}Server.", True)
    yield TreeRow(f"{row}Server.1.", True)
    for name, writable, type_, value in _SERVER:
        yield TreeRow(f"{row}Server.1.{name}", writable, type_, "first" if name == "Alias" else value)
    yield TreeRow(f"{root}X_ACME.Text", True, "string", "")
    yield TreeRow(f"{root}X_ACME.Flag", True, "string", "1")
    yield TreeRow(f"{root}X_ACME.AdminPassword", True, "string", "in-clear")
    yield TreeRow(f"{root}X_ACME.Blob", True, "base64", "")
    yield TreeRow(f"{root}X_ACME.Cost", True, "decimal", "1.5")


_TREES: dict[str, BaseTree] = {}


def new_cpe(root: str, *habits: str) -> SimulatedCpe:
    if root not in _TREES:
        _TREES[root] = base_tree(root, list(tree_rows(root)), checks_facts=True)
    cpe = SimulatedCpe(_TREES[root], identity=DeviceId("ACME", "0A0B0C", "Box", "1"), habit_names=habits)
    cpe.inform()
    cpe.informed()
    return cpe


class Bench:
    """A CPE, and what a platform remembers of it from one run to the next."""

    def __init__(self, root: str, *habits: str, hashes: bool = True) -> None:
        self.cpe = new_cpe(root, *habits)
        self.root = root
        self.known = KnownDevice("0A0B0C-Box-1", root=root, hash_secret=self.hash if hashes else None)
        self.log: list[Message] = []
        self.answers: list[Message | Fault] = []
        self.checkpoints: list[Mapping[str, Any]] = []
        self.tokens = 0

    @staticmethod
    def hash(path: str, value: str) -> str:
        return hashlib.sha256(f"{path}={value}".encode()).hexdigest()

    def answer(self, message: Message) -> Message | Fault:
        self.log.append(message)
        answer = self.cpe.answer(message)
        self.answers.append(answer)
        return answer

    def knowing(self) -> KnownDevice:
        return replace(self.known, parameter_key=self.cpe.value(".ManagementServer.ParameterKey"))

    def learn(self, learnt: Learnt) -> None:
        def merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
            return {key: value for key, value in {**old, **new}.items() if value is not None}

        self.known = replace(
            self.known,
            secret_hashes=merged(self.known.secret_hashes, learnt.secret_hashes),
            accepted_forms=merged(self.known.accepted_forms, learnt.accepted_forms),
            pending_reboot=merged(self.known.pending_reboot, learnt.pending_reboot),
            types=merged(self.known.types, learnt.types),
            writable=merged(self.known.writable, learnt.writable),
        )

    def converge(self, state: Mapping[str, Any], **options: Any) -> ConvergeOutcome:
        self.log.clear()
        self.answers.clear()
        self.checkpoints.clear()
        if "token" not in options:
            self.tokens += 1
            options["token"] = f"transaction-{self.tokens}"
        memory = options.pop("memory", None)
        procedure = converge(
            DesiredState.from_json(state), self.knowing(), ConvergeOptions(**options), memory
        )
        try:
            outcome = run(procedure, self.answer, self.checkpoint)
        except CpeFault as fault:
            self.learn(fault.learnt)
            raise
        self.learn(outcome.learnt)
        return outcome

    def checkpoint(self, step: Checkpoint) -> None:
        self.checkpoints.append(step.memory)
        self.learn(step.learnt)

    @property
    def sent(self) -> list[str]:
        """Names of the RPCs of the last run."""
        return [type(message).__name__ for message in self.log]

    def value(self, path: str) -> str:
        return self.cpe.value(path)


@pytest.fixture(params=[TR181, TR098], ids=["tr181", "tr098"])
def bench(request: pytest.FixtureRequest) -> Bench:
    return Bench(request.param)


@pytest.fixture
def make_bench() -> type[Bench]:
    return Bench
