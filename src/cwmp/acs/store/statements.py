"""From typed writes and reads to SQL with parameters. Names come from row classes only, never from data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias

from cwmp.acs.errors import StoreError
from cwmp.acs.store import Delete, Insert, Patch, Put, Value, Where, Write
from cwmp.acs.store.rows import Row


class Statement(NamedTuple):
    """SQL, its parameters, and whether it must touch a row."""

    sql: str
    parameters: tuple[Any, ...]
    must_match: bool = False


class Table(NamedTuple):
    """What SQL needs to know of a row class."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    values: Callable[[Any], tuple[Any, ...]]
    insert: str
    put: str
    select: str
    by_key: str


_TABLES: dict[type[Row], Table] = {}


def table_of(row: type[Row]) -> Table:
    """The SQL side of a row class."""
    table = _TABLES.get(row)
    if table is None:
        table = _TABLES[row] = _table(row)
    return table


def _table(row: type[Row]) -> Table:
    columns = tuple(field.name for field in fields(row))
    names = ", ".join(columns)
    insert = f"INSERT INTO {row.TABLE} ({names}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608
    rest = [f"{column} = excluded.{column}" for column in columns if column not in row.KEY]
    # Not INSERT OR REPLACE: that would also remove another row holding the same unique value.
    put = f"{insert} ON CONFLICT ({', '.join(row.KEY)}) DO UPDATE SET {', '.join(rest)}"
    select = f"SELECT {names} FROM {row.TABLE}"  # noqa: S608
    return Table(
        row.TABLE,
        columns,
        row.KEY,
        attrgetter(*columns),
        insert,
        put,
        select,
        f"{select} WHERE {' AND '.join(f'{name} = ?' for name in row.KEY)}",
    )


def statement_of(write: Write) -> Statement:
    """The SQL of a write. Raises `StoreError` for columns the table does not have."""
    if isinstance(write, Put):
        table = table_of(type(write.row))
        return Statement(table.put, table.values(write.row))
    if isinstance(write, Insert):
        table = table_of(type(write.row))
        return Statement(table.insert, table.values(write.row))
    table = table_of(write.table)
    if isinstance(write, Patch):
        shape, parameters = _shape(write.where)
        sql = _update(write.table, tuple(write.changes), shape)  # type: ignore[arg-type]  # classes hash
        return Statement(sql, (*write.changes.values(), *parameters), write.must_match)
    return _delete(table, write)


_EQUAL, _NULL = -1, -2
_Shape: TypeAlias = tuple[tuple[str, int], ...]


def _shape(where: Where) -> tuple[_Shape, list[Any]]:
    """What of `where` its text depends on, and its parameters.

    With each column the kind of its condition: equal to one value, NULL, or how many values it may have.
    """
    shape: list[tuple[str, int]] = []
    parameters: list[Any] = []
    for column, value in where.items():
        if isinstance(value, tuple):
            shape.append((column, len(value)))
            parameters.extend(value)
        elif value is None:
            shape.append((column, _NULL))
        else:
            shape.append((column, _EQUAL))
            parameters.append(value)
    return tuple(shape), parameters


@lru_cache(maxsize=256)
def _update(row: type[Row], changed: tuple[str, ...], shape: _Shape) -> str:
    """The text of an UPDATE. There are few, and each is needed at every session."""
    table = table_of(row)
    _check(table, changed)
    changes = ", ".join(f"{column} = ?" for column in changed)
    like: dict[str, Value | tuple[Value, ...]] = {
        column: None if kind == _NULL else "" if kind == _EQUAL else ("",) * kind for column, kind in shape
    }
    return f"UPDATE {table.name} SET {changes}{conditions(table, like)[0]}"  # noqa: S608


def _delete(table: Table, write: Delete) -> Statement:
    if not write.where and not write.below:
        raise StoreError(f"A Delete of table {table.name} without any condition is refused.")
    condition, parameters = conditions(table, write.where, write.below)
    return Statement(f"DELETE FROM {table.name}{condition}", parameters)  # noqa: S608


def conditions(
    table: Table,
    where: Where | None,
    below: Mapping[str, Value] | None = None,
    after: tuple[str, Value] | None = None,
) -> tuple[str, tuple[Any, ...]]:
    """The WHERE clause (with a leading space, or "") and its parameters."""
    parts: list[str] = []
    parameters: list[Any] = []
    for column, value in (where or {}).items():
        _check(table, (column,))
        if isinstance(value, tuple):
            parts.append(f"{column} IN ({', '.join('?' * len(value))})")
            parameters.extend(value)
        elif value is None:
            parts.append(f"{column} IS NULL")
        else:
            parts.append(f"{column} = ?")
            parameters.append(value)
    for column, value in (below or {}).items():
        _check(table, (column,))
        parts.append(f"{column} < ?")
        parameters.append(value)
    if after is not None:
        parts.append(f"{after[0]} ?")
        parameters.append(after[1])
    return (f" WHERE {' AND '.join(parts)}" if parts else ""), tuple(parameters)


def _check(table: Table, columns: Any) -> None:
    for column in columns:
        if column not in table.columns:
            raise StoreError(f"Table {table.name} has no column {column!r}.")


def key_touched(write: Write) -> tuple[type[Row], tuple[Any, ...]] | None:
    """Table and primary key of the one row a write touches; None where it is not told by its key alone."""
    if isinstance(write, Insert | Put):
        row = type(write.row)
        return row, tuple(getattr(write.row, name) for name in row.KEY)
    if isinstance(write, Delete) and write.below:
        return None
    key = tuple(write.where.get(name) for name in write.table.KEY)
    if None in key or any(isinstance(value, tuple) for value in key):
        return None
    return write.table, key
