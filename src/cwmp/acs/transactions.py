"""Transactions: accepted durably, run once, ended truthfully.

States: queued → running → done | fault, queued → expired | cancelled, running → queued (session lost). A
transaction in memory is small; payload and checkpoint memory stay sealed in the store until `begin`, and are
erased there when it ends. Those a batch holds back are in the store only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from cwmp.acs.keyring import Keyring
    from cwmp.acs.store import Store, Write

State = Literal["queued", "running", "done", "fault", "expired", "cancelled"]
Kind = Literal["converge", "read"]
OVER: frozenset[str] = frozenset({"done", "fault", "expired", "cancelled"})


@dataclass(slots=True, eq=False)
class TransactionRecord:
    """A transaction as it stands. The same object is changed as it goes on; times are seconds since 1970.

    wake: how the device may be woken: auto, http, xmpp, stun or none.
    begun: a checkpoint was stored, so the device may have been written to.
    attempts: sessions in which it was begun, this one included.
    connection_request: what the device answered when woken (JSON of `ConnectionRequestResult`).
    """

    id: str
    device: str
    kind: str
    state: State = "queued"
    check: bool = False
    queue: bool = False
    batch: str = ""
    client_key: str = ""
    actor: str = ""
    wake: str = "auto"
    created: float = 0.0
    expires_at: float = 0.0
    ended: float = 0.0
    attempts: int = 0
    begun: bool = False
    held: bool = False
    result: Mapping[str, Any] | None = None
    fault: Mapping[str, Any] | None = None
    connection_request: Mapping[str, Any] | None = None

    @property
    def over(self) -> bool:
        return self.state in OVER

    @property
    def token(self) -> str:
        """ParameterKey that names this transaction on the device; at most 32 characters."""
        return self.id


@dataclass(frozen=True, slots=True)
class NewTransaction:
    """What `submit_many` takes; see `Transactions.submit`."""

    device: str
    kind: Kind
    payload: Mapping[str, Any]
    check: bool = False
    expires_at: float = 0.0
    queue: bool = False
    client_key: str = ""
    actor: str = ""
    batch: str = ""
    wake: str = "auto"
    held: bool = False


@dataclass(slots=True)
class Limits:
    """attempts: sessions a transaction may be begun in. keep_*: ended ones kept, by number and by seconds.
    settle: seconds a begun transaction whose session was lost may wait for the device past its expiry."""

    attempts: int = 3
    keep_count: int = 200_000
    keep_seconds: float = 30 * 86_400.0
    settle: float = 180.0
    queue_seconds: float = 86_400.0
    ended_in_memory: int = 2_000
    payloads_in_memory: int = 512
    extra: Mapping[str, Any] = field(default_factory=dict)


class Transactions:
    """Every transaction. One per ACS; lives in the loop's thread."""

    @classmethod
    async def open(
        cls,
        store: Store,
        keyring: Keyring,
        *,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.time,
    ) -> Transactions:
        """Load what has not ended and start the expiry timer. Running ones of a dead process become runnable."""
        raise NotImplementedError

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

        expires_at: seconds since 1970; 0: one day from now. The same client_key again gives the same record and
        queues nothing. Raises `Conflict` when that key came with another request, `StoreError` when not stored.
        """
        raise NotImplementedError

    async def submit_many(
        self, items: Sequence[NewTransaction], also: Sequence[Write] = ()
    ) -> list[TransactionRecord]:
        """Accept all or none in one durable commit, with the writes `also`."""
        raise NotImplementedError

    def next_for(self, device_id: str) -> TransactionRecord | None:
        """The oldest runnable transaction of this device, not expired; None while one of it is running."""
        raise NotImplementedError

    def open_for(self, device_id: str) -> tuple[TransactionRecord, ...]:
        """Queued and running transactions of this device, oldest first; not those a batch holds back."""
        raise NotImplementedError

    def devices_waiting(self) -> tuple[str, ...]:
        """Devices with runnable transactions; whoever wakes devices asks this after a restart."""
        raise NotImplementedError

    async def begin(self, tx: TransactionRecord) -> None:
        """A session takes it up: running, `payload` and `memory` at hand. Raises `Conflict` unless runnable."""
        raise NotImplementedError

    def payload(self, tx: TransactionRecord) -> Mapping[str, Any]:
        """What was submitted; between `begin` and `end` only."""
        raise NotImplementedError

    def memory(self, tx: TransactionRecord) -> Mapping[str, Any] | None:
        """The last checkpoint of an earlier attempt, for the procedure to start from; after `begin`."""
        raise NotImplementedError

    async def checkpoint(self, tx: TransactionRecord, memory: Mapping[str, Any]) -> None:
        """Store what the procedure must find again; durable when it returns."""
        raise NotImplementedError

    async def end(
        self,
        tx: TransactionRecord,
        state: State,
        *,
        result: Mapping[str, Any] | None = None,
        fault: Mapping[str, Any] | None = None,
        connection_request: Mapping[str, Any] | None = None,
        also: Sequence[Write] = (),
    ) -> None:
        """It is over; durable, with the writes `also`, when it returns. Payload and memory are erased.

        Ending one that is over does nothing. A running one ends done or fault; see `cancel` for queued ones.
        """
        raise NotImplementedError

    async def retry(self, tx: TransactionRecord, reason: str) -> TransactionRecord:
        """The session was lost: queued again with its memory, or fault of kind session after the last attempt.

        reason: one sentence for people.
        """
        raise NotImplementedError

    def woken(self, tx: TransactionRecord, answer: Mapping[str, Any]) -> None:
        """Note what the device answered to its connection request (kept with the end, said in an expiry)."""
        raise NotImplementedError

    async def get(self, tx_id: str) -> TransactionRecord:
        """Raises `UnknownTransaction`."""
        raise NotImplementedError

    async def list(
        self, *, device: str = "", state: str = "", batch: str = "", limit: int = 100, after: str = ""
    ) -> list[TransactionRecord]:
        """Newest first; `after` is the last id of the page before."""
        raise NotImplementedError

    async def wait(self, tx_id: str, timeout: float) -> TransactionRecord:
        """The transaction once it is over, or as it stands after `timeout` seconds."""
        raise NotImplementedError

    async def cancel(self, tx_id: str, reason: str = "") -> TransactionRecord:
        """Cancel one that has not begun; one that has, or is over, is returned as it is."""
        raise NotImplementedError

    async def cancel_device(self, device_id: str, reason: str = "") -> int:
        """Cancel all of a device that have not begun."""
        raise NotImplementedError

    def on_queued(self, callback: Callable[[str, TransactionRecord], None]) -> None:
        """Called with (device_id, record) for each that became runnable: submitted, released, or retried."""
        raise NotImplementedError

    def on_ended(self, callback: Callable[[TransactionRecord], None]) -> None:
        """Called after the commit of each end, whatever the state."""
        raise NotImplementedError

    def counts(self) -> dict[str, int]:
        """Transactions in memory by state, and `ended_<state>` since the start; for metrics."""
        raise NotImplementedError

    async def close(self) -> None:
        """End the timer. Waiters get their record as it stands."""
        raise NotImplementedError


def transaction_json(record: TransactionRecord) -> dict[str, Any]:
    """The fields of `platforms.protocol.Transaction`; times ISO 8601 UTC."""
    raise NotImplementedError
