"""The live CWMP sessions of this process: at most one per device, bounded in number and in time."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from cwmp.acs.devices.recent import Recent
from cwmp.acs.sessions.cookies import new_cookie
from cwmp.acs.sessions.procedures import End
from cwmp.acs.sessions.session import Session, log_mishap
from cwmp.acs.waking.wake_credentials import Pair

if TYPE_CHECKING:
    from cwmp.acs.access.credentials import Credentials
    from cwmp.acs.devices.knowledge import Knowledge
    from cwmp.acs.devices.registry import DeviceRecord, Registry
    from cwmp.acs.metrics import Metrics
    from cwmp.acs.sessions.endpoint import ConnectionState
    from cwmp.acs.sessions.trace import Trace
    from cwmp.acs.transactions.transactions import TransactionRecord, Transactions
    from cwmp.wire.acs_session import AcsSession, InformReceived

log = logging.getLogger("cwmp.acs.sessions.sessions")

InformCallback: TypeAlias = "Callable[[DeviceRecord, tuple[str, ...]], None]"
OutcomeCallback: TypeAlias = "Callable[[DeviceRecord, Mapping[str, Any], object], Coroutine[Any, Any, None]]"


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """Bounds of sessions. Times in seconds.

    sessions: live at once; beyond, a CPE gets 503 with Retry-After.
    exchanges: of one session, counted in requests of the CPE.
    idle: without an exchange before a session is over; a longer SessionTimeout of the CPE is honoured up
    to `longest_idle`. response: for the answer to a request of ours, raised for models that are slower.
    unanswered: times a request may stay without its answer in one session (an empty POST came instead).
    storing: how long the end of the ACS waits for what sessions have still to store.
    """

    sessions: int = 20_000
    exchanges: int = 2_000
    idle: float = 30.0
    longest_idle: float = 600.0
    response: float = 120.0
    unanswered: int = 2
    storing: float = 5.0


class Sessions:
    """All live sessions of this process.

    own_urls: the URLs by which devices reach this ACS; a converge may write no other without leave.
    """

    def __init__(
        self,
        *,
        registry: Registry,
        knowledge: Knowledge,
        transactions: Transactions,
        credentials: Credentials,
        trace: Trace,
        limits: SessionLimits | None = None,
        own_urls: tuple[str, ...] = (),
        metrics: Metrics | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.registry = registry
        self.knowledge = knowledge
        self.transactions = transactions
        self.credentials = credentials
        self.trace = trace
        self.limits = limits or SessionLimits()
        self.own_urls = own_urls
        self.metrics = metrics
        self.clock = clock
        self.wall = wall
        self.draining = False
        self.fragile: Recent[str, bool] = Recent(4096)
        """Transactions whose session was lost while the device was asked for values."""
        self._by_cookie: dict[str, Session] = {}
        self._by_device: dict[str, Session] = {}
        self._due: dict[int, set[Session]] = {}
        self._informed: list[InformCallback] = []
        self._outcomes: list[OutcomeCallback] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._emptied: asyncio.Event | None = None

    def __len__(self) -> int:
        """Live sessions."""
        return len(self._by_device)

    @property
    def full(self) -> bool:
        """No room for a new session, or none wanted because the ACS is ending."""
        return self.draining or len(self._by_device) >= self.limits.sessions

    def in_session(self, device_id: str) -> bool:
        """The device is in a session now: work queued for it joins that session."""
        session = self._by_device.get(device_id)
        return session is not None and session.working

    def on_inform(self, callback: InformCallback) -> None:
        """Call back with (device record, event codes) whenever an accepted Inform has been registered."""
        self._informed.append(callback)

    def on_outcome(self, callback: OutcomeCallback) -> None:
        """Await (device record, payload, outcome) for every converge and read that came to its end."""
        self._outcomes.append(callback)

    def came_out(self, session: Session, payload: Mapping[str, Any], outcome: object) -> None:
        """A converge or read has this outcome: those who learn from it are told; nobody waits for them."""
        for callback in self._outcomes:
            self._do(callback(session.record, payload, outcome), session)

    def by_cookie(self, cookie: str) -> Session | None:
        return self._by_cookie.get(cookie)

    # ---- the life of a session

    def begin(
        self, wire: AcsSession, record: DeviceRecord, event: InformReceived, *, peer: str,
        connection: ConnectionState, username: str, doubtful: bool = False,
    ) -> Session:  # fmt: skip
        """A new session for a device whose Inform was accepted. An older one of the same device is over.

        doubtful: it may be somebody else who says he is this device; nobody is told that it has come.
        """
        old = self._by_device.get(record.id)
        if old is not None:
            self.lose(old, "superseded", "the device began another session")
        now = self.clock()
        events = tuple(each.event_code for each in event.inform.event)
        asked = event.session_timeout
        idle = self.limits.idle if not asked else min(max(self.limits.idle, asked), self.limits.longest_idle)
        session = Session(
            self,
            wire,
            record,
            cookie=new_cookie(),
            peer=peer,
            connection=connection,
            username=username,
            trace=self.trace.begin(record.id, self.wall(), peer, events),
            idle=idle,
            now=now,
        )
        session.working = not doubtful and not record.quarantined
        session.timeout = max(self.limits.response, self.knowledge.response_timeout(record))
        self._by_cookie[session.cookie] = session
        self._by_device[record.id] = session
        self._watch(session, now)
        if not connection.shared:
            connection.session = session
            connection.ended = None
        if self.metrics is not None:
            self.metrics.session_began()
            self.metrics.informed(events)
        for callback in () if doubtful else self._informed:
            try:
                callback(record, events)
            except Exception as error:
                log_mishap(f"{record.id}: a listener to Informs failed", error)
        return session

    def end(self, session: Session, *, whole: bool = True) -> None:
        """Forget the session. whole: both sides were through."""
        if session.over:
            return
        session.over = True
        session.trace.end(self.wall())
        self._by_cookie.pop(session.cookie, None)
        if self._by_device.get(session.record.id) is session:
            del self._by_device[session.record.id]
        if session.connection.session is session:
            session.connection.session = None
            session.connection.ended = session if whole else None
        waiting = self._due.get(session.bucket)
        if waiting is not None:
            waiting.discard(session)
        if whole:
            self.registry.session_ended(session.record.id, self.clock() - session.started)
        if self._emptied is not None and not self._by_device:
            self._emptied.set()

    def lose(self, session: Session, reason: str, why: str) -> None:
        """The session is over before its time; what it was doing goes back to the queue."""
        if session.over:
            return
        self.end(session, whole=False)
        self.count_lost(reason)
        session.drop_work(why)

    # ---- what sessions ask of their owner

    def retry(self, session: Session, transaction: TransactionRecord, reason: str) -> None:
        """Back to the queue with a transaction whose session was lost."""
        self._do(self.transactions.retry(transaction, reason), session)

    async def store_end(
        self, session: Session, transaction: TransactionRecord, end: End, told: Pair = (None, None)
    ) -> None:
        """Store what was learnt and how the transaction ended, in one commit that goes on after this
        returns. Its waiters are told when it is durable; the CPE need not wait for that.

        told: the connection-request credentials the device now holds.
        """
        also = await self.knowledge.learn_writes(session.record, end.learnt)
        if told != (None, None):
            self._do(self._told(transaction.device, *told), session)
        ended = self.transactions.end(transaction, end.state, result=end.result, fault=end.fault, also=also)
        self._do(ended, session)

    async def _told(self, device_id: str, username: str | None, password: str | None) -> None:
        known = await self.credentials.connection_request(device_id)
        username = username if username is not None else known[0] if known is not None else None
        password = password if password is not None else known[1] if known is not None else None
        if username is not None and password is not None:
            await self.credentials.set_connection_request(device_id, username, password)

    def count_lost(self, reason: str) -> None:
        if self.metrics is not None:
            self.metrics.session_lost(reason)

    def _do(self, work: Coroutine[Any, Any, Any], session: Session) -> None:
        task = asyncio.get_running_loop().create_task(self._logged(work, session.record.id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _logged(self, work: Coroutine[Any, Any, Any], device_id: str) -> None:
        try:
            await work
        except Exception as error:
            log_mishap(f"{device_id}: what became of a transaction could not be stored", error)

    # ---- time

    def start(self) -> None:
        """Begin sweeping timed-out sessions; needs the running event loop."""
        self._timer = asyncio.get_running_loop().call_later(1.0, self._tick)

    def _tick(self) -> None:
        try:
            self.sweep()
        except Exception as error:
            log_mishap("the sweep of sessions failed", error)
        self.start()

    def _watch(self, session: Session, now: float) -> None:
        """Look at the session when its time may be up, and at least every 15 s: deadlines move both ways."""
        second = int(min(session.deadline, now + 15.0)) + 1
        session.bucket = second
        waiting = self._due.get(second)
        if waiting is None:
            self._due[second] = {session}
        else:
            waiting.add(session)

    def sweep(self) -> None:
        """End the sessions whose time is up. One timer for all of them, each looked at every few seconds."""
        now = self.clock()
        for second in sorted(second for second in self._due if second <= now):
            for session in self._due.pop(second):
                if session.over:
                    continue
                if session.busy:
                    session.deadline = max(session.deadline, now + 1)
                if session.deadline <= now:
                    waited = "an answer" if session.work is not None else "its next message"
                    log.info("%s: session over, %s did not come in time", session.record.id, waited)
                    if session.work is not None:
                        self.knowledge.answered(session.record, session.timeout)
                    self.lose(session, "timeout", "the device did not answer in time")
                else:
                    self._watch(session, now)

    async def drain(self, seconds: float) -> None:
        """Take no new session (503), let the live ones end for at most `seconds`, end the rest."""
        self.draining = True
        if self._by_device:
            self._emptied = asyncio.Event()
            try:
                async with asyncio.timeout(seconds):
                    await self._emptied.wait()
            except TimeoutError:
                log.info("%d sessions are cut off", len(self._by_device))
        for session in list(self._by_device.values()):
            self.lose(session, "shutdown", "the ACS was stopped")
        if self._timer is not None:
            self._timer.cancel()
        # While the disk is full an end is tried again and again; what is not stored by now runs anew later.
        until = asyncio.get_running_loop().time() + self.limits.storing
        while self._tasks and (left := until - asyncio.get_running_loop().time()) > 0:
            await asyncio.wait(self._tasks, timeout=left)
