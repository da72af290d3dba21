"""A simulated CPE without its network: answers RPCs, knows which events it owes, says what to do next.

Whoever runs it opens sessions when `wants_session` says so, sends what `inform` gives, calls `informed`
when the Inform was answered, sends the `requests` of its own, passes the ACS's RPCs to `answer`, calls
`session_over` at the end and carries out the `effects`.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cwmp.datamodel.paths import with_root
from cwmp.errors import CwmpError
from cwmp.lab import answers, events
from cwmp.lab.effects import (
    AcsChanged,
    Effect,
    FactoryResetAfterSession,
    InformLater,
    PeriodicChanged,
    RebootAfterSession,
    TransferLater,
)
from cwmp.lab.events import PendingEvents
from cwmp.lab.habits import SET_LIMIT, habits
from cwmp.lab.lexical import canonical
from cwmp.lab.management import Management, management_of
from cwmp.lab.nodes import BaseTree, ParameterNode
from cwmp.lab.tree import ACTIVE, PASSIVE, DeviceTree, Held, RpcRefused
from cwmp.wire import messages as wire
from cwmp.wire.messages import DeviceId, Event, Fault, Inform, Message, ParameterValue

_IDENTITY = ("Manufacturer", "ManufacturerOUI", "ProductClass", "SerialNumber")
_PERIODIC = ("PeriodicInformEnable", "PeriodicInformInterval", "PeriodicInformTime")


def identity_of(base: BaseTree) -> DeviceId:
    """Who the tree's DeviceInfo says it is; empty where it says nothing."""
    tree = DeviceTree(base)
    return DeviceId(*(tree.value(f".DeviceInfo.{name}") or "" for name in _IDENTITY))


class SimulatedCpe:
    """One CPE, just switched on for the first time: ``0 BOOTSTRAP`` and ``1 BOOT`` are pending.

    identity: replaces what the tree says in DeviceInfo. factory: values it has from the factory, kept over
    a factory reset (ACS URL, credentials); paths may begin with a dot. habit_names: see `habits.HABITS`.
    transfers: Download and Upload are taken (`TransferLater`) instead of refused with 9001.
    """

    def __init__(
        self,
        base: BaseTree,
        *,
        identity: DeviceId | None = None,
        factory: Mapping[str, str] | None = None,
        habit_names: Iterable[str] = (),
        transfers: bool = False,
    ) -> None:
        self.identity = identity or identity_of(base)
        own = {
            f".DeviceInfo.{name}": value
            for name, value in zip(
                _IDENTITY,
                (
                    self.identity.manufacturer,
                    self.identity.oui,
                    self.identity.product_class,
                    self.identity.serial_number,
                ),
                strict=True,
            )
        }
        self.tree = DeviceTree(base, own | dict(factory or {}))
        self.root = base.root
        self.habits = habits(habit_names)
        self.transfers = transfers
        self._pending = PendingEvents()
        self._changed: dict[str, None] = {}
        self._effects: list[Effect] = []
        self._reports: list[tuple[str, wire.TransferComplete]] = []
        self._old: dict[str, str] = {}
        self._held_back: dict[str, str] = {}
        self._reported: tuple[str, ...] = ()
        self._bootstrapped = False
        self.factory_reset()

    # ---- events and Informs

    @property
    def pending(self) -> tuple[Event, ...]:
        """The events owed to the ACS."""
        return self._pending.all()

    @property
    def wants_session(self) -> bool:
        """Is anything owed that calls for a session at once? Passive changes do not."""
        return bool(self._pending)

    def add_event(self, event_code: str, command_key: str = "") -> None:
        """Owe an event: ``2 PERIODIC``, ``6 CONNECTION REQUEST``, ``8 DIAGNOSTICS COMPLETE`` ..."""
        self._pending.add(event_code, command_key)

    def scheduled(self, command_key: str) -> None:
        """A ScheduleInform's time has come."""
        self._pending.add(events.SCHEDULED)
        self._pending.add("M ScheduleInform", command_key)

    def inform(
        self, events_now: Iterable[str | Event] = (), now: float = 0.0, retry_count: int = 0
    ) -> Inform:
        """The Inform of a session that opens now: all that is owed, and ``events_now`` besides.

        now: Unix time for CurrentTime. retry_count: failed attempts so far. Parameters: those every Inform
        carries, those of enabled ManagementServer.InformParameter rows, and those that changed.
        """
        for event in events_now:
            if isinstance(event, Event):
                self._pending.add(event.event_code, event.command_key)
            else:
                self._pending.add(event)
        self._reported = tuple(self._changed)
        if self._reported:
            self._pending.add(events.VALUE_CHANGE)
        sending = self._pending.sending()
        paths = dict.fromkeys(self._forced())
        paths |= dict.fromkeys(self._inform_parameters(sending))
        paths |= dict.fromkeys(self._reported)
        held = [self.tree.read(path) for path in paths if isinstance(self.tree.node(path), ParameterNode)]
        return Inform(
            self.identity,
            sending,
            1,
            datetime.datetime.fromtimestamp(now, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            retry_count,
            tuple(answers.as_parameter_value(each) for each in held),
        )

    def informed(self) -> None:
        """The ACS answered the Inform: its events and changes are not owed any more."""
        delivered = self._pending.delivered()
        if any(event.event_code == events.BOOTSTRAP for event in delivered):
            self._bootstrapped = True
        for path in self._reported:
            self._changed.pop(path, None)
        self._reported = ()

    def session_failed(self) -> None:
        """No InformResponse came: the events stay owed, but those that are never repeated."""
        self._pending.failed()
        self._reported = ()
        self.session_over()

    def session_over(self) -> None:
        """The session has ended."""
        if self._old:
            self.tree.store({path: value for path, value in self._old.items() if self.tree.node(path)})
            self._old.clear()

    def boot(self, command_key: str | None = None) -> None:
        """The CPE has started again. command_key: of the Reboot that made it; None: by itself."""
        self._pending.rebooted()
        self._changed.clear()
        self._effects.clear()
        self.tree.store({path: value for path, value in self._held_back.items() if self.tree.node(path)})
        self._held_back.clear()
        if not self._bootstrapped or "bootstrap_each_boot" in self.habits:
            self._pending.add(events.BOOTSTRAP)
        self._pending.add(events.BOOT)
        if command_key is not None:
            self._pending.add("M Reboot", command_key)

    def factory_reset(self) -> None:
        """Forget all but what left the factory, and boot: the next contact is the first again."""
        self.tree.reset()
        self._pending.clear()
        self._reports.clear()
        self._old.clear()
        self._held_back.clear()
        self._bootstrapped = False
        self.boot()

    # ---- transfers

    @property
    def requests(self) -> tuple[Message, ...]:
        """RPCs of its own the CPE wants to send in the session, after the Inform."""
        return tuple(report for _, report in self._reports)

    def transferred(
        self, request: wire.Download | wire.Upload, *, fault_code: int = 0, start: float, complete: float
    ) -> None:
        """A transfer is over (fault_code 0: well); start and complete in Unix time. Owes TransferComplete."""
        kind = type(request).__name__
        report = wire.TransferComplete(
            request.command_key,
            wire.TransferCompleteFault(fault_code, wire.FAULT_TEXTS.get(fault_code, "")),
            *(
                datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
                for at in (start, complete)
            ),
        )
        self._reports.append((kind, report))
        self._pending.add(events.TRANSFER_COMPLETE)
        self._pending.add(f"M {kind}", request.command_key)

    def request_answered(self, request: Message) -> None:
        """The ACS answered one of `requests`."""
        for index, (kind, report) in enumerate(self._reports):
            if report is request or report == request:
                del self._reports[index]
                self._pending.transfer_reported(kind, report.command_key, more=bool(self._reports))
                return

    # ---- the device itself

    def change(self, path: str, value: str) -> None:
        """Change a parameter as by hand on the device, writable or not; the ACS hears of it if it asked to.

        Raises `CwmpError` for an unknown parameter and for a value that is none of its type.
        """
        full = with_root(path, self.root)
        node = self.tree.node(full)
        if not isinstance(node, ParameterNode):
            raise CwmpError(f"the simulated CPE {self.identity.serial_number} has no parameter {full}")
        text = canonical(node.type, value)
        if text is None:
            raise CwmpError(
                f"{full} of the simulated CPE {self.identity.serial_number} is of type {node.type}"
            )
        changed = self.tree.store({full: text})
        self._affected(changed)
        self._noticed(changed)

    def value(self, path: str) -> str:
        """What the device really holds, hidden or not; "" when it has no such parameter."""
        return self.tree.value(path) or ""

    @property
    def management(self) -> Management:
        """The ManagementServer values whoever runs the CPE needs."""
        return management_of(self.tree)

    @property
    def connection_request_url(self) -> str:
        """Where the CPE listens for connection requests, as it tells its ACS."""
        return self.value(".ManagementServer.ConnectionRequestURL")

    @connection_request_url.setter
    def connection_request_url(self, url: str) -> None:
        if self.value(".ManagementServer.ConnectionRequestURL") != url:
            self.change(".ManagementServer.ConnectionRequestURL", url)

    def effects(self) -> list[Effect]:
        """What the RPCs answered since the last call want done; each is given once."""
        given, self._effects = self._effects, []
        return given

    # ---- RPCs

    def answer(self, message: Message) -> Message | Fault:
        """Answer an RPC of the ACS, with its response or with a fault. Never raises for any message."""
        handler = _HANDLERS.get(type(message))
        if handler is None or (isinstance(message, wire.GetRPCMethods) and "deny_rpc_methods" in self.habits):
            return Fault.of(9000)
        try:
            return handler(self, message)
        except RpcRefused as refused:
            return answers.fault(refused)

    def _get_rpc_methods(self, _: wire.GetRPCMethods) -> Message:
        return wire.GetRPCMethodsResponse(tuple(cls.__name__ for cls in _HANDLERS))

    def _get_values(self, request: wire.GetParameterValues) -> Message:
        if "deny_partial_paths" in self.habits:
            for name in request.parameter_names:
                if name == "" or name.endswith("."):
                    raise RpcRefused(9005, f"{name!r} is no parameter of this CPE")
        return answers.get_values(self.tree, request)

    def _set_values(self, request: wire.SetParameterValues) -> Message:
        key = answers.checked_key(request.parameter_key)
        if "set_limit_10" in self.habits and len(request.parameter_list) > SET_LIMIT:
            raise RpcRefused(9004, f"at most {SET_LIMIT} parameters can be set at once")
        wanted = self.tree.check([self._as_taken(each) for each in request.parameter_list])
        if "ignore_set" in self.habits:
            wanted = {}
        if "revert_set" in self.habits:
            self._old = {path: self.value(path) for path in wanted} | self._old
        if "status1_old" in self.habits:
            self._held_back |= wanted
            wanted = {}
        self._affected(self.tree.store(wanted))
        self._keep(key)
        return wire.SetParameterValuesResponse(1 if self.habits & {"status1", "status1_old"} else 0)

    def _add_object(self, request: wire.AddObject) -> Message:
        key = answers.checked_key(request.parameter_key)
        number = self.tree.add_row(request.object_name)
        self._keep(key)
        return wire.AddObjectResponse(number, 0)

    def _delete_object(self, request: wire.DeleteObject) -> Message:
        key = answers.checked_key(request.parameter_key)
        self.tree.delete_row(request.object_name)
        self._keep(key)
        return wire.DeleteObjectResponse(0)

    def _reboot(self, request: wire.Reboot) -> Message:
        self._effects.append(RebootAfterSession(answers.checked_key(request.command_key)))
        return wire.RebootResponse()

    def _factory_reset(self, _: wire.FactoryReset) -> Message:
        self._effects.append(FactoryResetAfterSession())
        return wire.FactoryResetResponse()

    def _schedule_inform(self, request: wire.ScheduleInform) -> Message:
        if request.delay_seconds <= 0:
            raise RpcRefused(9003, "DelaySeconds has to be more than 0")
        key = answers.checked_key(request.command_key)
        self._effects.append(InformLater(request.delay_seconds, key))
        return wire.ScheduleInformResponse()

    def _transfer(self, request: wire.Download | wire.Upload) -> Message:
        if not self.transfers:
            raise RpcRefused(9001, "this CPE takes no file transfers")
        answers.checked_key(request.command_key)
        self._effects.append(TransferLater(request))
        return wire.DownloadResponse(1) if isinstance(request, wire.Download) else wire.UploadResponse(1)

    # ---- inside

    def _as_taken(self, parameter: ParameterValue) -> Held:
        """The parameter to set, spelt as a CPE with the habit ``normalise_case`` spells it."""
        value = parameter.value
        node = self.tree.node(parameter.name)
        if "normalise_case" in self.habits and isinstance(node, ParameterNode) and node.type == "string":
            facts = node.facts
            if facts is None or not (facts.enum or facts.reference or node.hidden):
                value = value.lower()
        return Held(parameter.name, parameter.type, value)

    def _affected(self, changed: Iterable[str]) -> None:
        """Note what changed values make the CPE do."""
        server = f"{self.root}ManagementServer."
        paths = set(changed)
        if f"{server}URL" in paths:
            # another ACS: the first contact with it (TR-069a6 §3.7.1.5), and nothing is owed to it
            self._bootstrapped = False
            self._pending.add(events.BOOTSTRAP)
            self._changed.clear()
            self._effects.append(AcsChanged())
        if any(f"{server}{name}" in paths for name in _PERIODIC):
            self._effects.append(PeriodicChanged())

    def _noticed(self, changed: Iterable[str]) -> None:
        """Remember changes the ACS wants to hear of; nothing is owed to an ACS never met."""
        if not self._bootstrapped:
            return
        for path in changed:
            notification = self.tree.notification(path)
            if notification == ACTIVE:
                self._pending.add(events.VALUE_CHANGE)
            if notification == ACTIVE or notification in PASSIVE:
                self._changed[path] = None

    def _keep(self, key: str) -> None:
        path = f"{self.root}ManagementServer.ParameterKey"
        if isinstance(self.tree.node(path), ParameterNode):
            self.tree.store({path: key})

    def _forced(self) -> Iterable[str]:
        """Parameters of every Inform; ExternalIPAddress is the default connection's (TR-098)."""
        default = self.value(".Layer3Forwarding.DefaultConnectionService").strip().rstrip(".")
        for path in self.tree.base.forced_inform:
            name = f"{default}.ExternalIPAddress"
            known = isinstance(self.tree.node(name), ParameterNode)
            yield name if path.endswith(".ExternalIPAddress") and known else path

    def _inform_parameters(self, sending: tuple[Event, ...]) -> Iterable[str]:
        codes = {event.event_code.partition(" ")[0] for event in sending}
        names = {event.event_code for event in sending}
        for row in self.tree.rows(".ManagementServer.InformParameter."):
            wanted = {item.strip() for item in self.value(f"{row}EventList").split(",") if item.strip()}
            if self.value(f"{row}Enable") in ("1", "true") and (not wanted or wanted & (codes | names)):
                yield self.value(f"{row}ParameterName")


_HANDLERS: dict[type[Message], Callable[[SimulatedCpe, Any], Message]] = {
    wire.GetRPCMethods: SimulatedCpe._get_rpc_methods,
    wire.SetParameterValues: SimulatedCpe._set_values,
    wire.GetParameterValues: SimulatedCpe._get_values,
    wire.GetParameterNames: lambda cpe, request: answers.get_names(cpe.tree, request),
    wire.SetParameterAttributes: lambda cpe, request: answers.set_attributes(cpe.tree, request),
    wire.GetParameterAttributes: lambda cpe, request: answers.get_attributes(cpe.tree, request),
    wire.AddObject: SimulatedCpe._add_object,
    wire.DeleteObject: SimulatedCpe._delete_object,
    wire.Download: SimulatedCpe._transfer,
    wire.Upload: SimulatedCpe._transfer,
    wire.Reboot: SimulatedCpe._reboot,
    wire.FactoryReset: SimulatedCpe._factory_reset,
    wire.ScheduleInform: SimulatedCpe._schedule_inform,
    wire.GetQueuedTransfers: lambda _, __: wire.GetQueuedTransfersResponse(()),
    wire.GetAllQueuedTransfers: lambda _, __: wire.GetAllQueuedTransfersResponse(()),
}
