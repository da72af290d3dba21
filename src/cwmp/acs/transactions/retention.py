"""How long ended transactions are kept: by age and by number."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from cwmp.acs.errors import StoreError
from cwmp.acs.store import BatchRow, Delete, TransactionRow
from cwmp.acs.transactions.transaction_records import OVER

if TYPE_CHECKING:
    from cwmp.acs.store import Store

log = logging.getLogger("cwmp.acs.transactions.retention")

_PERIOD = 600.0
_CHUNK = 500


class Retention:
    """Removes ended transactions (and batches) now and then, in small steps."""

    def __init__(self, store: Store, count: int, seconds: float, clock: Callable[[], float]) -> None:
        self._store = store
        self._count = count
        self._seconds = seconds
        self._clock = clock
        self._since = 0
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Tidy up soon, then every ten minutes."""
        self._timer = asyncio.get_running_loop().call_later(5.0, self._run)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    def ended(self) -> None:
        """One more has ended; many of them do not wait for the clock."""
        self._since += 1
        if self._since > max(100, self._count // 4):
            self._run()

    def _run(self) -> None:
        self._since = 0
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(_PERIOD, self._run)
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._tidy_quietly())

    async def _tidy_quietly(self) -> None:
        try:
            await self.tidy()
        except StoreError as error:
            log.error("old transactions could not be removed: %s", error)

    async def tidy(self) -> int:
        """Remove what is too old or too many; returns how many transactions."""
        removed = 0
        over = {"state": tuple(sorted(OVER))}
        limit = self._clock() - self._seconds
        kept = sum((await self._store.count(TransactionRow, over)).values())
        while True:
            excess = kept - self._count
            # Ids sort by age, so the oldest come first.
            rows = await self._store.select(
                TransactionRow,
                over,
                below=None if excess > 0 else {"ended": limit},
                limit=min(_CHUNK, excess) if excess > 0 else _CHUNK,
            )
            if not rows:
                break
            await self._store.commit([Delete(TransactionRow, {"id": tuple(row.id for row in rows)})])
            removed += len(rows)
            kept -= len(rows)
        batches = await self._store.select(BatchRow, below={"ended": limit}, limit=_CHUNK)
        ended = tuple(row.id for row in batches if row.ended)
        if ended:
            await self._store.commit([Delete(BatchRow, {"id": ended})])
        return removed
