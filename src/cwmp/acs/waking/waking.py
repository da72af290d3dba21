"""Waking devices that have work waiting: which, when, by what method, and what they answered."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from cwmp.acs.sessions.session import log_mishap
from cwmp.connection_request.address import Network
from cwmp.connection_request.answer import Answer
from cwmp.connection_request.choice import AUTO, candidates, settled
from cwmp.connection_request.choosing_route import Routes
from cwmp.connection_request.crowd import Crowd
from cwmp.connection_request.http_method import HttpMethod
from cwmp.connection_request.method import Method, Target
from cwmp.platforms.protocol import ConnectionRequestResult

if TYPE_CHECKING:
    from cwmp.acs.access.credentials import Credentials
    from cwmp.acs.devices.registry import DeviceRecord, Registry
    from cwmp.acs.metrics import Metrics
    from cwmp.acs.sessions.sessions import Sessions
    from cwmp.acs.transactions.transactions import TransactionRecord, Transactions

log = logging.getLogger("cwmp.acs.waking.waking")

_REMEMBERED = 100_000
"""Devices of which it is remembered by which method they came last."""

_BUSY_WAITS = (2.0, 5.0, 10.0, 20.0)
"""Seconds before a device that answered "busy" is asked again: it may just be closing a session."""


@dataclass(frozen=True, slots=True)
class WakingRules:
    """How and where the ACS may send connection requests. Times in seconds.

    networks: addresses allowed besides the one the device's last Inform came from.
    repeat: before a request that stayed unanswered, or was not followed by an Inform, is repeated; doubled
    each time up to `longest_repeat`.
    in_flight: connection requests under way at once; in_flight_per_address: of those over HTTP, to one
    address and port: devices could name a victim's. routes: how to get to which device.
    basic: send credentials in clear to devices that ask for nothing better.
    deadline: for all methods that `auto` tries together. settle: for the Inform after a request that the
    device does not answer (a datagram), before `auto` tries the next method.
    """

    networks: tuple[Network, ...] = ()
    repeat: float = 30.0
    longest_repeat: float = 600.0
    timeout: float = 10.0
    in_flight: int = 200
    in_flight_per_address: int = 100
    routes: Routes = field(default_factory=Routes)
    basic: bool = False
    deadline: float = 25.0
    settle: float = 3.0


@dataclass(slots=True, eq=False)
class _Device:
    """What is under way for one device. `informs` are futures for its next Inform.

    asked_by: the method that was asked for last; waking_by: the one that its waiting work asked for.
    """

    asking: asyncio.Task[ConnectionRequestResult] | None = None
    waking: asyncio.Task[None] | None = None
    last: ConnectionRequestResult | None = None
    asked_by: str = ""
    waking_by: str = ""
    asked_at: float = 0.0
    informed: bool = False
    inform_ms: float = 0.0
    informs: list[asyncio.Future[float]] = field(default_factory=list)


class Waking:
    """Sends connection requests. Made inside the running event loop; hooks itself into
    `transactions.on_queued` and `sessions.on_inform`.

    methods: by name; http by `rules` alone where none are given. Methods may be added while running.
    """

    def __init__(
        self,
        *,
        registry: Registry,
        transactions: Transactions,
        credentials: Credentials,
        sessions: Sessions,
        rules: WakingRules | None = None,
        methods: Mapping[str, Method] | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self._registry = registry
        self._transactions = transactions
        self._credentials = credentials
        self._sessions = sessions
        self.rules = rules = rules or WakingRules()
        crowd = Crowd(rules.in_flight_per_address)
        http = HttpMethod(rules.networks, rules.routes, rules.basic, rules.timeout, crowd)
        self.methods: dict[str, Method] = dict(methods) if methods is not None else {http.name: http}
        self._worked: OrderedDict[str, str] = OrderedDict()
        self._metrics = metrics
        self._room = asyncio.Semaphore(self.rules.in_flight)
        self._devices: dict[str, _Device] = {}
        self._closed = False
        transactions.on_queued(self._queued)
        sessions.on_inform(self._informed)
        asyncio.get_running_loop().call_later(1.0, self._wake_left_over)

    async def request(
        self, device_id: str, method: str = "auto", wait: float = 0.0
    ) -> ConnectionRequestResult:
        """Wake the device now; with `wait` > 0 also wait up to that many seconds for its Inform.

        Never raises for what the device does: the result's `answer` says it. An unknown device raises
        `acs.errors.UnknownDevice`; a method there is none of is answered `no_method`.
        """
        record = self._registry.find(device_id)
        device = self._devices.setdefault(record.id, _Device())
        inform = asyncio.get_running_loop().create_future() if wait > 0 else None
        if inform is not None:
            device.informs.append(inform)
        try:
            begun = asked = time.monotonic()
            if method == "none":
                result = ConnectionRequestResult(method, "", "no_method", detail="it was not asked to come")
            else:
                result = await self._ask_once(record, device, method)
                asked = device.asked_at
            may_come = method == "none" or result.answer in ("accepted", "sent", "busy", "no_answer")
            if inform is None or not may_come:
                return result
            try:
                async with asyncio.timeout(max(0.0, wait - (time.monotonic() - begun))):
                    at = await inform
            except TimeoutError:
                if result.answer == "sent":
                    detail = f"{result.detail}; and it did not come within {wait:g} s"
                    return replace(result, answer="no_answer", detail=detail, informed=False)
                return replace(result, informed=False)
            took = at - min(asked, at)
            return replace(result, informed=True, inform_ms=round(took * 1000, 1))
        finally:
            if inform is not None and inform in device.informs:
                device.informs.remove(inform)
            self._tidy(record.id)

    def _wake_left_over(self) -> None:
        """Wake the devices with work from before a restart, once the listeners are up."""
        for device_id in self._transactions.devices_waiting():
            for transaction in self._transactions.open_for(device_id):
                self._queued(device_id, transaction)

    async def close(self) -> None:
        """Cancel what is under way."""
        self._closed = True
        tasks = [task for device in self._devices.values() for task in (device.asking, device.waking) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ---- asking

    async def _ask_once(self, record: DeviceRecord, device: _Device, method: str) -> ConnectionRequestResult:
        """Ask, or share the asking that is under way, or the answer to what need not be asked again yet."""
        while device.asking is not None and device.asked_by != method:
            await asyncio.wait([device.asking])
        if device.asking is None:
            recent = time.monotonic() - device.asked_at < self.rules.repeat
            last = device.last
            if recent and not device.informed and last is not None:
                unanswered = last.answer in ("accepted", "sent", "no_answer")
                if unanswered and method in (device.asked_by, last.method):
                    return last
            device.asked_by = method
            device.asking = asyncio.get_running_loop().create_task(self._ask(record, device, method))
        # Shielded: another waiter's patience may be longer than this one's.
        result = await asyncio.shield(device.asking)
        # A device may be quicker to come than its answer to be looked at.
        return replace(result, informed=True, inform_ms=device.inform_ms) if device.informed else result

    async def _ask(self, record: DeviceRecord, device: _Device, method: str) -> ConnectionRequestResult:
        result = ConnectionRequestResult(method, "", "no_answer", detail="the ACS failed to ask; see its log")
        try:
            async with self._room:
                device.asked_at = time.monotonic()
                device.informed = False
                result = await self._by_methods(record, device, method)
        except Exception as error:
            log_mishap(f"{record.id}: a connection request failed", error)
        finally:
            device.asking = None
        device.last = result
        if self._metrics is not None:
            self._metrics.connection_request(result.answer)
        log.info(
            "%s: connection request by %s: %s %s", record.id, result.method, result.answer, result.detail
        )
        asyncio.get_running_loop().call_later(self.rules.repeat + 1, self._tidy, record.id)
        return result

    async def _by_methods(
        self, record: DeviceRecord, device: _Device, method: str
    ) -> ConnectionRequestResult:
        """Ask by the method, or by one after the other until the device answers that it comes."""
        target = await self._target(record)
        if method == AUTO:
            chosen = candidates(target, self.methods, self._worked.get(record.id, ""))
            if not chosen:
                return ConnectionRequestResult(AUTO, "", "no_method", detail=self._obstacles(target))
        elif method not in self.methods:
            known = ", ".join(sorted(self.methods))
            detail = f"this ACS cannot send connection requests by {method[:20]}: configured is {known}"
            detail += self._otherwise(target)
            return ConnectionRequestResult(method[:20], "", "no_method", detail=detail)
        else:
            chosen = [self.methods[method]]
        results: list[ConnectionRequestResult] = []
        end = time.monotonic() + self.rules.deadline
        for each in chosen:
            results.append(await self._by_one(target, device, each, end))
            if settled(results[-1].answer) or device.informed or time.monotonic() >= end:
                break
            if (
                each is not chosen[-1]
                and not each.confirms
                and await self._inform_within(device, self.rules.settle)
            ):
                break
        told = "; ".join(f"{each.method} before: {_said(each)}" for each in results[:-1])
        last = results[-1]
        return replace(last, detail="; ".join(part for part in (last.detail, told) if part))

    async def _by_one(
        self, target: Target, device: _Device, method: Method, end: float
    ) -> ConnectionRequestResult:
        if obstacle := method.obstacle(target):
            detail = obstacle + self._otherwise(target)
            return ConnectionRequestResult(method.name, "", "no_method", detail=detail)
        device.asked_at = begun = time.monotonic()
        try:
            async with asyncio.timeout(max(0.1, end - begun)):
                route, answer = await method.ask(target)
        except TimeoutError:
            route, answer = "", Answer("no_answer", "the time for all methods together is up")
        took = round((time.monotonic() - begun) * 1000, 1) if answer.answered else None
        return ConnectionRequestResult(method.name, route, answer.word, took, detail=answer.detail)

    async def _target(self, record: DeviceRecord) -> Target:
        username, password = await self._credentials.connection_request(record.id) or ("", "")
        supported = record.parameters.get("ManagementServer.SupportedConnReqMethods", "")
        return Target(
            id=record.id,
            informed_from=record.address,
            url=record.connection_request_url,
            udp_address=record.udp_address,
            jabber_id=record.jabber_id,
            supported=frozenset(word.strip().upper() for word in supported.split(",") if word.strip()),
            tags=tuple(record.tags),
            parameters=record.parameters,
            username=username,
            password=password,
        )

    def _otherwise(self, target: Target) -> str:
        """How else the device can be woken, as the end of a sentence; "" where there is no way."""
        ways = [each.name for each in candidates(target, self.methods)]
        return f"; {target.id} can be woken by {' or '.join(ways)}" if ways else ""

    def _obstacles(self, target: Target) -> str:
        return "; ".join(f"{name}: {method.obstacle(target)}" for name, method in self.methods.items())

    # ---- work that waits

    def _queued(self, device_id: str, transaction: TransactionRecord) -> None:
        """New work: a device that is in a session takes it there, any other is woken."""
        if self._closed or transaction.wake == "none" or self._sessions.in_session(device_id):
            return
        record = self._registry.get(device_id)
        if record is None:
            return
        device = self._devices.setdefault(record.id, _Device())
        if device.waking is not None and device.waking_by == transaction.wake:
            if device.last is not None and not device.informed:
                self._transactions.woken(transaction, asdict(device.last))
            return
        if device.waking is not None:
            # What the newest work asks for counts: an older one's method may be why it still waits.
            device.waking.cancel()
        device.waking_by = transaction.wake
        loop = asyncio.get_running_loop()
        device.waking = loop.create_task(self._wake(record.id, device, transaction.wake))

    async def _wake(self, device_id: str, device: _Device, method: str) -> None:
        """Ask until the device comes, nothing waits for it any more, or asking again is no use."""
        busy = 0
        pause = self.rules.repeat
        try:
            while self._waits(device_id):
                record = self._registry.get(device_id)
                if record is None:
                    return
                result = await self._ask_once(record, device, method)
                answer = asdict(result)
                for transaction in self._transactions.open_for(device_id):
                    if transaction.wake != "none":
                        self._transactions.woken(transaction, answer)
                if result.answer in ("wrong_credentials", "unsafe_address", "no_method", "refused"):
                    return
                if result.answer == "busy" and busy < len(_BUSY_WAITS):
                    wait = _BUSY_WAITS[busy]
                    busy += 1
                else:
                    wait = max(pause, self.rules.repeat - (time.monotonic() - device.asked_at))
                    pause = min(pause * 2, self.rules.longest_repeat)
                if await self._inform_within(device, wait):
                    return
        except Exception as error:
            log_mishap(f"{device_id}: waking failed", error)
        finally:
            if device.waking is asyncio.current_task():
                device.waking = None
            self._tidy(device_id)

    def _waits(self, device_id: str) -> bool:
        if self._sessions.in_session(device_id):
            return False
        # One that is not to wake it may be the next, and then comes along with those that are.
        return self._transactions.next_for(device_id) is not None and any(
            transaction.wake != "none" for transaction in self._transactions.open_for(device_id)
        )

    async def _inform_within(self, device: _Device, seconds: float) -> bool:
        if device.informed:
            return True
        inform: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        device.informs.append(inform)
        try:
            async with asyncio.timeout(seconds):
                await inform
        except TimeoutError:
            return False
        finally:
            if inform in device.informs:
                device.informs.remove(inform)
        return True

    def _informed(self, record: DeviceRecord, events: tuple[str, ...]) -> None:
        device = self._devices.get(record.id)
        if device is None:
            return
        if device.last is not None and "6 CONNECTION REQUEST" in events:
            self._worked[record.id] = device.last.method
            self._worked.move_to_end(record.id)
            if len(self._worked) > _REMEMBERED:
                self._worked.popitem(last=False)
        now = time.monotonic()
        device.informed = True
        device.inform_ms = round(max(0.0, now - device.asked_at) * 1000, 1)
        for transaction in self._transactions.open_for(record.id):
            told = transaction.connection_request
            if told is not None and not told.get("informed"):
                came = {**told, "informed": True, "inform_ms": device.inform_ms}
                self._transactions.woken(transaction, came)
        for inform in device.informs:
            if not inform.done():
                inform.set_result(now)
        device.informs.clear()
        self._tidy(record.id)

    def _tidy(self, device_id: str) -> None:
        """Forget a device for which nothing is under way and whose answer nobody need remember."""
        device = self._devices.get(device_id)
        if device is None or device.asking or device.waking or device.informs:
            return
        if device.informed or time.monotonic() - device.asked_at > self.rules.repeat:
            del self._devices[device_id]


def _said(result: ConnectionRequestResult) -> str:
    return f"{result.answer} ({result.detail})" if result.detail else result.answer
