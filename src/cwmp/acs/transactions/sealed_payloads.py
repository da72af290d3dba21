"""What transactions carry: sealed in the store, in clear in memory only while it is needed."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cwmp.acs.errors import UnknownTransaction
from cwmp.acs.store import TransactionRow

if TYPE_CHECKING:
    from cwmp.acs.keyring import Keyring
    from cwmp.acs.store import Store
    from cwmp.acs.transactions.transaction_records import TransactionRecord


_encode = json.JSONEncoder(separators=(",", ":")).encode  # json.dumps would make one at each call
_LARGE = 8 * 1024
"""Bytes beyond which a payload that waits is not kept in memory."""


class SealedPayloads:
    """Payloads and checkpoint memories by transaction.

    Those of running transactions are held in clear; of the others the newest are kept sealed, since most
    are begun soon after they were submitted or released, and the store need not be asked then.
    """

    def __init__(self, store: Store, keyring: Keyring, remember: int) -> None:
        self._store = store
        self._keyring = keyring
        self._size = remember
        self._fresh: OrderedDict[str, bytes] = OrderedDict()
        self._payloads: dict[str, Mapping[str, Any]] = {}
        self._memories: dict[str, Mapping[str, Any]] = {}

    def seal(self, tx_id: str, data: Mapping[str, Any]) -> bytes:
        """For a column of this transaction's row; opens for no other transaction."""
        return self._keyring.seal(_encode(data).encode(), tx_id.encode())

    def runnable(self, tx_id: str, sealed: bytes) -> None:
        """A new payload that may be begun soon, as `seal` made it."""
        if len(sealed) > _LARGE:
            return
        self._fresh[tx_id] = sealed
        if len(self._fresh) > self._size:
            self._fresh.popitem(last=False)

    async def begin(self, tx: TransactionRecord) -> None:
        """Have payload and memory at hand until `forget`. Raises `UnknownTransaction` if they are gone."""
        if tx.id in self._payloads:
            return
        fresh = self._fresh.pop(tx.id, None)
        if fresh is not None:
            payload = self._unseal(tx.id, fresh)
        else:
            row = await self._store.get(TransactionRow, tx.id)
            if row is None or row.payload is None:
                raise UnknownTransaction(f"Transaction {tx.id} of {tx.device} is no longer stored.")
            payload = self._unseal(tx.id, row.payload)
            if row.memory is not None:
                self._memories[tx.id] = self._unseal(tx.id, row.memory)
        self._payloads[tx.id] = payload

    def payload(self, tx_id: str) -> Mapping[str, Any]:
        """What was submitted, between `begin` and `forget`."""
        return self._payloads[tx_id]

    def memory(self, tx_id: str) -> Mapping[str, Any] | None:
        """The newest checkpoint, between `begin` and `forget`."""
        return self._memories.get(tx_id)

    def remember(self, tx_id: str, memory: Mapping[str, Any]) -> None:
        """A checkpoint was stored."""
        self._memories[tx_id] = memory

    def forget(self, tx_id: str) -> None:
        """The transaction is over."""
        self._fresh.pop(tx_id, None)
        self._payloads.pop(tx_id, None)
        self._memories.pop(tx_id, None)

    def _unseal(self, tx_id: str, sealed: bytes) -> Any:
        return json.loads(self._keyring.unseal(sealed, tx_id.encode()))
