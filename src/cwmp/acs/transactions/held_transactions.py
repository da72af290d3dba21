"""Transactions that a batch holds back: in the store only, however many they are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from cwmp.acs.store import Insert, Patch, TransactionRow
from cwmp.acs.transactions.transaction_faults import fault_of
from cwmp.acs.transactions.transaction_records import Ids, TransactionRecord, dumps, record_of, row_of

if TYPE_CHECKING:
    from cwmp.acs.store import Store, Write
    from cwmp.acs.transactions.sealed_payloads import SealedPayloads

PAGE = 200


class HeldTransactions:
    """The held ones of all batches. `over` is told the ids of those cancelled."""

    def __init__(
        self, store: Store, payloads: SealedPayloads, clock: Callable[[], float], over: Callable[[str], None]
    ) -> None:
        self._store = store
        self._payloads = payloads
        self._clock = clock
        self._over = over

    async def hold(self, ids: Ids, items: Sequence[tuple[TransactionRecord, Any]]) -> None:
        """Store them in several commits, so as not to keep others waiting.

        It is the batch's own row, committed last, that makes them count. items: (record, payload); the
        records get their ids here.
        """
        writes: list[Write] = []
        for record, payload in items:
            record.id = ids.new()
            record.held = True
            sealed = self._payloads.seal(record.id, payload)
            writes.append(Insert(row_of(record, digest="", payload=sealed)))
            if len(writes) == PAGE:
                await self._store.commit(writes)
                writes = []
        if writes:
            await self._store.commit(writes)

    async def release(self, batch: str, count: int, expires_at: float) -> list[TransactionRecord]:
        """Let the oldest `count` go; they are no longer held."""
        held: dict[str, Any] = {"batch": batch, "state": "queued", "held": 1}
        rows = await self._store.select(TransactionRow, held, limit=min(count, PAGE))
        if not rows:
            return []
        these: dict[str, Any] = {"id": tuple(row.id for row in rows), "state": "queued"}
        changes = {"held": 0, "expires": expires_at}
        await self._store.commit([Patch(TransactionRow, {**these, "held": 1}, changes, must_match=False)])
        # Read again: one of them may have been cancelled meanwhile.
        released = await self._store.select(TransactionRow, these, limit=PAGE)
        for row in released:
            if row.payload is not None and not row.begun:
                self._payloads.runnable(row.id, row.payload)
        return [record_of(row) for row in released]

    async def cancel(self, ids: Sequence[str], reason: str) -> None:
        """Cancel those of them that are still held."""
        changes: dict[str, Any] = {"state": "cancelled", "held": 0, "ended": self._clock(), "payload": None}
        changes["fault"] = dumps(fault_of("cancelled", reason)) if reason else None
        where: dict[str, Any] = {"id": tuple(ids), "state": "queued", "held": 1}
        await self._store.commit([Patch(TransactionRow, where, changes, must_match=False)])
        for tx_id in ids:
            self._over(tx_id)

    async def cancel_batch(self, batch: str, reason: str) -> None:
        """Cancel all of a batch, some at a time."""
        held: dict[str, Any] = {"batch": batch, "state": "queued", "held": 1}
        while rows := await self._store.select(TransactionRow, held, limit=PAGE):
            await self.cancel([row.id for row in rows], reason)
            await asyncio.sleep(0)

    async def of_device(self, device: str) -> list[str]:
        """Ids of those for this device."""
        held: dict[str, Any] = {"device": device, "state": "queued", "held": 1}
        return [row.id for row in await self._store.select(TransactionRow, held)]
