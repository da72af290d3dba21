"""A transaction in memory, in the store and as the API shows it."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from cwmp.acs.store.rows import TransactionRow
from cwmp.acs.times import iso

State = Literal["queued", "running", "done", "fault", "expired", "cancelled"]
Kind = str
"""`converge` or `read`; whoever runs sessions may know more."""
STATES: frozenset[str] = frozenset(get_args(State))
OVER: frozenset[str] = frozenset({"done", "fault", "expired", "cancelled"})


@dataclass(slots=True, eq=False)
class TransactionRecord:
    """A transaction as it stands. The same object is changed as it goes on; times are seconds since 1970.

    wake: how the device may be woken: auto, http, xmpp, stun or none.
    begun: a checkpoint was stored, so the device may have been written to.
    attempts: sessions in which it was begun, this one included.
    held: its batch has not released it yet. ending: its end is being stored.
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
    ending: bool = False
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


class Ids:
    """Ids that sort by time of making, also when the clock is set back: microseconds, then chance."""

    def __init__(self, last: str = "") -> None:
        self._last = int(last[:14], 16) if last else 0

    def new(self) -> str:
        """22 characters; fits a ParameterKey."""
        self._last = max(self._last + 1, int(time.time() * 1e6))
        return f"{self._last:014x}{secrets.token_hex(4)}"


def record_of(row: TransactionRow) -> TransactionRecord:
    """The record of a stored row."""
    state: Any = row.state
    return TransactionRecord(
        id=row.id,
        device=row.device,
        kind=row.kind,
        state=state,
        check=bool(row.check_only),
        queue=bool(row.queue),
        batch=row.batch,
        client_key=row.client_key or "",
        actor=row.actor,
        wake=row.wake,
        created=row.created,
        expires_at=row.expires,
        ended=row.ended,
        attempts=row.attempts,
        begun=bool(row.begun),
        held=bool(row.held),
        result=_loads(row.result),
        fault=_loads(row.fault),
        connection_request=_loads(row.connection_request),
    )


def row_of(record: TransactionRecord, *, digest: str, payload: bytes) -> TransactionRow:
    """The row of a new record."""
    return TransactionRow(
        id=record.id,
        device=record.device,
        kind=record.kind,
        state=record.state,
        check_only=int(record.check),
        queue=int(record.queue),
        held=int(record.held),
        batch=record.batch,
        client_key=record.client_key or None,
        request_digest=digest,
        actor=record.actor,
        wake=record.wake,
        created=record.created,
        expires=record.expires_at,
        ended=0.0,
        attempts=0,
        begun=0,
        payload=payload,
        memory=None,
        result=None,
        fault=None,
        connection_request=None,
    )


def transaction_json(record: TransactionRecord) -> dict[str, Any]:
    """The fields of `platforms.protocol.Transaction`; times ISO 8601 UTC."""
    return {
        "id": record.id,
        "device": record.device,
        "kind": record.kind,
        "state": record.state,
        "check": record.check,
        "created": iso(record.created),
        "ended": iso(record.ended),
        "expires": iso(record.expires_at),
        "batch": record.batch,
        "attempts": record.attempts,
        "result": record.result,
        "fault": record.fault,
        "connection_request": record.connection_request,
    }


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def dumps(data: Mapping[str, Any] | None) -> str | None:
    """Compact JSON text for a column."""
    return None if data is None else _encode(data)


def _loads(text: str | None) -> Any:
    return None if text is None else json.loads(text)
