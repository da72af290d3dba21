"""Batches: many transactions with a common pace, a failure threshold, pause and cancel.

Its transactions are held back in the store and released a few at a time, so a batch of any size costs little
memory and stopping it stops what has not been released.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from cwmp.acs.errors import BadInput, Conflict, StoreClosed, StoreError, UnknownBatch
from cwmp.acs.store import BatchRow, Delete, Insert, Put, TransactionRow
from cwmp.acs.times import iso
from cwmp.acs.transactions.transaction_records import Ids, Kind, TransactionRecord
from cwmp.acs.transactions.waiters import Waiters

if TYPE_CHECKING:
    from cwmp.acs.keyring import Keyring
    from cwmp.acs.store import Store
    from cwmp.acs.transactions.transactions import Transactions

log = logging.getLogger("cwmp.acs.transactions.batches")

BatchState = Literal["running", "paused", "done", "stopped", "cancelled"]

_ITEM_SECONDS = 60.0
_QUEUE_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One transaction of a batch."""

    device: str
    payload: Mapping[str, Any]
    kind: Kind = "converge"


@dataclass(slots=True, eq=False)
class BatchRecord:
    """A batch as it stands. `active` are released and not over, `waiting` are held back."""

    id: str
    state: BatchState
    total: int
    concurrency: int
    max_fail_percentage: float
    created: float
    expires_after: float
    actor: str = ""
    client_key: str = ""
    request_digest: str = ""
    ended: float = 0.0
    reason: str = ""
    done: int = 0
    failed: int = 0
    """Ended as fault or expired."""
    cancelled: int = 0
    active: int = 0
    waiting: int = 0

    @property
    def over(self) -> bool:
        """Every transaction of it has ended."""
        return self.ended > 0.0


class Batches:
    """Every batch. One per ACS; lives in the loop's thread."""

    def __init__(
        self,
        store: Store,
        transactions: Transactions,
        keyring: Keyring,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Use `open`, which also goes on with what has not ended."""
        self._store = store
        self._transactions = transactions
        self._keyring = keyring
        self._clock = clock
        self._ids = Ids()
        self._live: dict[str, BatchRecord] = {}
        self._pumping: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._waiters = Waiters()
        self._submitting = asyncio.Lock()
        self._closing = False
        transactions.on_ended(self._ended)

    @classmethod
    async def open(
        cls,
        store: Store,
        transactions: Transactions,
        keyring: Keyring,
        *,
        clock: Callable[[], float] = time.time,
    ) -> Batches:
        """Load what has not ended and go on with it."""
        self = cls(store, transactions, keyring, clock)
        newest = await store.select(BatchRow, descending=True, limit=1)
        self._ids = Ids(newest[0].id[1:] if newest else "")
        await self._remove_orphans()
        for row in await store.select(BatchRow, {"ended": 0.0}):
            record = _record_of(row)
            await self._count(record)
            self._live[record.id] = record
            self._pump(record)
        return self

    async def submit(
        self,
        items: Sequence[BatchItem],
        *,
        concurrency: int = 50,
        max_fail_percentage: float = 100.0,
        expires_after: float = 0.0,
        check: bool = False,
        queue: bool = False,
        connection_request: str = "auto",
        client_key: str = "",
        actor: str = "",
    ) -> BatchRecord:
        """Accept all items or none; durable when it returns. The same client_key gives the same batch.

        concurrency: how many may be woken or run at once. max_fail_percentage: the batch stops when more than
        this share of all its items failed. expires_after: seconds each has from its release; 0: 60 s, or one
        day when `queue`. Raises `BadInput`, `Conflict`.
        """
        if not items:
            raise BadInput("A batch needs at least one item.")
        if concurrency < 1:
            raise BadInput("A batch's concurrency must be 1 or more.")
        if not 0 <= max_fail_percentage <= 100:
            raise BadInput("A batch's max_fail_percentage must be from 0 to 100.")
        digest = ""
        if client_key:
            text = json.dumps(
                [[item.device, item.kind, item.payload] for item in items] + [check], sort_keys=True
            )
            digest = self._keyring.keyed_hash("", "batch", text)
        record = BatchRecord(
            id="b" + self._ids.new(),
            state="running",
            total=len(items),
            concurrency=concurrency,
            max_fail_percentage=max_fail_percentage,
            created=self._clock(),
            expires_after=expires_after or (_QUEUE_SECONDS if queue else _ITEM_SECONDS),
            actor=actor,
            client_key=client_key,
            request_digest=digest,
            waiting=len(items),
        )
        options = {"check": check, "queue": queue, "actor": actor, "connection_request": connection_request}
        if not client_key:
            await asyncio.shield(self._accept(record, items, options))
            return record
        async with self._submitting:
            known = await self._store.select(BatchRow, {"client_key": client_key}, limit=1)
            if known and known[0].request_digest != digest:
                raise Conflict(
                    "The client key of this batch was used for another one; take a new random key."
                )
            if known:
                return await self.get(known[0].id)
            await asyncio.shield(self._accept(record, items, options))
        return record

    async def _accept(
        self, record: BatchRecord, items: Sequence[BatchItem], options: Mapping[str, Any]
    ) -> None:
        plain = [(item.device, item.kind, item.payload) for item in items]
        try:
            await self._transactions.hold(record.id, plain, **options)
            await self._store.commit([Insert(_row_of(record))])
        except StoreClosed:
            raise  # what was held is removed at the next start
        except StoreError:
            await self._store.commit([Delete(TransactionRow, {"batch": record.id})])
            raise
        self._live[record.id] = record
        self._pump(record)

    async def get(self, batch_id: str) -> BatchRecord:
        """Raises `UnknownBatch`."""
        record = self._live.get(batch_id)
        if record is not None:
            return record
        row = await self._store.get(BatchRow, batch_id)
        if row is None:
            raise UnknownBatch(f"There is no batch {batch_id!r}; it may be too old to be kept.")
        return _record_of(row)

    async def list(self, *, limit: int = 100, after: str = "") -> list[BatchRecord]:
        """Newest first; `after` is the last id of the page before."""
        rows = await self._store.select(BatchRow, after=after or None, limit=limit, descending=True)
        return [self._live.get(row.id) or _record_of(row) for row in rows]

    async def wait(self, batch_id: str, timeout: float) -> BatchRecord:  # noqa: ASYNC109
        """The batch once every transaction of it has ended, or as it stands after `timeout` seconds."""
        record = await self.get(batch_id)
        if not record.over:
            await self._waiters.wait(batch_id, timeout)
        return record

    async def pause(self, batch_id: str) -> BatchRecord:
        """Release no more. Raises `Conflict` when it is over, stopped or cancelled."""
        return await self._turn(batch_id, "paused")

    async def resume(self, batch_id: str) -> BatchRecord:
        """Go on with a paused batch. Raises `Conflict` when it is over, stopped or cancelled."""
        return await self._turn(batch_id, "running")

    async def _turn(self, batch_id: str, state: BatchState) -> BatchRecord:
        record = await self.get(batch_id)
        if record.state not in ("running", "paused"):
            raise Conflict(f"Batch {batch_id} is {record.state} and cannot become {state}.")
        if record.state != state:
            record.state = state
            await self._store.commit([Put(_row_of(record))])
            self._pump(record)
        return record

    async def cancel(self, batch_id: str) -> BatchRecord:
        """Cancel what has not begun; what runs ends by itself. Nothing happens when it is over."""
        record = await self.get(batch_id)
        if record.state in ("running", "paused"):
            record.state = "cancelled"
            record.reason = "cancelled by its owner"
            await self._store.commit([Put(_row_of(record))])
            await self._cancel_rest(record)
            self._pump(record)
        return record

    async def close(self) -> None:
        """Stop releasing. Waiters get their record as it stands."""
        self._closing = True
        self._waiters.close()
        if self._pumping:
            await asyncio.wait(self._pumping.values(), timeout=5.0)

    # ---- inside

    def _ended(self, tx: TransactionRecord) -> None:
        record = self._live.get(tx.batch) if tx.batch else None
        if record is None:
            return
        record.active -= 1
        if tx.state == "done":
            record.done += 1
        elif tx.state == "cancelled":
            record.cancelled += 1
        else:
            record.failed += 1
            if record.state in ("running", "paused") and _too_many(record):
                record.state = "stopped"
                record.reason = (
                    f"{record.failed} of {record.total} failed, "
                    f"more than max_fail_percentage {record.max_fail_percentage:g} allows"
                )
        self._pump(record)

    def _pump(self, record: BatchRecord) -> None:
        """Do for this batch what there is to do, in one task at a time."""
        if self._closing:
            return
        if record.id in self._pumping:
            self._again.add(record.id)
            return
        task = asyncio.get_running_loop().create_task(self._work(record))
        self._pumping[record.id] = task

    async def _work(self, record: BatchRecord) -> None:
        pause = 0.05
        try:
            while not self._closing:
                self._again.discard(record.id)
                try:
                    await self._step(record)
                    pause = 0.05
                except StoreClosed:
                    return
                except StoreError as error:
                    log.error("batch %s waits for the store: %s", record.id, error)
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, 5.0)
                    continue
                if record.id not in self._again:
                    return
        finally:
            del self._pumping[record.id]

    async def _step(self, record: BatchRecord) -> None:
        if record.state == "stopped" and record.waiting:
            await self._store.commit([Put(_row_of(record))])
        if record.state in ("stopped", "cancelled"):
            await self._cancel_rest(record)
        while record.state == "running" and record.waiting and record.active < record.concurrency:
            wanted = record.concurrency - record.active
            released = await self._transactions.release(record.id, wanted, record.expires_after)
            record.active += released
            record.waiting -= released
            if not released:
                # Some were cancelled one by one while they were held.
                record.cancelled += record.waiting
                record.waiting = 0
        if record.done + record.failed + record.cancelled >= record.total and not record.over:
            await self._finish(record)

    async def _cancel_rest(self, record: BatchRecord) -> None:
        if not record.waiting and not record.active:
            return
        reason = f"batch {record.id} was {record.state}: {record.reason}"
        await self._transactions.cancel_batch(record.id, reason)
        record.cancelled += record.waiting
        record.waiting = 0

    async def _finish(self, record: BatchRecord) -> None:
        state = "done" if record.state in ("running", "paused") else record.state
        ended = self._clock()
        await self._store.commit([Put(_row_of(record, state=state, ended=ended))])
        record.state, record.ended = state, ended
        self._live.pop(record.id, None)
        self._waiters.over(record.id)

    async def _count(self, record: BatchRecord) -> None:
        """Bring the counters of a batch of an earlier process up to date from the store."""
        states = await self._store.count(TransactionRow, {"batch": record.id}, by="state")
        held = await self._store.count(TransactionRow, {"batch": record.id, "state": "queued", "held": 1})
        record.done = states.get("done", 0)
        record.failed = states.get("fault", 0) + states.get("expired", 0)
        record.waiting = sum(held.values())
        record.active = states.get("queued", 0) + states.get("running", 0) - record.waiting
        # Whatever is not there any more was removed because it had ended long ago.
        record.cancelled = record.total - record.done - record.failed - record.waiting - record.active
        if record.state in ("running", "paused") and _too_many(record):
            record.state = "stopped"
            record.reason = f"{record.failed} of {record.total} failed"

    async def _remove_orphans(self) -> None:
        """Remove what was held for batches whose own row was never committed."""
        for batch in await self._store.count(TransactionRow, {"state": "queued", "held": 1}, by="batch"):
            if await self._store.get(BatchRow, batch) is None:
                await self._store.commit([Delete(TransactionRow, {"batch": batch})])


def _too_many(record: BatchRecord) -> bool:
    return record.failed * 100 > record.max_fail_percentage * record.total


def batch_json(record: BatchRecord) -> dict[str, Any]:
    """As the API gives it; times ISO 8601 UTC. done, failed, cancelled, active, waiting add up to total."""
    return {
        "id": record.id,
        "state": record.state,
        "total": record.total,
        "done": record.done,
        "failed": record.failed,
        "cancelled": record.cancelled,
        "active": record.active,
        "waiting": record.waiting,
        "created": iso(record.created),
        "ended": iso(record.ended),
        "concurrency": record.concurrency,
        "max_fail_percentage": record.max_fail_percentage,
        "reason": record.reason,
        "over": record.over,
    }


def _record_of(row: BatchRow) -> BatchRecord:
    state: Any = row.state
    return BatchRecord(
        id=row.id,
        state=state,
        total=row.total,
        concurrency=row.concurrency,
        max_fail_percentage=row.max_fail_percentage,
        created=row.created,
        expires_after=row.expires_after,
        actor=row.actor,
        client_key=row.client_key or "",
        request_digest=row.request_digest,
        ended=row.ended,
        reason=row.reason,
        done=row.done,
        failed=row.failed,
        cancelled=row.cancelled,
    )


def _row_of(record: BatchRecord, *, state: str = "", ended: float = 0.0) -> BatchRow:
    return BatchRow(
        id=record.id,
        state=state or record.state,
        client_key=record.client_key or None,
        request_digest=record.request_digest,
        actor=record.actor,
        total=record.total,
        concurrency=record.concurrency,
        max_fail_percentage=record.max_fail_percentage,
        expires_after=record.expires_after,
        created=record.created,
        ended=ended,
        reason=record.reason,
        done=record.done,
        failed=record.failed,
        cancelled=record.cancelled,
    )
