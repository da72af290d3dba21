"""Batches: many transactions with a common pace, a failure threshold, pause and cancel."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from cwmp.acs.transactions import Kind

if TYPE_CHECKING:
    from cwmp.acs.store import Store
    from cwmp.acs.transactions import Transactions

BatchState = Literal["running", "paused", "done", "stopped", "cancelled"]


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
        return self.done + self.failed + self.cancelled >= self.total


class Batches:
    """Every batch that has not ended, and the way to those that have."""

    @classmethod
    async def open(
        cls, store: Store, transactions: Transactions, *, clock: Callable[[], float] = time.time
    ) -> Batches:
        """Load what has not ended and go on with it."""
        raise NotImplementedError

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
        raise NotImplementedError

    async def get(self, batch_id: str) -> BatchRecord:
        """Raises `UnknownBatch`."""
        raise NotImplementedError

    async def list(self, *, limit: int = 100, after: str = "") -> list[BatchRecord]:
        """Newest first; `after` is the last id of the page before."""
        raise NotImplementedError

    async def wait(self, batch_id: str, timeout: float) -> BatchRecord:
        """The batch once every transaction of it has ended, or as it stands after `timeout` seconds."""
        raise NotImplementedError

    async def pause(self, batch_id: str) -> BatchRecord:
        """Release no more. Raises `Conflict` when it is over."""
        raise NotImplementedError

    async def resume(self, batch_id: str) -> BatchRecord:
        """Go on with a paused batch. Raises `Conflict` when it is over."""
        raise NotImplementedError

    async def cancel(self, batch_id: str) -> BatchRecord:
        """Cancel what has not begun; what runs ends by itself."""
        raise NotImplementedError

    async def close(self) -> None:
        """Stop releasing."""
        raise NotImplementedError


def batch_json(record: BatchRecord) -> dict[str, Any]:
    """As the API gives it; times ISO 8601 UTC."""
    raise NotImplementedError
