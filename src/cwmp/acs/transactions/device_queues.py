"""What each device has to do: one transaction running at most, the others in order of submission."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator

from cwmp.acs.transactions.transaction_records import TransactionRecord


class DeviceQueues:
    """Queued and running transactions by device."""

    def __init__(self) -> None:
        self._queued: dict[str, list[TransactionRecord]] = {}
        self._running: dict[str, TransactionRecord] = {}

    @property
    def running(self) -> int:
        """Transactions running now."""
        return len(self._running)

    def running_on(self, device: str) -> TransactionRecord | None:
        """The transaction this device is at."""
        return self._running.get(device)

    def queued_for(self, device: str) -> Iterator[TransactionRecord]:
        """What waits for this device, oldest first."""
        return iter(self._queued.get(device, ()))

    def waiting(self) -> tuple[str, ...]:
        """Devices that something waits for and that are at nothing."""
        return tuple(device for device in self._queued if device not in self._running)

    def enqueue(self, tx: TransactionRecord) -> None:
        """Among the queued ones of its device, in its place by age."""
        if self._running.get(tx.device) is tx:
            del self._running[tx.device]
        insort(self._queued.setdefault(tx.device, []), tx, key=lambda each: each.id)

    def run(self, tx: TransactionRecord) -> None:
        """From the queue to running."""
        self.remove(tx)
        self._running[tx.device] = tx

    def remove(self, tx: TransactionRecord) -> None:
        """Neither queued nor running."""
        if self._running.get(tx.device) is tx:
            del self._running[tx.device]
        queue = self._queued.get(tx.device)
        if queue is not None and tx in queue:
            queue.remove(tx)
            if not queue:
                del self._queued[tx.device]
