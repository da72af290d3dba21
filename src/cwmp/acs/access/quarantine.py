"""Work for a device in quarantine is not left waiting for sessions in which it would get none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cwmp.acs.transactions.transaction_faults import quarantined

if TYPE_CHECKING:
    from cwmp.acs.devices.device_records import DeviceRecord
    from cwmp.acs.devices.registry import Registry
    from cwmp.acs.transactions.transaction_records import TransactionRecord
    from cwmp.acs.transactions.transactions import Transactions


class Quarantine:
    """Ends at once what is submitted for a quarantined device, or waits when it is put into quarantine.

    What the caller had queued waits on until the device is allowed, and what has begun until it comes.
    """

    def __init__(self, registry: Registry, transactions: Transactions) -> None:
        """Hooks itself into both, so that it is asked before whoever would wake the device."""
        self._registry = registry
        self._transactions = transactions
        registry.on_quarantined(self._quarantined)
        transactions.on_queued(self._queued)
        for device_id in transactions.devices_waiting():
            record = registry.get(device_id)
            if record is not None and record.quarantined:
                self._quarantined(record)

    def _quarantined(self, record: DeviceRecord) -> None:
        for transaction in self._transactions.open_for(record.id):
            self._end(transaction, record)

    def _queued(self, device_id: str, transaction: TransactionRecord) -> None:
        record = self._registry.get(device_id)
        if record is not None and record.quarantined:
            self._end(transaction, record)

    def _end(self, transaction: TransactionRecord, record: DeviceRecord) -> None:
        if transaction.queue or transaction.begun or transaction.state != "queued":
            return
        fault = quarantined(transaction, record.quarantine_reason)
        self._transactions.end(transaction, "expired", fault=fault).close()  # it is stored all the same
