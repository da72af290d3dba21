"""The store's small face: typed rows, a handful of writes, and reads by key and by equal columns.

Whatever implements `Store` (SQLite now; PostgreSQL can stand beside it) needs no knowledge of devices or
transactions, only of rows. Writes of one `commit` are applied in order and all or none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from cwmp.acs.store.rows import (
    BatchRow,
    CredentialRow,
    DeviceRow,
    DeviceSecretRow,
    DeviceTypeRow,
    MemoryRow,
    MetaRow,
    ModelRow,
    R,
    Row,
    SeenRow,
    TransactionRow,
    Value,
    key_of,
)

__all__ = [
    "BatchRow",
    "CredentialRow",
    "Delete",
    "DeviceRow",
    "DeviceSecretRow",
    "DeviceTypeRow",
    "Insert",
    "MemoryRow",
    "MetaRow",
    "ModelRow",
    "Patch",
    "Put",
    "Row",
    "SeenRow",
    "Store",
    "TransactionRow",
    "Value",
    "Where",
    "Write",
    "key_of",
]

Where: TypeAlias = Mapping[str, "Value | tuple[Value, ...]"]
"""Column → the value it must equal, or a tuple of values of which it must be one."""


@dataclass(frozen=True, slots=True)
class Insert:
    """A new row. Raises `Duplicate` when its key or a unique value is taken."""

    row: Row


@dataclass(frozen=True, slots=True)
class Put:
    """A row, new or in place of the one with the same key."""

    row: Row


@dataclass(frozen=True, slots=True)
class Patch:
    """Change columns of the rows that match. Raises `Stale` if `must_match` and none does.

    With a state among the `where` columns this is a compare-and-set, also between several ACS machines.
    """

    table: type[Row]
    where: Where
    changes: Mapping[str, Value]
    must_match: bool = True


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove the rows that match `where` and whose `below` columns are less than the given values."""

    table: type[Row]
    where: Where
    below: Mapping[str, Value] = field(default_factory=dict)


Write: TypeAlias = Insert | Put | Patch | Delete


class Store(Protocol):
    """Durable rows. Every method is called in the loop's thread."""

    restored: bool
    """The database is older than what this data directory held last: someone put a backup back."""

    async def commit(self, writes: Sequence[Write]) -> None:
        """Apply all `writes` or none; durable (on disk, synced) when it returns.

        Commits of other callers may share the same sync, but never the failure. Raises `Duplicate`, `Stale`,
        `StoreFull`, `StoreClosed` or `StoreError`. A caller that is cancelled while waiting does not undo it.
        """
        ...

    def later(self, write: Put) -> None:
        """Remember to write this row within a few seconds and at `close`; a newer one replaces it.

        For what may be lost by a crash. A `commit` that touches the same row by key outdates it.
        """
        ...

    async def flush(self) -> None:
        """Write now what `later` remembers. Raises as `commit` does, and then still remembers it."""
        ...

    async def get(self, table: type[R], *key: Value) -> R | None:
        """The row with this primary key. Does not see what `later` still holds back."""
        ...

    async def select(
        self,
        table: type[R],
        where: Where | None = None,
        *,
        order: str = "",
        after: Value = None,
        limit: int = 0,
        descending: bool = False,
        below: Mapping[str, Value] | None = None,
    ) -> list[R]:
        """Rows that match, ordered by column `order` (default: first key column), those past `after` only.

        limit 0: all of them; give a limit wherever the answer may be long.
        """
        ...

    async def count(self, table: type[Row], where: Where | None = None, *, by: str = "") -> dict[Value, int]:
        """How many rows match, by value of column `by` (one entry under None without it)."""
        ...

    async def close(self) -> None:
        """Write everything remembered, end the writer, release the data directory."""
        ...
