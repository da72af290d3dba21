"""The store on SQLite: WAL, synchronous FULL, one writer thread, group commit.

A commit goes to the writer at once when commits are rare. When they come in numbers, groups start at most
every `window` seconds, so that many share one sync. Single reads happen in the loop's thread (some 10 µs from
the page cache), long ones in a thread of their own.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from cwmp.acs.errors import StoreClosed, StoreError, StoreFull
from cwmp.acs.store import Insert, MetaRow, Patch, Put, Value, Where, Write
from cwmp.acs.store.directory import DataDirectory
from cwmp.acs.store.rows import R, Row, key_of
from cwmp.acs.store.schema import migrate
from cwmp.acs.store.statements import conditions, key_touched, statement_of, table_of
from cwmp.acs.store.writer import Job, Outcome, Writer, typed

log = logging.getLogger("cwmp.acs.store")
T = TypeVar("T")

_GROUP = 256
"""Jobs in one group at most, so that no group keeps the others waiting for long."""
_CHUNK = 500
"""Coalesced rows written at once."""
_INLINE = 200
"""Rows a select may have asked for to be read in the loop's thread."""
_BUSY = 1.5
"""Mean jobs per group above which waiting for more is worth it."""


class SqliteStore:
    """`store.Store` in one SQLite file of a data directory. Bound to the loop it is first used in."""

    def __init__(self, data: Path, *, window: float = 0.002, flush_seconds: float = 3.0) -> None:
        """Open or make the database below directory `data`. Times in seconds.

        Raises `StoreLocked` when another process uses it, `StoreError` when it cannot be opened.
        """
        self._window = window
        self._flush_seconds = flush_seconds
        self._directory = DataDirectory(data)
        try:
            self._open()
        except sqlite3.Error as error:
            self._directory.release()
            raise StoreError(f"The database {self._directory.database} cannot be opened: {error}.") from None
        except BaseException:
            self._directory.release()
            raise
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pending: list[Job] = []
        self._later: dict[tuple[type[Row], tuple[Any, ...]], Put] = {}
        self._writing = False
        self._scheduled = False
        self._last_group = 0.0
        self._mean_group = 1.0
        self._flush_timer: asyncio.TimerHandle | None = None
        self._flushing: asyncio.Task[None] | None = None
        self._dirty = False
        self._closing = False
        self._drained: asyncio.Future[None] | None = None
        self.groups = 0
        """Groups written since the start; for metrics."""
        self.jobs = 0
        """Commits since the start; for metrics."""

    def _open(self) -> None:
        path = self._directory.database
        first = self._connect()
        try:
            migrate(first, path)
            row = first.execute("SELECT value FROM meta WHERE name = 'generation'").fetchone()
        finally:
            first.close()
        generation = int(row[0]) if row else 0
        mark = self._directory.generation()
        self.restored: bool = self._directory.take_restored_note() or (row is not None and generation < mark)
        self._generation = max(generation, mark)
        self._writer = Writer(self._connect)
        self._reader = self._connect(read_only=True)
        self._long_reader = self._connect(read_only=True)
        self._threads = ThreadPoolExecutor(1, "cwmp-store-read")

    def _connect(self, *, read_only: bool = False) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._directory.database,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
            timeout=10.0,
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_size_limit = 67108864")
        connection.execute("PRAGMA cache_size = -4096")
        connection.execute("PRAGMA temp_store = MEMORY")
        if read_only:
            connection.execute("PRAGMA query_only = ON")
        return connection

    # ---- writing

    async def commit(self, writes: Sequence[Write]) -> None:
        if self._closing:
            raise StoreClosed("The ACS is shutting down; nothing of this was stored.")
        statements = [statement_of(write) for write in writes]
        if self._later:
            for write in writes:
                held = self._outdate(write)
                if held is not None:
                    statements.insert(0, statement_of(held))
        await self._submit(Job(statements, self._running_loop().create_future()))

    def later(self, write: Put) -> None:
        if self._closing:
            raise StoreClosed("The ACS is shutting down; nothing of this was stored.")
        self._later[type(write.row), key_of(write.row)] = write
        self._wake_flush()

    async def flush(self) -> None:
        await self._mark_generation()
        while self._later:
            taken = list(self._later.items())[:_CHUNK]
            for place, _ in taken:
                del self._later[place]
            statements = [statement_of(write) for _, write in taken]
            try:
                await self._submit(Job(statements, self._running_loop().create_future()))
            except StoreFull:
                for place, write in taken:
                    self._later.setdefault(place, write)
                raise
            except StoreError:
                await self._one_by_one([write for _, write in taken])

    async def _one_by_one(self, writes: Sequence[Put]) -> None:
        """A row among them is bad: write the others, and say which it was."""
        for write in writes:
            try:
                await self._submit(Job([statement_of(write)], self._running_loop().create_future()))
            except StoreFull:
                self._later.setdefault((type(write.row), key_of(write.row)), write)
            except StoreError as error:
                log.error("a row of table %s is dropped: %s", write.row.TABLE, error)

    def _outdate(self, write: Write) -> Put | None:
        """Drop the held-back row that `write` replaces; return it if `write` builds upon it."""
        place = key_touched(write)
        held = self._later.pop(place, None) if place is not None else None
        return held if isinstance(write, Patch | Insert) else None

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        return self._loop

    def _submit(self, job: Job) -> asyncio.Future[None]:
        self._pending.append(job)
        if not self._writing and not self._scheduled:
            self._schedule()
        if not self._dirty:
            self._dirty = True
            self._wake_flush()
        return job.future

    def _schedule(self) -> None:
        """Start the next group: after what else this turn of the loop submits, or when the window is over."""
        loop = self._running_loop()
        self._scheduled = True
        wait = self._last_group + self._window - loop.time() if self._mean_group > _BUSY else 0.0
        if wait > 0 and len(self._pending) < _GROUP:
            loop.call_later(wait, self._start_group)
        else:
            loop.call_soon(self._start_group)

    def _start_group(self) -> None:
        self._scheduled = False
        if self._writing or not self._pending:
            return
        loop = self._running_loop()
        group, self._pending = self._pending[:_GROUP], self._pending[_GROUP:]
        self._writing = True
        self._last_group = loop.time()
        self._mean_group += (len(group) - self._mean_group) / 8
        self.groups += 1
        self.jobs += len(group)

        def report(outcome: Outcome) -> None:
            loop.call_soon_threadsafe(self._written, group, outcome)

        self._writer.run(group, report)

    def _written(self, group: list[Job], outcome: Outcome) -> None:
        self._writing = False
        for job, error in zip(group, outcome, strict=True):
            if job.future.done():  # its submitter was cancelled meanwhile
                continue
            if error is None:
                job.future.set_result(None)
            else:
                job.future.set_exception(error)
        if self._pending and not self._scheduled:
            self._schedule()
        elif not self._pending and self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    # ---- what is written by and by

    def _wake_flush(self) -> None:
        if self._flush_timer is None and not self._closing:
            self._flush_timer = self._running_loop().call_later(self._flush_seconds, self._flush_now)

    def _flush_now(self) -> None:
        self._flush_timer = None
        if self._flushing is None or self._flushing.done():
            self._flushing = self._running_loop().create_task(self._flush_quietly())

    async def _flush_quietly(self) -> None:
        try:
            await self.flush()
        except StoreError as error:
            log.error("what is written by and by is still to be written: %s", error)
            self._wake_flush()

    async def _mark_generation(self) -> None:
        if not self._dirty:
            return
        self._dirty = False
        generation = self._generation + 1
        write = statement_of(Put(MetaRow("generation", str(generation))))
        job = Job([write], self._running_loop().create_future())
        self._pending.append(job)
        if not self._writing and not self._scheduled:
            self._schedule()
        try:
            await job.future
        except StoreError:
            self._dirty = True
            raise
        self._generation = generation
        self._directory.reached(generation)

    # ---- reading

    async def get(self, table: type[R], *key: Value) -> R | None:
        sql = table_of(table)
        found = self._read(
            self._reader,
            lambda connection: connection.execute(sql.by_key, key).fetchone(),
        )
        return None if found is None else table(*found)

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
        sql = table_of(table)
        order = order or sql.key[0]
        if order not in sql.columns:
            raise StoreError(f"Table {sql.name} has no column {order!r}.")
        past = None if after is None else (f"{order} {'<' if descending else '>'}", after)
        condition, parameters = conditions(sql, where, below, past)
        text = f"{sql.select}{condition} ORDER BY {order}{' DESC' if descending else ''}"
        if limit:
            text += f" LIMIT {int(limit)}"
        if 0 < limit <= _INLINE:
            found = self._read(
                self._reader, lambda connection: connection.execute(text, parameters).fetchall()
            )
        else:
            found = await self._read_apart(lambda connection: connection.execute(text, parameters).fetchall())
        return [table(*row) for row in found]

    async def count(self, table: type[Row], where: Where | None = None, *, by: str = "") -> dict[Value, int]:
        sql = table_of(table)
        if by and by not in sql.columns:
            raise StoreError(f"Table {sql.name} has no column {by!r}.")
        condition, parameters = conditions(sql, where)
        text = (
            f"SELECT {by}, count(*) FROM {sql.name}{condition} GROUP BY {by}"  # noqa: S608
            if by
            else f"SELECT NULL, count(*) FROM {sql.name}{condition}"  # noqa: S608
        )
        return dict(
            await self._read_apart(lambda connection: connection.execute(text, parameters).fetchall())
        )

    def _read(self, connection: sqlite3.Connection, query: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return query(connection)
        except sqlite3.ProgrammingError:
            raise StoreClosed("The ACS is shutting down; its store is closed.") from None
        except sqlite3.Error as error:
            raise typed(error) from None

    async def _read_apart(self, query: Callable[[sqlite3.Connection], T]) -> T:
        if self._closing:
            raise StoreClosed("The ACS is shutting down; its store is closed.")
        loop = self._running_loop()
        return await loop.run_in_executor(self._threads, self._read, self._long_reader, query)

    # ---- the end

    async def close(self) -> None:
        if self._closing:
            return
        if self._flush_timer is not None:
            self._flush_timer.cancel()
        if self._flushing is not None:
            await asyncio.gather(self._flushing, return_exceptions=True)
        try:
            await self.flush()
        except StoreError as error:
            log.error("not everything could be written at the end: %s", error)
        self._closing = True
        if self._flush_timer is not None:
            self._flush_timer.cancel()
        loop = self._running_loop()
        if self._pending or self._writing:
            self._drained = loop.create_future()
            await self._drained
        await loop.run_in_executor(None, self._writer.stop)
        self._threads.shutdown()
        for connection in (self._reader, self._long_reader):
            with suppress(sqlite3.Error):
                connection.close()
        self._directory.release()
