"""The one thread that writes: groups of jobs, each job all or nothing, each group one sync to disk."""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from cwmp.acs.errors import Duplicate, Stale, StoreError, StoreFull
from cwmp.acs.store.statements import Statement

log = logging.getLogger("cwmp.acs.store")


@dataclass(slots=True, eq=False)
class Job:
    """What one submitter wants written, and where it waits."""

    statements: Sequence[Statement]
    future: asyncio.Future[None]


Outcome = list[StoreError | None]


class Writer:
    """Runs groups in a thread of its own and reports back to the loop's thread.

    Whatever goes wrong with a group, its jobs get an error and the thread goes on with the next; should the
    thread itself die, the next group starts another.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._connection: sqlite3.Connection | None = connect()
        self._groups: queue.SimpleQueue[tuple[list[Job], Callable[[Outcome], None]] | None] = (
            queue.SimpleQueue()
        )
        self._thread: threading.Thread | None = None

    def run(self, group: list[Job], report: Callable[[Outcome], None]) -> None:
        """Write a group; `report` is called in the writer's thread with one error or None per job."""
        self._groups.put((group, report))
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._work, name="cwmp-store", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Finish what was given, then end the thread and close the connection."""
        if self._thread is not None and self._thread.is_alive():
            self._groups.put(None)
            self._thread.join()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _work(self) -> None:
        while (given := self._groups.get()) is not None:
            group, report = given
            try:
                outcome = self._write(group)
            except BaseException as error:
                log.exception("the writer stumbled; it goes on with a new connection")
                outcome = [
                    StoreError(f"The store failed ({type(error).__name__}); nothing was stored.")
                ] * len(group)
                self._renew()
            # The loop may be closed already when the process is going down.
            with suppress(RuntimeError):
                report(outcome)

    def _renew(self) -> None:
        with suppress(Exception):
            if self._connection is not None:
                self._connection.close()
        self._connection = None

    def _write(self, group: list[Job]) -> Outcome:
        if self._connection is None:
            self._connection = self._connect()
        connection = self._connection
        error = _together(connection, group)
        if error is None:
            return [None] * len(group)
        if len(group) == 1:
            return [error]
        # Somebody's write is bad. Give each its own savepoint, so that only the culprit fails.
        return _apart(connection, group)


def _together(connection: sqlite3.Connection, group: list[Job]) -> StoreError | None:
    try:
        connection.execute("BEGIN IMMEDIATE")
        for job in group:
            _apply(connection, job)
        connection.execute("COMMIT")
    except Exception as error:
        _roll_back(connection)
        return typed(error)
    return None


def _apart(connection: sqlite3.Connection, group: list[Job]) -> Outcome:
    outcome: Outcome = []
    try:
        connection.execute("BEGIN IMMEDIATE")
        for job in group:
            connection.execute("SAVEPOINT job")
            try:
                _apply(connection, job)
            except Exception as error:
                if not connection.in_transaction:
                    # A full disk makes SQLite roll back everything: then this is nobody's own fault.
                    raise
                connection.execute("ROLLBACK TO job")
                outcome.append(typed(error))
            else:
                outcome.append(None)
            connection.execute("RELEASE job")
        connection.execute("COMMIT")
    except Exception as error:
        _roll_back(connection)
        common = typed(error)
        return [
            outcome[place] if place < len(outcome) and outcome[place] is not None else common
            for place in range(len(group))
        ]
    return outcome


def _apply(connection: sqlite3.Connection, job: Job) -> None:
    statements = job.statements
    if len(statements) > 2 and not any(statement.must_match for statement in statements):
        for sql, alike in groupby(statements, key=itemgetter(0)):
            connection.executemany(sql, [statement.parameters for statement in alike])
        return
    for statement in statements:
        cursor = connection.execute(statement.sql, statement.parameters)
        if statement.must_match and cursor.rowcount == 0:
            raise Stale("What was to be changed is no longer as it was; look again.")


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def typed(error: Exception) -> StoreError:
    """The error the submitter gets. Never quotes values."""
    if isinstance(error, StoreError):
        return error
    name = getattr(error, "sqlite_errorname", "") or ""
    if name in ("SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_ROWID"):
        return Duplicate("There is one of this key already.")
    if name == "SQLITE_FULL" or name == "SQLITE_IOERR_WRITE" or getattr(error, "errno", 0) == 28:
        return StoreFull(
            "The disk of the ACS's data directory is full; make room, nothing of this was stored."
        )
    if name.startswith("SQLITE"):
        return StoreError(f"The database refused the write ({name}); nothing of this was stored.")
    return StoreError(f"A value cannot be stored ({type(error).__name__}); nothing of this was stored.")
