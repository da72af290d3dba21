"""One live CWMP session: what the ACS says next to one CPE, and the transactions it does meanwhile."""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cwmp.acs.errors import KeyMismatch, UnknownTransaction
from cwmp.acs.sessions import procedures
from cwmp.acs.sessions.cpe_requests import answer_to
from cwmp.acs.sessions.gently import gently
from cwmp.acs.sessions.procedures import End, Order
from cwmp.acs.waking.wake_credentials import Pair, told_by
from cwmp.desired.procedure import Checkpoint, CpeFault, Procedure, Refused, Request
from cwmp.wire.acs_session import AcsSession, CpeAnswer, CpeIdle, CpeRequest
from cwmp.wire.errors import LocalProtocolError, RemoteProtocolError
from cwmp.wire.messages import Fault, GetParameterValues, InformResponse, Message

if TYPE_CHECKING:
    from cwmp.acs.access.replacing_credentials import Replacement
    from cwmp.acs.devices.registry import DeviceRecord
    from cwmp.acs.sessions.endpoint import ConnectionState
    from cwmp.acs.sessions.sessions import Sessions
    from cwmp.acs.sessions.trace import SessionTrace
    from cwmp.acs.transactions.transactions import TransactionRecord

log = logging.getLogger("cwmp.acs.sessions.session")

_QUICK = 5.0
"""Seconds; an answer that came sooner says nothing about how long a model may need."""


@dataclass(slots=True)
class Work:
    """A procedure on its way: a transaction's, or one of the ACS's own (then `transaction` is None)."""

    procedure: Procedure[Any]
    transaction: TransactionRecord | None
    asked: Request | None = None
    unanswered: int = 0


class Session:
    """Made by `Sessions` with an accepted Inform; `exchange` takes each further POST of the CPE.

    username: who authenticated, "" on an open listener. working: transactions are run; not while the
    device is quarantined. All times are seconds of the owner's clock.
    """

    __slots__ = (
        "asked_at",
        "bucket",
        "busy",
        "connection",
        "cookie",
        "cookie_seen",
        "deadline",
        "exchanges",
        "idle",
        "over",
        "owner",
        "peer",
        "record",
        "replacement",
        "started",
        "timeout",
        "trace",
        "username",
        "wire",
        "work",
        "working",
    )

    def __init__(
        self,
        owner: Sessions,
        wire: AcsSession,
        record: DeviceRecord,
        *,
        cookie: str,
        peer: str,
        connection: ConnectionState,
        username: str,
        trace: SessionTrace,
        idle: float,
        now: float,
    ) -> None:
        self.owner = owner
        self.wire = wire
        self.record = record
        self.cookie = cookie
        self.cookie_seen = False
        self.peer = peer
        self.connection = connection
        self.username = username
        self.trace = trace
        self.idle = idle
        self.started = now
        self.deadline = now + idle
        self.bucket = 0
        self.exchanges = 1
        self.asked_at = 0.0
        self.timeout = 0.0
        self.busy = False
        self.over = False
        self.working = True
        self.work: Work | None = None
        self.replacement: Replacement | None = None

    def accept(self) -> bytes:
        """The InformResponse (TR-069a6 §A.3.3.1)."""
        return self.wire.send(InformResponse())

    async def exchange(self, body: bytes) -> bytes:
        """Take one POST of the CPE and give the body of the response; b"" ends the session (204).

        Raises `WireError` for what is no CWMP, and whatever the store raises; then the session is lost.
        """
        self.exchanges += 1
        if self.exchanges > self.owner.limits.exchanges:
            raise RemoteProtocolError(f"{self.record.id} went beyond the exchanges one session may have")
        event = self.wire.receive(body)
        if isinstance(event, CpeRequest):
            self.deadline = self.owner.clock() + self.idle
            return self.wire.send(answer_to(event.message, self.wire.version))
        answer: Message | Fault | None = None
        if isinstance(event, CpeAnswer):
            answer = event.message
            self._answered()
        elif isinstance(event, CpeIdle):
            await self._unanswered()
        else:
            raise RemoteProtocolError(f"{self.record.id} sent an Inform inside its session")
        while True:
            request = await self._our_turn(answer)
            if self.over:
                return b""
            try:
                response = self.wire.send(request)
                break
            except LocalProtocolError as error:
                # A text that XML cannot carry, a method this device's CWMP version does not have.
                if self.work is None:
                    raise
                await self._end(self.work, procedures.end_of_refusal(self.record.id, Refused(str(error))))
                answer = None
        if request is None:
            self.owner.end(self)
        else:
            self.asked_at = now = self.owner.clock()
            self.deadline = now + self.timeout
        return response

    def late(self, body: bytes) -> bytes:
        """Something after the end: some CPEs still have a request to make (TR-069a6 §3.7.2.4)."""
        event = self.wire.receive(body)
        if not isinstance(event, CpeRequest):
            raise RemoteProtocolError(f"{self.record.id} went on after the end of its session")
        return self.wire.send(answer_to(event.message, self.wire.version))

    def _answered(self) -> None:
        """An answer has come: a model that needed long for it gets more time from now on."""
        took = self.owner.clock() - self.asked_at
        if took > _QUICK:
            self.owner.knowledge.answered(self.record, took)

    async def _unanswered(self) -> None:
        """An empty POST. In place of an answer it means that the answer will not come.

        Then the procedure begins anew from its memory and asks the device what is true now, rather than
        repeat a request that may have been carried out.
        """
        work = self.work
        if work is None or work.asked is None:
            return
        work.unanswered += 1
        self.owner.count_lost("unanswered")
        if work.transaction is None or work.unanswered > self.owner.limits.unanswered:
            self.drop_work(f"it left the request to {work.asked.purpose} unanswered")
            self.working = False
            return
        work.procedure.close()
        reading = isinstance(work.asked.message, GetParameterValues)
        work.asked = None
        procedure = await self._procedure(work.transaction)
        work.procedure = gently(procedure) if reading else procedure

    async def _our_turn(self, answer: Message | Fault | None) -> Message | None:
        """The next request for the device, or None when there is nothing to ask it."""
        transactions = self.owner.transactions
        while not self.over:
            work = self.work
            if work is None:
                work = self.work = await self._next_work()
                if work is None:
                    return None
                if self._gone():
                    self.drop_work("the device began another session")
                    return None
                answer = None
            try:
                step = work.procedure.send(answer)
            except StopIteration as stop:
                await self._finish(work, stop.value)
                continue
            except (CpeFault, Refused) as error:
                await self._end(work, procedures.end_of_refusal(self.record.id, error))
                continue
            except Exception as error:
                log_mishap(f"{self.record.id}: a procedure failed", error)
                await self._end(work, procedures.end_of_mishap(self.record.id))
                continue
            answer = None
            if isinstance(step, Checkpoint):
                if work.transaction is not None:
                    also = await self.owner.knowledge.learn_writes(self.record, step.learnt)
                    await transactions.checkpoint(work.transaction, step.memory, also)
                continue
            work.asked = step
            return step.message
        return None

    async def _next_work(self) -> Work | None:
        owner = self.owner
        if not self.working or owner.draining:
            return None
        if self.replacement is not None:
            replacement, self.replacement = self.replacement, None
            procedure = await replacement.begin(self.record)
            if procedure is not None:
                return Work(procedure, None)
        while not self.over:
            transaction = owner.transactions.next_for(self.record.id)
            if transaction is None:
                return None
            try:
                await owner.transactions.begin(transaction)
            except (KeyMismatch, UnknownTransaction) as error:
                log.error("%s", error)
                await self._end(Work(_nothing(), transaction), procedures.end_of_mishap(self.record.id))
                continue
            try:
                procedure = await self._procedure(transaction)
                if owner.fragile.get(transaction.id):
                    procedure = gently(procedure)
                return Work(procedure, transaction)
            except (CpeFault, Refused) as error:
                await self._end(
                    Work(_nothing(), transaction), procedures.end_of_refusal(self.record.id, error)
                )
            except Exception as error:
                log_mishap(f"{self.record.id}: a transaction could not be begun", error)
                await self._end(Work(_nothing(), transaction), procedures.end_of_mishap(self.record.id))
        return None

    def _gone(self) -> bool:
        """Whether the session was ended from outside while it waited for something."""
        return self.over

    async def _procedure(self, transaction: TransactionRecord) -> Procedure[Any]:
        owner = self.owner
        payload = owner.transactions.payload(transaction)
        self.trace.secret_paths.update(procedures.secret_paths(payload))
        order = Order(
            kind=transaction.kind,
            payload=payload,
            check=transaction.check,
            known=await owner.knowledge.known(self.record),
            memory=owner.transactions.memory(transaction),
            token=transaction.token,
            own_urls=owner.own_urls,
        )
        return procedures.start(order)

    async def _finish(self, work: Work, outcome: Any) -> None:
        if work.transaction is None:
            self.work = None
            return
        try:
            end = procedures.end_of(self.record.id, outcome)
            payload = self.owner.transactions.payload(work.transaction)
            told = told_by(payload, outcome)
            self.owner.came_out(self, payload, outcome)
        except Exception as error:
            log_mishap(f"{self.record.id}: a result could not be shaped", error)
            end, told = procedures.end_of_mishap(self.record.id), (None, None)
        await self._end(work, end, told)

    async def _end(self, work: Work, end: End, told: Pair = (None, None)) -> None:
        """Store how the transaction ended. Its waiters are told after the commit; the CPE need not wait."""
        if self.work is work:
            self.work = None
        if work.transaction is None:
            return
        await self.owner.store_end(self, work.transaction, end, told)

    def drop_work(self, reason: str) -> None:
        """The session cannot finish what it was doing: back to the queue with it, memory kept."""
        work, self.work = self.work, None
        if work is not None:
            work.procedure.close()
            if work.transaction is not None:
                if work.asked is not None and isinstance(work.asked.message, GetParameterValues):
                    self.owner.fragile.put(work.transaction.id, True)
                self.owner.retry(self, work.transaction, reason)


def _nothing() -> Procedure[None]:
    return
    yield


def log_mishap(what: str, error: BaseException) -> None:
    """Log an unexpected error with its place but without its text, which may quote a secret."""
    place = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s: %s\n%s", what, type(error).__name__, place)
