"""Transactions: accepted durably, run once, ended truthfully.

    queued ─begin─► running ─end─► done | fault
      ▲   └► expired | cancelled      │
      └────────── retry ◄─────────────┘ session lost

In memory a transaction is small; its payload and checkpoint memory stay sealed in the store until `begin`,
and are erased there when it ends. Those that a batch holds back are in the store only.

A transaction that has begun (a checkpoint was stored) may have changed its device: it is neither cancelled
nor expired without a word, but waits for the device to come again and tell what it holds.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cwmp.acs.devices.recent import Recent
from cwmp.acs.errors import Conflict, Duplicate, Stale, StoreClosed, StoreError, StoreFull, UnknownTransaction
from cwmp.acs.store import Insert, Patch, TransactionRow
from cwmp.acs.transactions.device_queues import DeviceQueues
from cwmp.acs.transactions.expiry import Expiry
from cwmp.acs.transactions.held_transactions import PAGE, HeldTransactions
from cwmp.acs.transactions.retention import Retention
from cwmp.acs.transactions.sealed_payloads import SealedPayloads
from cwmp.acs.transactions.transaction_faults import (
    RESTORED,
    cancelled,
    expired,
    fault_of,
    given_up,
    lost_late,
)
from cwmp.acs.transactions.transaction_records import (
    OVER,
    Ids,
    Kind,
    State,
    TransactionRecord,
    dumps,
    record_of,
    row_of,
    transaction_json,
)
from cwmp.acs.transactions.waiters import Waiters

if TYPE_CHECKING:
    from cwmp.acs.keyring import Keyring
    from cwmp.acs.store import Store, Write

__all__ = ["OVER", "Kind", "Limits", "State", "TransactionRecord", "Transactions", "transaction_json"]

log = logging.getLogger("cwmp.acs.transactions.transactions")

_OPEN: tuple[str, ...] = ("queued", "running")


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of transactions. Times in seconds.

    attempts: sessions a transaction may be begun in. queue_seconds: expiry where the caller names none.
    settle: how long a transaction that has begun and lost its session may wait for the device, also past
    its expiry. keep_count, keep_seconds: ended ones kept in the store.
    """

    attempts: int = 3
    queue_seconds: float = 86_400.0
    settle: float = 180.0
    keep_count: int = 200_000
    keep_seconds: float = 30 * 86_400.0
    ended_in_memory: int = 2_000
    payloads_in_memory: int = 4_096


class Transactions:
    """Every transaction. One per ACS; lives in the loop's thread."""

    def __init__(self, store: Store, keyring: Keyring, limits: Limits, clock: Callable[[], float]) -> None:
        """Use `open`, which also loads what has not ended."""
        self.limits = limits
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._ids = Ids()
        self._open: dict[str, TransactionRecord] = {}
        self._ended: Recent[str, TransactionRecord] = Recent(limits.ended_in_memory)
        self._queues = DeviceQueues()
        self._payloads = SealedPayloads(store, keyring, limits.payloads_in_memory)
        self._waiters = Waiters()
        self._held = HeldTransactions(store, self._payloads, clock, self._waiters.over)
        self._expiry = Expiry(self._due)
        self._overdue: set[str] = set()
        self._left_over: set[str] = set()
        self._submitting: dict[str, asyncio.Future[None]] = {}
        self._retention = Retention(store, limits.keep_count, limits.keep_seconds, clock)
        self._tasks: set[asyncio.Task[None]] = set()
        self._queued_callbacks: list[Callable[[str, TransactionRecord], None]] = []
        self._ended_callbacks: list[Callable[[TransactionRecord], None]] = []
        self._ended_counts = dict.fromkeys(sorted(OVER), 0)
        self._closing = False

    @classmethod
    async def open(
        cls,
        store: Store,
        keyring: Keyring,
        *,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.time,
    ) -> Transactions:
        """Load what has not ended and start the expiry timer. Running ones of a dead process are runnable.

        When the store was put back from a backup, what had not ended then is cancelled instead: it may have
        been done since, or undone on purpose.
        """
        self = cls(store, keyring, limits or Limits(), clock)
        newest = await store.select(TransactionRow, descending=True, limit=1)
        self._ids = Ids(newest[0].id if newest else "")
        if store.restored:
            await self._cancel_restored()
        await self._load()
        self._retention.start()
        return self

    # ---- submitting

    async def submit(
        self,
        device_id: str,
        kind: Kind,
        payload: Mapping[str, Any],
        *,
        check: bool = False,
        expires_at: float = 0.0,
        queue: bool = False,
        client_key: str = "",
        actor: str = "",
        batch: str = "",
        connection_request: str = "auto",
    ) -> TransactionRecord:
        """Accept a transaction; durable when it returns, then `on_queued` is told.

        expires_at: seconds since 1970; 0: one day from now. The same client_key again gives the same record
        and queues nothing. Raises `Conflict` when that key came with another request, `StoreError` when it
        is not stored.
        """
        digest = ""
        if client_key:
            digest = self._digest(device_id, kind, payload, check)
            known = await self._of_key(client_key, digest, device_id)
            if known is not None:
                return known
            self._submitting[client_key] = asyncio.get_running_loop().create_future()
        now = self._clock()
        record = TransactionRecord(
            id=self._ids.new(),
            device=device_id,
            kind=kind,
            check=check,
            queue=queue,
            batch=batch,
            client_key=client_key,
            actor=actor,
            wake=connection_request,
            created=now,
            expires_at=expires_at or now + self.limits.queue_seconds,
        )
        try:
            # Shielded: a submitter that goes away must not leave what only the disk knows of.
            await asyncio.shield(self._spawn(self._accept(record, digest, payload)))
        except Duplicate:
            known = await self._of_key(client_key, digest, device_id)
            if known is None:
                raise
            return known
        return record

    async def _accept(self, record: TransactionRecord, digest: str, payload: Mapping[str, Any]) -> None:
        try:
            sealed = self._payloads.seal(record.id, payload)
            await self._store.commit([Insert(row_of(record, digest=digest, payload=sealed))])
            self._payloads.runnable(record.id, sealed)
            self._enter(record)
        finally:
            submitting = self._submitting.pop(record.client_key, None)
            if submitting is not None:
                submitting.set_result(None)
        self._tell_queued(record)

    async def hold(
        self,
        batch: str,
        items: Sequence[tuple[str, Kind, Mapping[str, Any]]],
        *,
        check: bool = False,
        queue: bool = False,
        actor: str = "",
        connection_request: str = "auto",
    ) -> None:
        """Store transactions that `release` will make runnable; items are (device, kind, payload).

        They count once the batch's own row is stored; without it they are removed at the next start.
        """
        now = self._clock()
        records = [
            (
                TransactionRecord(
                    id="",
                    device=device_id,
                    kind=kind,
                    check=check,
                    queue=queue,
                    batch=batch,
                    actor=actor,
                    wake=connection_request,
                    created=now,
                ),
                payload,
            )
            for device_id, kind, payload in items
        ]
        await self._held.hold(self._ids, records)

    async def release(self, batch: str, count: int, expires_after: float) -> int:
        """Make the next `count` held transactions of a batch runnable; returns how many there were."""
        released = await self._held.release(batch, count, self._clock() + expires_after)
        records = [record for record in released if record.id not in self._open]
        for record in records:
            self._enter(record)
        for record in records:
            self._tell_queued(record)
        return len(records)

    # ---- asking

    def next_for(self, device_id: str) -> TransactionRecord | None:
        """The oldest runnable transaction of this device, not expired; None while one of it is running."""
        if self._queues.running_on(device_id) is None:
            for record in self._queues.queued_for(device_id):
                if self._expiry.remaining(record.id) > 0:
                    return record
        return None

    def open_for(self, device_id: str) -> tuple[TransactionRecord, ...]:
        """Queued and running transactions of this device, oldest first; not those a batch holds back."""
        running = self._queues.running_on(device_id)
        queued = self._queues.queued_for(device_id)
        return (running, *queued) if running is not None else tuple(queued)

    def devices_waiting(self) -> tuple[str, ...]:
        """Devices with runnable transactions; whoever wakes devices asks this after a restart."""
        return self._queues.waiting()

    async def get(self, tx_id: str) -> TransactionRecord:
        """Raises `UnknownTransaction`."""
        record = self._in_memory(tx_id)
        if record is not None:
            return record
        row = await self._store.get(TransactionRow, tx_id)
        # It may have entered memory while the row was read.
        record = self._in_memory(tx_id)
        if record is not None:
            return record
        if row is None:
            raise UnknownTransaction(f"There is no transaction {tx_id!r}; it may be too old to be kept.")
        return record_of(row)

    async def list(
        self, *, device: str = "", state: str = "", batch: str = "", limit: int = 100, after: str = ""
    ) -> list[TransactionRecord]:
        """Newest first; `after` is the last id of the page before."""
        where: dict[str, Any] = {}
        if device:
            where["device"] = device
        if batch:
            where["batch"] = batch
        if state:
            # What is running is known in memory before, and sometimes instead of, in the store.
            where["state"] = _OPEN if state in _OPEN else state
        found: list[TransactionRecord] = []
        while len(found) < limit:
            rows = await self._store.select(
                TransactionRow, where, after=after or None, limit=min(PAGE, limit), descending=True
            )
            if not rows:
                break
            after = rows[-1].id
            records = (self._in_memory(row.id) or record_of(row) for row in rows)
            found.extend(record for record in records if not state or record.state == state)
        return found[:limit]

    async def wait(self, tx_id: str, timeout: float) -> TransactionRecord:  # noqa: ASYNC109
        """The transaction once it is over, or as it stands after `timeout` seconds."""
        record = await self.get(tx_id)
        if not record.over:
            await self._waiters.wait(tx_id, timeout)
            record = await self.get(tx_id)
        return record

    def counts(self) -> dict[str, int]:
        """Open transactions in memory by state, and ``ended_<state>`` since the start; for metrics."""
        ended = {f"ended_{state}": count for state, count in self._ended_counts.items()}
        running = self._queues.running
        return {"queued": len(self._open) - running, "running": running, **ended}

    # ---- running

    async def begin(self, tx: TransactionRecord) -> None:
        """A session takes it up: `payload` and `memory` are at hand. Raises `Conflict` if it cannot be."""
        free = self._queues.running_on(tx.device) is None
        if tx.state != "queued" or tx.ending or not free or self._open.get(tx.id) is not tx:
            raise Conflict(f"Transaction {tx.id} of {tx.device} cannot begin now: it is {tx.state}.")
        self._queues.run(tx)
        tx.state = "running"
        tx.attempts += 1
        try:
            await self._payloads.begin(tx)
            if tx.id in self._left_over:
                # Not at every begin: before the first checkpoint, queued and running are the same after a
                # crash. But one that was there at a crash may be its cause, and is not tried for ever.
                await self._store.commit([Patch(TransactionRow, {"id": tx.id}, {"attempts": tx.attempts})])
        except BaseException:
            tx.attempts -= 1
            tx.state = "queued"
            self._queues.enqueue(tx)
            raise

    def payload(self, tx: TransactionRecord) -> Mapping[str, Any]:
        """What was submitted; between `begin` and `end` only."""
        return self._payloads.payload(tx.id)

    def memory(self, tx: TransactionRecord) -> Mapping[str, Any] | None:
        """The last checkpoint, also of an earlier attempt, for the procedure to start from; after `begin`."""
        return self._payloads.memory(tx.id)

    async def checkpoint(
        self, tx: TransactionRecord, memory: Mapping[str, Any], also: Sequence[Write] = ()
    ) -> None:
        """Store what the procedure must find again, with the writes `also`; durable when it returns."""
        if tx.state != "running" or tx.ending:
            raise Conflict(f"Transaction {tx.id} of {tx.device} is not running; its session is over.")
        changes: dict[str, Any] = {"state": "running", "begun": 1, "attempts": tx.attempts}
        changes["memory"] = self._payloads.seal(tx.id, memory)
        await self._store.commit([Patch(TransactionRow, {"id": tx.id, "state": _OPEN}, changes), *also])
        tx.begun = True
        self._payloads.remember(tx.id, memory)

    def end(
        self,
        tx: TransactionRecord,
        state: State,
        *,
        result: Mapping[str, Any] | None = None,
        fault: Mapping[str, Any] | None = None,
        connection_request: Mapping[str, Any] | None = None,
        also: Sequence[Write] = (),
    ) -> Coroutine[Any, Any, None]:
        """It is over; durable, with the writes `also`, when the awaitable returns. Its secrets are erased.

        The call itself already makes room for the device's next transaction, and the end will be stored
        whether or not it is awaited; while the disk is full it is tried again. Ending one that is over does
        nothing.
        """
        if state not in OVER:
            raise ValueError(state)
        if tx.ending or tx.over:
            return _nothing()
        tx.ending = True
        self._queues.remove(tx)
        if connection_request is not None:
            tx.connection_request = connection_request
        return _shielded(self._spawn(self._store_end(tx, state, result, fault, also)))

    def retry(self, tx: TransactionRecord, reason: str) -> Coroutine[Any, Any, TransactionRecord]:
        """The session was lost: queued again with its memory, or fault (kind session) after the last attempt.

        reason: part of a sentence for people. The call itself already puts it back.
        """
        if tx.state != "running" or tx.ending:
            return _just(tx)
        if tx.attempts >= self.limits.attempts:
            return _after(self.end(tx, "fault", fault=given_up(tx, reason)), tx)
        remaining = 0.0 if tx.id in self._overdue else self._expiry.remaining(tx.id)
        if tx.begun and remaining < self.limits.settle:
            remaining = self.limits.settle
            tx.expires_at = self._clock() + remaining
        if remaining <= 0:
            return _after(self.end(tx, "expired", fault=lost_late(tx, reason)), tx)
        self._overdue.discard(tx.id)
        self._expiry.set(tx.id, remaining)
        tx.state = "queued"
        self._queues.enqueue(tx)
        self._tell_queued(tx)
        return _just(tx)

    def woken(self, tx: TransactionRecord, answer: Mapping[str, Any]) -> None:
        """Note what the device answered to its connection request (kept with the end, said in an expiry)."""
        tx.connection_request = answer

    async def cancel(self, tx_id: str, reason: str = "") -> TransactionRecord:
        """Cancel one that has not begun; one that has, or is over, is returned as it is."""
        record = await self.get(tx_id)
        if record.held and not record.over:
            await self._held.cancel([tx_id], f"{record.device}: {reason}" if reason else "")
            record = await self.get(tx_id)
        if record.state == "queued" and not record.held and not record.begun:
            if record.ending:
                return await self.wait(tx_id, 10.0)
            await self.end(record, "cancelled", fault=cancelled(record, reason))
        return record

    async def cancel_device(self, device_id: str, reason: str = "") -> int:
        """Cancel all of a device that have not begun, those that batches hold back too; how many were."""
        ids = [record.id for record in self.open_for(device_id)] + await self._held.of_device(device_id)
        return sum([(await self.cancel(tx_id, reason)).state == "cancelled" for tx_id in ids])

    async def cancel_batch(self, batch: str, reason: str) -> None:
        """Cancel all held transactions of a batch, then those released and not begun."""
        await self._held.cancel_batch(batch, reason)
        for record in [record for record in self._open.values() if record.batch == batch]:
            await self.cancel(record.id, reason)

    # ---- telling

    def on_queued(self, callback: Callable[[str, TransactionRecord], None]) -> None:
        """Called with (device_id, record) for each that became runnable: submitted, released, or retried."""
        self._queued_callbacks.append(callback)

    def on_ended(self, callback: Callable[[TransactionRecord], None]) -> None:
        """Called after the commit of each end, whatever the state; not for those cancelled while held."""
        self._ended_callbacks.append(callback)

    async def close(self) -> None:
        """End the timers, finish what is being stored. Waiters get their record as it stands."""
        self._closing = True
        self._expiry.close()
        self._retention.stop()
        self._waiters.close()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5.0)

    # ---- inside

    def _in_memory(self, tx_id: str) -> TransactionRecord | None:
        return self._open.get(tx_id) or self._ended.get(tx_id)

    def _digest(self, device_id: str, kind: str, payload: Mapping[str, Any], check: bool) -> str:
        text = json.dumps([kind, payload, check], sort_keys=True, separators=(",", ":"))
        # Keyed, because from a plain hash of a request a password in it could be guessed.
        return self._keyring.keyed_hash(device_id, "request", text)

    async def _of_key(self, client_key: str, digest: str, device_id: str) -> TransactionRecord | None:
        while (submitting := self._submitting.get(client_key)) is not None:
            await asyncio.shield(submitting)
        rows = await self._store.select(TransactionRow, {"client_key": client_key}, limit=1)
        if not rows:
            return None
        if rows[0].device != device_id or rows[0].request_digest != digest:
            raise Conflict(
                f"{device_id}: the client key of this request was used for another one; "
                "take a new random key for each request."
            )
        return await self.get(rows[0].id)

    def _enter(self, record: TransactionRecord) -> None:
        self._open[record.id] = record
        self._queues.enqueue(record)
        self._expiry.set(record.id, record.expires_at - self._clock())

    def _due(self, tx_id: str) -> None:
        tx = self._open.get(tx_id)
        if tx is None or tx.ending:
            return
        if tx.state == "running":
            self._overdue.add(tx_id)
            return
        self.end(tx, "expired", fault=expired(tx)).close()  # it is stored all the same

    async def _store_end(
        self,
        tx: TransactionRecord,
        state: State,
        result: Mapping[str, Any] | None,
        fault: Mapping[str, Any] | None,
        also: Sequence[Write],
    ) -> None:
        ended = self._clock()
        changes: dict[str, Any] = {
            "state": state,
            "ended": ended,
            "attempts": tx.attempts,
            "expires": tx.expires_at,
            "payload": None,
            "memory": None,
            "result": dumps(result),
            "fault": dumps(fault),
            "connection_request": dumps(tx.connection_request),
        }
        await self._commit_end(tx, Patch(TransactionRow, {"id": tx.id, "state": _OPEN}, changes), also)
        tx.state, tx.ended, tx.result, tx.fault = state, ended, result, fault
        tx.ending = False
        self._open.pop(tx.id, None)
        self._ended.put(tx.id, tx)
        self._payloads.forget(tx.id)
        self._left_over.discard(tx.id)
        self._overdue.discard(tx.id)
        self._expiry.drop(tx.id)
        self._ended_counts[state] += 1
        self._retention.ended()
        self._waiters.over(tx.id)
        for callback in self._ended_callbacks:
            try:
                callback(tx)
            except Exception:
                log.exception("%s: a listener to the ends of transactions failed", tx.device)

    async def _commit_end(self, tx: TransactionRecord, end: Patch, also: Sequence[Write]) -> None:
        """Until it is stored: it must not be run again only because the disk was full for a while."""
        pause = 0.05
        while True:
            try:
                return await self._store.commit([end, *also])
            except StoreClosed:
                raise
            except Stale:
                log.warning("%s: transaction %s had ended before, or was removed", tx.device, tx.id)
                return None
            except StoreError as error:
                log.error("%s: the end of transaction %s is still to be stored: %s", tx.device, tx.id, error)
                if not isinstance(error, StoreFull):
                    also = ()
                if self._closing:
                    raise
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5.0)

    async def _cancel_restored(self) -> None:
        where: dict[str, Any] = {"state": _OPEN}
        open_ = sum((await self._store.count(TransactionRow, where)).values())
        if open_:
            changes: dict[str, Any] = {"state": "cancelled", "held": 0, "ended": self._clock()}
            changes |= {"payload": None, "memory": None, "fault": dumps(fault_of("cancelled", RESTORED))}
            await self._store.commit([Patch(TransactionRow, where, changes, must_match=False)])
            log.warning("%d transactions of the restored backup were cancelled, not run again", open_)

    async def _load(self) -> None:
        now = self._clock()
        where: dict[str, Any] = {"state": _OPEN, "held": 0}
        after: str | None = None
        while rows := await self._store.select(TransactionRow, where, after=after, limit=PAGE):
            after = rows[-1].id
            for row in rows:
                record = record_of(row)
                record.state = "queued"
                if record.begun:
                    record.expires_at = max(record.expires_at, now + self.limits.settle)
                self._left_over.add(record.id)
                self._enter(record)
                if record.attempts >= self.limits.attempts:
                    self.end(record, "fault", fault=given_up(record, "the ACS ended meanwhile")).close()

    def _tell_queued(self, record: TransactionRecord) -> None:
        for callback in self._queued_callbacks:
            try:
                callback(record.device, record)
            except Exception:
                log.exception("%s: a listener to new transactions failed", record.device)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            # Looked at, so that asyncio does not complain; whoever awaits it gets the error.
            task.exception()


async def _shielded(task: asyncio.Task[None]) -> None:
    await asyncio.shield(task)


async def _nothing() -> None:
    return


async def _just(tx: TransactionRecord) -> TransactionRecord:
    return tx


async def _after(work: Coroutine[Any, Any, None], tx: TransactionRecord) -> TransactionRecord:
    await work
    return tx
