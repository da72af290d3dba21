"""The store as its users see it: durable, isolated, recoverable, one process at a time."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from cwmp.acs.errors import Duplicate, Stale, StoreClosed, StoreError, StoreFull, StoreLocked
from cwmp.acs.store import Delete, Insert, MetaRow, Patch, Put
from cwmp.acs.store.sqlite import SqliteStore


def meta(name: object, value: object = "") -> Insert:
    return Insert(MetaRow(name, value))  # type: ignore[arg-type]


def run(work: object) -> None:
    asyncio.run(work)  # type: ignore[arg-type]


def test_what_was_committed_is_there_after_reopening(tmp_path: Path) -> None:
    async def first() -> None:
        store = SqliteStore(tmp_path)
        await store.commit([meta("a", "1"), meta("b", "2")])
        await store.commit([Patch(MetaRow, {"name": "a"}, {"value": "3"}), Delete(MetaRow, {"name": "b"})])
        await store.close()

    async def second() -> None:
        store = SqliteStore(tmp_path)
        row = await store.get(MetaRow, "a")
        assert row is not None and row.value == "3"
        assert await store.get(MetaRow, "b") is None
        await store.close()

    run(first())
    run(second())


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    async def work() -> None:
        old = os.umask(0)
        try:
            store = SqliteStore(tmp_path / "data")
            await store.commit([meta("a")])
        finally:
            os.umask(old)
        for path in (tmp_path / "data").iterdir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
        await store.close()

    run(work())


def test_a_bad_write_fails_only_its_own_submitter(tmp_path: Path) -> None:
    async def work() -> None:
        store = SqliteStore(tmp_path)
        await store.commit([meta("taken")])
        bad = [
            store.commit([meta("half"), meta("taken")]),
            store.commit([Patch(MetaRow, {"name": "nobody"}, {"value": "x"})]),
            store.commit([meta("object", object())]),
            store.commit([meta("surrogate", "\ud800")]),
            store.commit([meta("null", None)]),
            store.commit([Put(MetaRow("big", 1 << 70))]),  # type: ignore[arg-type]
            store.commit([Patch(MetaRow, {"nonsense": 1}, {"value": "x"})]),
            store.commit([Delete(MetaRow, {})]),
        ]
        good = [store.commit([meta(f"good{number}")]) for number in range(50)]
        mixed = [each for pair in zip(good[:8], bad, strict=True) for each in pair] + good[8:]
        done = await asyncio.gather(*mixed, return_exceptions=True)
        kinds = [type(each) for each in done[1:16:2]]
        assert kinds == [
            Duplicate,
            Stale,
            StoreError,
            StoreError,
            StoreError,
            StoreError,
            StoreError,
            StoreError,
        ]
        assert all(each is None for each in done[0:16:2] + done[16:])
        assert await store.get(MetaRow, "half") is None
        assert (await store.count(MetaRow))[None] == 51 + bool(await store.get(MetaRow, "generation"))
        await store.commit([meta("afterwards")])
        await store.close()

    run(work())


def test_a_submitter_that_goes_away_harms_nobody(tmp_path: Path) -> None:
    async def work() -> None:
        store = SqliteStore(tmp_path)
        gone = [asyncio.ensure_future(store.commit([meta(f"gone{number}")])) for number in range(20)]
        stay = [asyncio.ensure_future(store.commit([meta(f"stay{number}")])) for number in range(20)]
        await asyncio.sleep(0)
        for each in gone:
            each.cancel()
        await asyncio.gather(*stay)
        await store.close()

    run(work())


def test_coalesced_rows_are_written_once_and_outdated_by_commits(tmp_path: Path) -> None:
    async def work() -> None:
        store = SqliteStore(tmp_path, flush_seconds=60)
        for number in range(1000):
            store.later(Put(MetaRow("often", str(number))))
        jobs = store.jobs
        assert await store.get(MetaRow, "often") is None
        await store.flush()
        row = await store.get(MetaRow, "often")
        assert row is not None and row.value == "999"
        assert store.jobs - jobs <= 2
        store.later(Put(MetaRow("often", "stale")))
        await store.commit([Put(MetaRow("often", "newer"))])
        store.later(Put(MetaRow("patched", "late")))
        await store.commit([Patch(MetaRow, {"name": "patched"}, {"value": "patched"})])
        store.later(Put(MetaRow("deleted", "late")))
        await store.commit([Delete(MetaRow, {"name": "deleted"})])
        store.later(Put(MetaRow("bad", object())))  # type: ignore[arg-type]
        store.later(Put(MetaRow("last", "kept by close")))
        await store.close()
        store = SqliteStore(tmp_path)
        values = {row.name: row.value for row in await store.select(MetaRow) if row.name != "generation"}
        assert values == {"often": "newer", "patched": "patched", "last": "kept by close"}
        await store.close()

    run(work())


def test_coalesced_rows_are_flushed_by_themselves(tmp_path: Path) -> None:
    async def work() -> None:
        store = SqliteStore(tmp_path, flush_seconds=0.02)
        store.later(Put(MetaRow("soon", "")))
        async with asyncio.timeout(5):
            while await store.get(MetaRow, "soon") is None:  # noqa: ASYNC110 - nothing tells when
                await asyncio.sleep(0.005)
        await store.close()

    run(work())


def test_reads_in_pages_by_conditions(tmp_path: Path) -> None:
    async def work() -> None:
        store = SqliteStore(tmp_path)
        await store.commit([meta(f"n{number:04}", str(number % 3)) for number in range(1000)])
        seen: list[str] = []
        after = None
        while rows := await store.select(MetaRow, {"value": ("0", "1")}, after=after, limit=100):
            seen += [row.name for row in rows]
            after = rows[-1].name
        assert seen == [f"n{number:04}" for number in range(1000) if number % 3 < 2]
        assert (await store.select(MetaRow, {"value": "0"}, limit=1, descending=True))[0].name == "n0999"
        assert len(await store.select(MetaRow, below={"name": "n0010"})) == 10
        assert len(await store.select(MetaRow, {"value": ()})) == 0
        assert (await store.count(MetaRow, {"value": ("0", "1", "2")}, by="value")) == {
            "0": 334,
            "1": 333,
            "2": 333,
        }
        await store.close()

    run(work())


def test_two_processes_on_one_directory_are_refused(tmp_path: Path) -> None:
    async def work() -> None:
        store = SqliteStore(tmp_path)
        program = (
            "import sys, pathlib\nfrom cwmp.acs.store.sqlite import SqliteStore\n"
            "try:\n    SqliteStore(pathlib.Path(sys.argv[1]))\n"
            "except Exception as error:\n    print(type(error).__name__, error)\n"
        )
        told = subprocess.run(  # noqa: ASYNC221 - nothing else runs here
            [sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True
        )
        assert told.stdout.startswith("StoreLocked Another ACS (process ")
        assert str(os.getpid()) in told.stdout
        with pytest.raises(StoreLocked):
            SqliteStore(tmp_path)
        await store.close()
        await SqliteStore(tmp_path).close()

    run(work())


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    async def work() -> None:
        await SqliteStore(tmp_path).close()
        with sqlite3.connect(tmp_path / "acs.sqlite") as connection:
            connection.execute("PRAGMA user_version = 999")
        with pytest.raises(StoreError, match="newer cwmp"):
            SqliteStore(tmp_path)
        (tmp_path / "acs.sqlite").write_bytes(b"this is no database" * 100)
        with pytest.raises(StoreError, match="cannot be opened"):
            SqliteStore(tmp_path)

    run(work())


def test_a_full_disk_is_told_and_survived(tmp_path: Path) -> None:
    async def work() -> None:
        store = SqliteStore(tmp_path, flush_seconds=60)
        connection = store._writer._connection
        assert connection is not None
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 5}")
        for _ in range(2):
            done = await asyncio.gather(
                *(store.commit([meta(f"big{number}", "x" * 20_000)]) for number in range(5)),
                store.commit([meta("taken")]),
                return_exceptions=True,
            )
            assert any(isinstance(each, StoreFull) for each in done)
            assert all(each is None or isinstance(each, StoreFull | Duplicate) for each in done)
        for number in range(5):
            store.later(Put(MetaRow(f"later{number}", "y" * 20_000)))
        with pytest.raises(StoreFull, match="make room"):
            await store.flush()
        connection.execute("PRAGMA max_page_count = 1000000")
        await store.commit([Put(MetaRow("big0", "x" * 20_000))])
        await store.flush()
        assert await store.get(MetaRow, "later4") is not None
        await store.close()

    run(work())


def test_a_dead_writer_is_replaced(tmp_path: Path) -> None:
    async def work() -> None:
        store = SqliteStore(tmp_path)
        await store.commit([meta("before")])
        store._writer._groups.put(None)  # ends the thread as if it had died
        thread = store._writer._thread
        assert thread is not None
        thread.join()
        async with asyncio.timeout(5):
            await store.commit([meta("after")])
        await store.close()

    run(work())


def test_a_stumbling_writer_answers_everybody_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        store = SqliteStore(tmp_path)

        def stumble(*_: object) -> None:
            raise MemoryError

        monkeypatch.setattr(store._writer, "_write", stumble)
        async with asyncio.timeout(5):
            done = await asyncio.gather(
                *(store.commit([meta(str(n))]) for n in range(3)), return_exceptions=True
            )
        assert [type(each) for each in done] == [StoreError] * 3
        monkeypatch.undo()
        await store.commit([meta("afterwards")])
        await store.close()
        with pytest.raises(StoreClosed):
            await store.commit([meta("too late")])

    run(work())


def test_a_database_put_back_from_a_backup_is_noticed(tmp_path: Path) -> None:
    async def changes(number: int) -> bool:
        store = SqliteStore(tmp_path, flush_seconds=0.01)
        for each in range(number):
            await store.commit([Put(MetaRow("x", str(each)))])
            await store.flush()
        await store.close()
        return store.restored

    assert not asyncio.run(changes(3))
    backup = (tmp_path / "acs.sqlite").read_bytes()
    assert not asyncio.run(changes(3))
    assert not asyncio.run(changes(0))
    (tmp_path / "acs.sqlite").write_bytes(backup)
    assert asyncio.run(changes(1))
    assert not asyncio.run(changes(0))
    (tmp_path / "restored").touch()
    assert asyncio.run(changes(0))
    assert not asyncio.run(changes(0))
