"""One simulated CPE alive: when it speaks to its ACS, and what becomes of what the ACS asked it to do."""

from __future__ import annotations

import asyncio
import contextlib
import random
import ssl
import time
from collections import deque
from collections.abc import Callable, Mapping

from cwmp.datamodel.paths import with_root
from cwmp.errors import CwmpError
from cwmp.lab import events
from cwmp.lab.behaviour import Behaviour
from cwmp.lab.connection import AcsAddress
from cwmp.lab.connection_request_server import Reception
from cwmp.lab.cpe import SimulatedCpe
from cwmp.lab.effects import (
    AcsChanged,
    FactoryResetAfterSession,
    InformLater,
    PeriodicChanged,
    RebootAfterSession,
    TransferLater,
)
from cwmp.lab.http_exchange import HttpConversation
from cwmp.lab.nodes import ParameterNode
from cwmp.lab.session import SessionFault, SessionReport, hold_session
from cwmp.lab.stun import StunClient
from cwmp.lab.timers import Timers
from cwmp.lab.timing import next_periodic, reference_time, retry_wait
from cwmp.lab.tree import DeviceTree
from cwmp.lab.xmpp import XmppConnections
from cwmp.wire.messages import Event


class RunningCpe:
    """A `SimulatedCpe` with its clock and its network, one session at a time.

    `changed` is called whenever something about it is worth a look by somebody who waits.
    """

    def __init__(
        self, cpe: SimulatedCpe, id: str, behaviour: Behaviour, *, changed: Callable[[], None] = lambda: None
    ) -> None:
        self.cpe = cpe
        self.id = id
        self.behaviour = behaviour
        self.informs = 0
        """Informs the ACS has answered."""
        self.sessions = 0
        """Sessions held to their proper end."""
        self.failures = 0
        """Sessions that failed, since it was started."""
        self.retry_count = 0
        """Failed attempts since the last good session: the Inform's RetryCount."""
        self.last_error: CwmpError | None = None
        self.last_session: SessionReport | None = None
        self.last_events: tuple[str, ...] = ()
        self.faults: deque[SessionFault] = deque()
        """What goes wrong on purpose, one for each coming session that meets it."""
        self._changed = changed
        self._plugged = True
        self._booting = False
        self._attempt_now = False
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._session: asyncio.Task[None] | None = None
        self._timers = Timers()
        self._xmpp = XmppConnections(self)
        self.stun = StunClient(self)
        self._periodic: asyncio.TimerHandle | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._asked = False
        self._asked_in_session = False
        self._asked_at: deque[float] = deque()
        self._repeat: tuple[Event, ...] = ()

    # ---- life

    @property
    def reachable(self) -> bool:
        """Is it switched on and on the network?"""
        return self._plugged and not self._booting

    @property
    def in_session(self) -> bool:
        return self._session is not None

    @property
    def idle(self) -> bool:
        """Nothing under way and nothing owed."""
        return not self.in_session and not self._booting and not self._due() and self._retry is None

    def start(self, delay: float = 0.0) -> None:
        """Switch it on; its first session comes after `delay` seconds."""
        self._task = asyncio.get_running_loop().create_task(self._live(delay), name=f"cpe {self.id}")

    async def stop(self, grace: float = 0.0) -> None:
        """Switch it off; a session under way has `grace` seconds to come to its end."""
        session = self._session
        if session is not None and grace > 0:
            await asyncio.wait([session], timeout=grace)
        self._plugged = False
        self._xmpp.stop()
        self.stun.stop()
        for task in (self._task, self._session or session):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        self._task = None
        self._timers.cancel_all()

    def go_offline(self) -> None:
        """Pull the plug: a session under way is cut off, connection requests go unanswered."""
        self._plugged = False
        if self._session is not None:
            self._session.cancel()
        self._look()
        self._notice()

    def come_back(self, *, boot: bool = False) -> None:
        """Back on the network, at once with what it owes; boot: it was the power, so it boots first."""
        self._plugged = True
        if boot:
            self.cpe.boot()
            self.retry_count = 0
        if self._retry is not None:
            self._attempt_now = True
            self._cancel_retry()
        self._look()
        self._notice()

    def change(self, path: str, value: str) -> None:
        """Change a parameter by hand on the device; the ACS hears of it if it asked to.

        Raises `CwmpError` for an unknown parameter and for a value that is none of its type.
        """
        owed = self.cpe.pending
        self.cpe.change(path, value)
        self._managed(with_root(path, self.cpe.root))
        self._look()
        self._notice(event=self.cpe.pending != owed)

    def inform(self, event_code: str = "") -> None:
        """Have a session now, for this event or for what is owed."""
        if event_code:
            self.cpe.add_event(event_code)
        self._notice(event=True)

    def tell(self, values: Mapping[str, str]) -> None:
        """The CPE itself finds these values now; the ACS hears of those it asked to hear of."""
        owed = self.cpe.pending
        for path, value in values.items():
            if isinstance(self.cpe.tree.node(path), ParameterNode):
                self.cpe.change(path, value)
        self._notice(event=self.cpe.pending != owed)

    # ---- connection requests

    @property
    def tree(self) -> DeviceTree:
        return self.cpe.tree

    @property
    def tls(self) -> ssl.SSLContext | None:
        return self.behaviour.tls

    @property
    def time_scale(self) -> float:
        return self.behaviour.time_scale

    @property
    def connection_request_credentials(self) -> tuple[str, str]:
        """Username and password a connection request has to show."""
        management = self.cpe.management
        return management.connection_request_username, management.connection_request_password

    def ring(self) -> Reception:
        """An authentic connection request has come, by whichever way."""
        if not self.reachable:
            return Reception.SILENT
        if self._throttled():
            return Reception.BUSY
        if self.in_session:
            if not self.behaviour.queue_while_busy or self._asked_in_session:
                return Reception.BUSY
            self._asked_in_session = True
            return Reception.ACCEPTED
        if self._asked:
            return Reception.BUSY
        self._asked = True
        self._timers.later(self.behaviour.connection_request_latency, self._answer_ring)
        return Reception.ACCEPTED

    def _answer_ring(self) -> None:
        if self._asked:
            self._notice(event=True)

    def _throttled(self) -> bool:
        limit = self.behaviour.connection_request_limit
        if limit is None:
            return False
        count, seconds = limit
        now = time.monotonic()
        while self._asked_at and self._asked_at[0] <= now - seconds:
            self._asked_at.popleft()
        if len(self._asked_at) >= count:
            return True
        self._asked_at.append(now)
        return False

    # ---- clock

    def _cancel_retry(self) -> None:
        self._timers.cancel(self._retry)
        self._retry = None

    def _plan_periodic(self) -> None:
        self._timers.cancel(self._periodic)
        self._periodic = None
        management = self.cpe.management
        if management.periodic_enabled:
            now = time.time()
            due = next_periodic(now, management.periodic_interval, reference_time(management.periodic_time))
            self._periodic = self._timers.later((due - now) * self.behaviour.time_scale, self._periodic_due)

    def _periodic_due(self) -> None:
        self._plan_periodic()
        if self.reachable:
            self.cpe.add_event(events.PERIODIC)
            self._notice(event=True)

    def _scheduled_due(self, command_key: str) -> None:
        self.cpe.scheduled(command_key)
        self._notice(event=True)

    def _retry_due(self) -> None:
        self._retry = None
        self._notice(event=True)

    def _boot_after(self, command_key: str | None, *, factory: bool) -> None:
        self._booting = True
        self._look()
        self._asked = self._asked_in_session = False
        self._cancel_retry()
        if factory:
            self._timers.cancel_all()
        self._timers.later(
            self.behaviour.reboot_seconds * self.behaviour.time_scale,
            lambda: self._booted(command_key, factory=factory),
        )

    def _booted(self, command_key: str | None, *, factory: bool) -> None:
        if factory:
            self.cpe.factory_reset()
        else:
            self.cpe.boot(command_key)
        self._booting = False
        self.retry_count = 0
        self._repeat = ()
        self._plan_periodic()
        self._look()
        self._notice()

    def _look(self) -> None:
        """Something may have changed for the ways of being woken."""
        self._xmpp.look()
        self.stun.look()

    def _managed(self, path: str) -> None:
        """Mind what a change by hand of the CPE's own management settings means."""
        name = path.removeprefix(f"{self.cpe.root}ManagementServer.")
        if name == "URL":
            self.cpe.add_event(events.BOOTSTRAP)
            self._other_acs()
        elif name.startswith("PeriodicInform"):
            self._plan_periodic()

    def _other_acs(self) -> None:
        self.retry_count = 0
        self._repeat = ()
        self._cancel_retry()

    def _notice(self, *, event: bool = False) -> None:
        """Something has happened. A new event does not wait for the next retry (TR-069a6 §3.2.1.1)."""
        self._attempt_now |= event
        self._wake.set()
        self._changed()

    # ---- sessions

    def _due(self) -> bool:
        if not self.reachable:
            return False
        return self._attempt_now or (self._retry is None and self.cpe.wants_session)

    async def _live(self, delay: float) -> None:
        if delay > 0:
            await asyncio.sleep(delay)
        self._plan_periodic()
        while True:
            self._wake.clear()
            if not self._due():
                await self._wake.wait()
                continue
            self._attempt_now = False
            self._session = asyncio.get_running_loop().create_task(self._hold_session())
            try:
                await asyncio.wait([self._session])
            finally:
                task, self._session = self._session, None
                if not task.done():
                    task.cancel()
            if not task.cancelled() and (error := task.exception()) is not None:
                # A bug of ours: tell it, and let this CPE go on as after any failed session.
                asyncio.get_running_loop().call_exception_handler(
                    {"message": f"session of {self.id}", "exception": error}
                )
            self._after_session()

    async def _hold_session(self) -> None:
        management = self.cpe.management
        if self._asked:
            self._asked = False
            self.cpe.add_event(events.CONNECTION_REQUEST)
        self._cancel_retry()
        report = SessionReport()
        conversation: HttpConversation | None = None
        fault = self.faults[0] if self.faults else None
        inform = self.cpe.inform(self._repeat, time.time(), self.retry_count)
        self.last_events = tuple(event.event_code for event in inform.event)
        finished = False
        try:
            conversation = HttpConversation(
                AcsAddress.of(management.url),
                management.username,
                management.password,
                self.behaviour.tls,
                self.behaviour.response_timeout,
            )
            await hold_session(
                self.cpe,
                inform,
                conversation,
                report,
                latency=self.behaviour.latency,
                fault=fault,
                informed=self._informed,
            )
            finished = True
        except CwmpError as error:
            self.last_error = error
        finally:
            self.last_session = report
            if report.fault_met is not None:
                self.faults.popleft()
            self._settle(finished, report, inform.event)
            if conversation is not None:
                if finished:
                    await conversation.close()
                else:
                    conversation.abort()

    def _informed(self) -> None:
        self.informs += 1
        self._changed()

    def _settle(self, finished: bool, report: SessionReport, sent: tuple[Event, ...]) -> None:
        """Book the session that has just ended, well or not."""
        if finished:
            self.cpe.session_over()
            self.sessions += 1
            self.retry_count = 0
            self.last_error = None
            self._repeat = ()
            return
        self.failures += 1
        if report.informed:
            self.cpe.session_over()
            # Delivered, but an Inform needs an event, and the ACS is to have its chance to go on.
            self._repeat = tuple(e for e in sent if e.event_code != events.BOOTSTRAP) or sent
        else:
            self.cpe.session_failed()
        if report.informed or self.cpe.wants_session:
            self.retry_count += 1
            management = self.cpe.management
            wait = retry_wait(
                self.retry_count,
                management.retry_minimum,
                management.retry_multiplier,
                random.random(),  # noqa: S311 - spreads a fleet, keeps no secret
            )
            self._retry = self._timers.later(wait * self.behaviour.time_scale, self._retry_due)

    def _after_session(self) -> None:
        for effect in self.cpe.effects():
            match effect:
                case RebootAfterSession(command_key):
                    self._boot_after(command_key, factory=False)
                case FactoryResetAfterSession():
                    self._boot_after(None, factory=True)
                case InformLater(seconds, command_key):
                    self._timers.later(
                        seconds * self.behaviour.time_scale,
                        lambda key=command_key: self._scheduled_due(key),  # type: ignore[misc]
                    )
                case AcsChanged():
                    self._other_acs()
                case PeriodicChanged():
                    self._plan_periodic()
                case TransferLater():
                    # `SimulatedCpe` refuses transfers unless it is made to take them; a fleet's are not.
                    pass
        if self._asked_in_session and self.reachable:
            self.cpe.add_event(events.CONNECTION_REQUEST)
            self._attempt_now = True
        self._asked_in_session = False
        self._look()
        self._changed()
