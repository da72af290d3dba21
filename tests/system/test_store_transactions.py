"""Transactions and batches over a real store, also across restarts."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from cwmp.acs.errors import BadInput, Conflict, KeyMismatch, StoreFull, UnknownBatch, UnknownTransaction
from cwmp.acs.state import State, open_state
from cwmp.acs.store import MemoryRow, Put
from cwmp.acs.transactions.batches import BatchItem, batch_json
from cwmp.acs.transactions.transactions import Limits, TransactionRecord, transaction_json

DEVICE = "0A0B0C-Box-1"
SECRET = "pa55-of-the-line"
PAYLOAD: dict[str, Any] = {"state": {"set": {".ManagementServer.Password": SECRET}}}


@asynccontextmanager
async def state_in(path: Path, limits: Limits | None = None) -> AsyncIterator[State]:
    state = await open_state(path, limits=limits)
    try:
        yield state
    finally:
        await state.close()


def run(work: Callable[..., Awaitable[None]], *arguments: Any) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(30):
            await work(*arguments)

    asyncio.run(bounded())


async def wait_until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - conditions of all kinds
            await asyncio.sleep(0.002)


def assert_nowhere(path: Path, secret: str) -> None:
    for file in path.rglob("*"):
        assert file.is_dir() or secret.encode() not in file.read_bytes(), file


def test_the_way_of_a_transaction(tmp_path: Path) -> None:
    async def work() -> None:
        async with state_in(tmp_path) as state:
            transactions = state.transactions
            queued: list[str] = []
            transactions.on_queued(lambda device, tx: queued.append(f"{device} {tx.state}"))
            tx = await transactions.submit(DEVICE, "converge", PAYLOAD, actor="me")
            assert queued == [f"{DEVICE} queued"]
            assert len(tx.token) <= 32
            assert transactions.next_for(DEVICE) is tx
            assert transactions.devices_waiting() == (DEVICE,)
            await transactions.begin(tx)
            assert transactions.next_for(DEVICE) is None
            assert transactions.payload(tx) == PAYLOAD
            assert transactions.memory(tx) is None
            await transactions.checkpoint(tx, {"rows": [1]})
            assert transactions.memory(tx) == {"rows": [1]}
            waiting = asyncio.create_task(transactions.wait(tx.id, 10))
            await asyncio.sleep(0)
            learnt = Put(MemoryRow(DEVICE, '{"p": "hash"}', "{}", "{}"))
            await transactions.end(tx, "done", result={"changed": True}, also=[learnt])
            assert (await waiting).state == "done"
            assert await state.store.get(MemoryRow, DEVICE) == learnt.row
            shown = transaction_json(await transactions.get(tx.id))
            assert shown["result"] == {"changed": True}
            assert shown["ended"].endswith("Z")
            assert transactions.next_for(DEVICE) is None
            assert transactions.counts()["ended_done"] == 1
            with pytest.raises(UnknownTransaction):
                await transactions.get("nonsense")
        async with state_in(tmp_path) as state:
            assert (await state.transactions.get(tx.id)).result == {"changed": True}
            assert [each.id for each in await state.transactions.list(device=DEVICE)] == [tx.id]

    run(work)


def test_no_secret_is_on_the_disk_in_clear_and_none_at_all_afterwards(tmp_path: Path) -> None:
    async def work() -> None:
        async with state_in(tmp_path) as state:
            tx = await state.transactions.submit(DEVICE, "converge", PAYLOAD, client_key="k")
            await state.transactions.begin(tx)
            await state.transactions.checkpoint(tx, {"wanted": SECRET})
            assert_nowhere(tmp_path, SECRET)
            await state.transactions.end(tx, "done", result={})
            with sqlite3.connect(tmp_path / "acs.sqlite") as connection:
                assert connection.execute("SELECT payload, memory FROM tx").fetchall() == [(None, None)]

    run(work)


def test_the_same_client_key_is_the_same_transaction(tmp_path: Path) -> None:
    async def work() -> None:
        async with state_in(tmp_path) as state:
            submit = state.transactions.submit
            calls = [submit(DEVICE, "converge", PAYLOAD, client_key="k") for _ in range(20)]
            records = await asyncio.gather(*calls)
            assert len({record.id for record in records}) == 1
            assert len(await state.transactions.list()) == 1
            with pytest.raises(Conflict, match="client key"):
                await submit(DEVICE, "converge", {"state": {}}, client_key="k")
            with pytest.raises(Conflict):
                await submit(DEVICE, "converge", PAYLOAD, client_key="k", check=True)
            with pytest.raises(Conflict):
                await submit("0A0B0C-Box-2", "converge", PAYLOAD, client_key="k")
            await state.transactions.end(records[0], "cancelled")
            assert (await submit(DEVICE, "converge", PAYLOAD, client_key="k")).state == "cancelled"
        async with state_in(tmp_path) as state:
            again = await state.transactions.submit(DEVICE, "converge", PAYLOAD, client_key="k")
            assert again.id == records[0].id
            assert len(await state.transactions.list()) == 1

    run(work)


def test_one_at_a_time_in_order_of_submission(tmp_path: Path) -> None:
    async def work() -> None:
        async with state_in(tmp_path) as state:
            transactions = state.transactions
            submitted = [await transactions.submit(DEVICE, "read", {"n": number}) for number in range(5)]
            other = await transactions.submit("other", "read", {})
            for tx in submitted:
                assert transactions.next_for(DEVICE) is tx
                await transactions.begin(tx)
                assert transactions.next_for(DEVICE) is None
                with pytest.raises(Conflict):
                    await transactions.begin(tx)
                assert transactions.next_for("other") is other
                # Without waiting for the disk, the next one can go on.
                storing = asyncio.ensure_future(transactions.end(tx, "done"))
                assert transactions.next_for(DEVICE) is not tx
                await storing
            assert transactions.open_for(DEVICE) == ()

    run(work)


def test_expiry_says_why_the_device_did_not_come(tmp_path: Path) -> None:
    async def work() -> None:
        async with state_in(tmp_path) as state:
            transactions = state.transactions
            soon = time.time() + 0.5
            plain = await transactions.submit(DEVICE, "read", {}, expires_at=soon)
            woken = await transactions.submit(DEVICE, "read", {}, expires_at=soon)
            silent = await transactions.submit(DEVICE, "read", {}, expires_at=soon, connection_request="none")
            past = await transactions.submit(DEVICE, "read", {}, expires_at=1.0)
            late = await transactions.submit("late", "read", {}, expires_at=soon)
            assert transactions.next_for(DEVICE) is plain
            transactions.woken(woken, {"answer": "no_answer", "detail": "nothing listens"})
            await transactions.begin(late)
            ended = [await transactions.wait(tx.id, 10) for tx in (plain, woken, silent, past)]
            assert [tx.state for tx in ended] == ["expired"] * 4
            assert all(tx.fault is not None and tx.fault["kind"] == "offline" for tx in ended)
            says = [tx.fault["message"] for tx in ended if tx.fault is not None]
            assert "was not woken" in says[0]
            assert "no answer, nothing listens" in says[1]
            assert "not to be woken" in says[2]
            assert all(DEVICE in each for each in says)
            assert ended[1].connection_request == {"answer": "no_answer", "detail": "nothing listens"}
            # What runs is not cut off, and is over when its session is.
            assert late.state == "running"
            await transactions.retry(late, "it hung up")
            assert late.state == "expired"
            assert late.fault is not None and "it hung up" in late.fault["message"]

    run(work)


def test_cancel_takes_back_only_what_has_not_begun(tmp_path: Path) -> None:
    async def work() -> None:
        async with state_in(tmp_path) as state:
            transactions = state.transactions
            queued = await transactions.submit(DEVICE, "converge", PAYLOAD)
            running = await transactions.submit("running", "converge", PAYLOAD)
            lost = await transactions.submit("lost", "converge", PAYLOAD)
            untouched = await transactions.submit("untouched", "converge", PAYLOAD)
            for tx in (running, lost, untouched):
                await transactions.begin(tx)
            await transactions.checkpoint(lost, {"written": "perhaps"})
            await transactions.retry(lost, "it hung up")
            await transactions.retry(untouched, "it hung up")
            both = await asyncio.gather(
                *(transactions.cancel(queued.id, "the caller left") for _ in range(2))
            )
            assert [tx.state for tx in both] == ["cancelled", "cancelled"]
            assert queued.fault is not None and "the caller left" in queued.fault["message"]
            assert (await transactions.cancel(running.id)).state == "running"
            assert (await transactions.cancel(lost.id)).state == "queued"
            assert (await transactions.cancel(untouched.id)).state == "cancelled"
            assert (await transactions.cancel(queued.id)).state == "cancelled"
            assert await transactions.cancel_device("running") == 0

    run(work)


def test_lost_sessions_are_tried_again_a_few_times_with_memory(tmp_path: Path) -> None:
    async def work() -> None:
        async with state_in(tmp_path, Limits(attempts=3)) as state:
            transactions = state.transactions
            again: list[str] = []
            tx = await transactions.submit(DEVICE, "converge", PAYLOAD)
            transactions.on_queued(lambda device, tx: again.append(device))
            for attempt in range(1, 4):
                assert transactions.next_for(DEVICE) is tx
                await transactions.begin(tx)
                assert tx.attempts == attempt
                assert transactions.memory(tx) == ({"at": attempt - 1} if attempt > 1 else None)
                await transactions.checkpoint(tx, {"at": attempt})
                await transactions.retry(tx, "it hung up")
            assert again == [DEVICE, DEVICE]
            assert tx.state == "fault"
            assert tx.fault is not None and tx.fault["kind"] == "session"
            assert "3 times" in tx.fault["message"] and "may have been made" in tx.fault["message"]
            with pytest.raises(Conflict):
                await transactions.checkpoint(tx, {})
            await transactions.end(tx, "done")
            assert tx.state == "fault"

    run(work)


def test_a_begun_transaction_is_settled_after_its_time(tmp_path: Path) -> None:
    async def work() -> None:
        async with state_in(tmp_path, Limits(settle=0.3)) as state:
            transactions = state.transactions
            tx = await transactions.submit(DEVICE, "converge", PAYLOAD, expires_at=time.time() + 0.05)
            await transactions.begin(tx)
            await transactions.checkpoint(tx, {})
            await asyncio.sleep(0.08)
            await transactions.retry(tx, "it hung up")
            assert transactions.next_for(DEVICE) is tx
            await transactions.wait(tx.id, 5)
            assert tx.state == "expired"
            assert tx.fault is not None and tx.fault["kind"] == "session"

    run(work)


def test_after_a_restart_everything_open_goes_on_from_its_memory(tmp_path: Path) -> None:
    async def work() -> None:
        async with state_in(tmp_path) as state:
            transactions = state.transactions
            running = await transactions.submit(DEVICE, "converge", PAYLOAD)
            await transactions.begin(running)
            await transactions.checkpoint(running, {"rows": {"a": 1}})
            queued = await transactions.submit(DEVICE, "read", {"paths": []})
            gone = await transactions.submit(DEVICE, "read", {}, expires_at=time.time() + 0.1)
            settle = await transactions.submit("settle", "converge", PAYLOAD, expires_at=time.time() + 0.1)
            await transactions.begin(settle)
            await transactions.checkpoint(settle, {})
        await asyncio.sleep(0.15)
        async with state_in(tmp_path) as state:
            transactions = state.transactions
            tx = transactions.next_for(DEVICE)
            assert tx is not None and tx.id == running.id and tx.begun
            assert set(transactions.devices_waiting()) == {DEVICE, "settle"}
            await transactions.begin(tx)
            assert tx.attempts == 2
            assert transactions.payload(tx) == PAYLOAD
            assert transactions.memory(tx) == {"rows": {"a": 1}}
            assert (await transactions.wait(gone.id, 5)).state == "expired"
            assert transactions.next_for("settle") is not None
            assert (await transactions.get(settle.id)).expires_at > time.time() + 60
            await transactions.end(tx, "done")
            following = transactions.next_for(DEVICE)
            assert following is not None and following.id == queued.id
            newer = await transactions.submit(DEVICE, "read", {})
            assert newer.id > queued.id

    run(work)


def test_what_kills_the_process_is_not_tried_for_ever(tmp_path: Path) -> None:
    async def work() -> None:
        async with state_in(tmp_path) as state:
            await state.transactions.submit(DEVICE, "converge", PAYLOAD)
        for _ in range(3):  # each time the process "dies" right after begin
            async with state_in(tmp_path) as state:
                tx = state.transactions.next_for(DEVICE)
                assert tx is not None
                await state.transactions.begin(tx)
        async with state_in(tmp_path) as state:
            (tx,) = await state.transactions.list()
            tx = await state.transactions.wait(tx.id, 5)
            assert (tx.state, tx.attempts) == ("fault", 3)
            assert tx.fault is not None and tx.fault["kind"] == "session"

    run(work)


def test_a_restored_backup_replays_nothing(tmp_path: Path) -> None:
    async def work() -> None:
        async with state_in(tmp_path) as state:
            open_ = await state.transactions.submit(DEVICE, "converge", PAYLOAD)
            batch = await state.batches.submit([BatchItem(DEVICE, PAYLOAD)] * 3, concurrency=1)
        (tmp_path / "restored").touch()
        async with state_in(tmp_path) as state:
            tx = await state.transactions.get(open_.id)
            assert tx.state == "cancelled"
            assert tx.fault is not None and "backup" in tx.fault["message"]
            assert state.transactions.devices_waiting() == ()
            over = await state.batches.wait(batch.id, 5)
            assert (over.over, over.cancelled) == (True, 3)

    run(work)


def test_ends_wait_for_room_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async with state_in(tmp_path) as state:
            tx = await state.transactions.submit(DEVICE, "converge", PAYLOAD)
            await state.transactions.begin(tx)

            async def full(writes: object) -> None:
                raise StoreFull("full")

            monkeypatch.setattr(state.store, "commit", full)
            with pytest.raises(StoreFull):
                await state.transactions.submit(DEVICE, "converge", PAYLOAD, client_key="k")
            ending = asyncio.ensure_future(state.transactions.end(tx, "done", result={"changed": True}))
            await asyncio.sleep(0.1)
            assert tx.state == "running"
            assert state.transactions.next_for(DEVICE) is None
            monkeypatch.undo()
            await ending
            assert tx.state == "done"
            await state.transactions.submit(DEVICE, "converge", PAYLOAD, client_key="k")

    run(work)


def test_lists_by_state_in_pages_newest_first(tmp_path: Path) -> None:
    async def work() -> None:
        async with state_in(tmp_path) as state:
            transactions = state.transactions
            submitted = [await transactions.submit(f"d{number}", "read", {}) for number in range(7)]
            await transactions.begin(submitted[3])
            await transactions.end(submitted[5], "fault", fault={"kind": "cwmp"})
            listed = await transactions.list(state="queued", limit=2)
            assert listed == [submitted[6], submitted[4]]
            listed = await transactions.list(state="queued", limit=10, after=listed[-1].id)
            assert listed == [submitted[2], submitted[1], submitted[0]]
            assert await transactions.list(state="running") == [submitted[3]]
            assert await transactions.list(state="fault") == [submitted[5]]
            assert await transactions.list(device="d1") == [submitted[1]]
            assert len(await transactions.list(limit=3)) == 3

    run(work)


def test_old_ones_are_removed(tmp_path: Path) -> None:
    async def work() -> None:
        async with state_in(tmp_path, Limits(keep_count=5, ended_in_memory=2)) as state:
            ended = [await state.transactions.submit(DEVICE, "read", {}) for _ in range(12)]
            still = await state.transactions.submit(DEVICE, "read", {})
            for tx in ended:
                await state.transactions.end(tx, "done")
            assert await state.transactions._retention.tidy() == 7
            assert len(await state.transactions.list()) == 6
            assert (await state.transactions.get(ended[-1].id)).state == "done"
            assert (await state.transactions.get(ended[7].id)).state == "done"
            with pytest.raises(UnknownTransaction):
                await state.transactions.get(ended[0].id)
            assert await state.transactions.get(still.id) is still

    run(work)


def test_another_key_is_noticed(tmp_path: Path) -> None:
    async def work() -> None:
        async with state_in(tmp_path):
            pass
        key = tmp_path / "keys" / "acs.key"
        assert key.stat().st_mode & 0o777 == 0o600
        held = key.read_bytes()
        key.unlink()
        with pytest.raises(KeyMismatch, match="is missing"):
            await open_state(tmp_path)
        assert not key.exists()
        key.write_bytes(bytes(32))
        with pytest.raises(KeyMismatch, match="sealed with another key"):
            await open_state(tmp_path)
        key.write_bytes(held)
        async with state_in(tmp_path):
            pass

    run(work)


# ---- batches


class Devices:
    """Does every transaction that becomes runnable, some in vain; counts how many it is at."""

    def __init__(self, state: State, fails: set[str], *, hold: bool = False) -> None:
        self.state = state
        self.fails = fails
        self.hold = hold
        self.at_once = 0
        self.most = 0
        self.done: list[str] = []
        self.tasks: set[asyncio.Task[None]] = set()
        state.transactions.on_queued(self.queued)
        for device in state.transactions.devices_waiting():
            for tx in state.transactions.open_for(device):
                self.queued(device, tx)

    def queued(self, device: str, tx: TransactionRecord) -> None:
        if not self.hold:
            task = asyncio.get_running_loop().create_task(self.do(tx))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def do(self, tx: TransactionRecord) -> None:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await self.state.transactions.begin(tx)
        await asyncio.sleep(0.002)
        self.at_once -= 1
        self.done.append(tx.device)
        if tx.device in self.fails:
            await self.state.transactions.end(tx, "fault", fault={"kind": "cwmp", "code": 9007})
        else:
            await self.state.transactions.end(tx, "done", result={})


def items(number: int) -> list[BatchItem]:
    return [BatchItem(f"0A0B0C-Box-{each:04}", PAYLOAD) for each in range(number)]


def test_a_batch_is_done_with_its_concurrency(tmp_path: Path) -> None:
    async def work() -> None:
        async with state_in(tmp_path) as state:
            devices = Devices(state, {"0A0B0C-Box-0007"})
            batch = await state.batches.submit(items(300), concurrency=20, client_key="k")
            assert (await state.batches.submit(items(300), concurrency=20, client_key="k")).id == batch.id
            with pytest.raises(Conflict):
                await state.batches.submit(items(301), client_key="k")
            over = await state.batches.wait(batch.id, 20)
            assert (over.state, over.done, over.failed, over.cancelled) == ("done", 299, 1, 0)
            assert devices.most <= 20
            assert len(set(devices.done)) == 300
            shown = batch_json(await state.batches.get(batch.id))
            assert shown["total"] == 300 and shown["over"]
            assert len(await state.transactions.list(batch=batch.id, state="fault")) == 1
            with pytest.raises(UnknownBatch):
                await state.batches.get("b0")
            with pytest.raises(BadInput):
                await state.batches.submit([])

    run(work)


def test_a_batch_stops_at_its_threshold(tmp_path: Path) -> None:
    async def work() -> None:
        async with state_in(tmp_path) as state:
            bad = {f"0A0B0C-Box-{each:04}" for each in range(0, 1000, 2)}
            devices = Devices(state, bad)
            batch = await state.batches.submit(items(500), concurrency=10, max_fail_percentage=5)
            over = await state.batches.wait(batch.id, 20)
            assert over.state == "stopped"
            assert 26 <= over.failed <= 26 + 10
            assert over.done + over.failed + over.cancelled == 500
            assert over.cancelled > 400
            assert len(devices.done) == over.done + over.failed
            assert "max_fail_percentage" in over.reason
            one = (await state.transactions.list(batch=batch.id, state="cancelled", limit=1))[0]
            assert one.fault is not None and "stopped" in one.fault["message"]
            with pytest.raises(Conflict):
                await state.batches.resume(batch.id)

    run(work)


def test_a_threshold_of_nothing_stops_at_the_first_and_a_hundred_never(tmp_path: Path) -> None:
    async def work() -> None:
        async with state_in(tmp_path) as state:
            bad = {f"0A0B0C-Box-{each:04}" for each in range(1000)}
            Devices(state, bad)
            strict = await state.batches.submit(items(50), concurrency=1, max_fail_percentage=0)
            assert (await state.batches.wait(strict.id, 10)).failed == 1
            lax = await state.batches.submit(items(50), concurrency=5, max_fail_percentage=100)
            over = await state.batches.wait(lax.id, 10)
            assert (over.state, over.failed) == ("done", 50)

    run(work)


def test_a_batch_is_paused_resumed_and_cancelled(tmp_path: Path) -> None:
    async def work() -> None:
        async with state_in(tmp_path) as state:
            devices = Devices(state, set())
            batch = await state.batches.submit(items(200), concurrency=2)
            await wait_until(lambda: batch.done > 5)
            await state.batches.pause(batch.id)
            await wait_until(lambda: batch.active == 0)
            done = batch.done
            assert 5 < done < 200
            assert (await state.batches.wait(batch.id, 0.05)).state == "paused"
            assert batch.done == done
            await state.batches.resume(batch.id)
            await wait_until(lambda: batch.done > done + 5)
            await state.batches.cancel(batch.id)
            over = await state.batches.wait(batch.id, 10)
            assert over.state == "cancelled"
            assert over.done + over.cancelled == 200
            assert over.done == len(devices.done)

    run(work)


def test_an_item_expires_from_its_release_and_counts_as_failed(tmp_path: Path) -> None:
    async def work() -> None:
        async with state_in(tmp_path) as state:
            batch = await state.batches.submit(items(6), concurrency=2, expires_after=0.05)
            over = await state.batches.wait(batch.id, 10)
            assert (over.state, over.failed) == ("done", 6)

    run(work)


def test_a_held_item_can_be_cancelled_alone(tmp_path: Path) -> None:
    async def work() -> None:
        async with state_in(tmp_path) as state:
            devices = Devices(state, set(), hold=True)
            batch = await state.batches.submit(items(5), concurrency=1)
            await wait_until(lambda: batch.active == 1)
            held = [tx for tx in await state.transactions.list(batch=batch.id) if tx.held]
            assert len(held) == 4
            assert (await state.transactions.cancel(held[0].id, "not this one")).state == "cancelled"
            assert state.transactions.next_for(held[1].device) is None
            devices.hold = False
            released = [
                tx for tx in await state.transactions.list(batch=batch.id, state="queued") if not tx.held
            ]
            devices.queued(released[0].device, released[0])
            over = await state.batches.wait(batch.id, 10)
            assert (over.done, over.cancelled) == (4, 1)

    run(work)


def test_a_batch_goes_on_after_a_restart(tmp_path: Path) -> None:
    async def work() -> None:
        async with state_in(tmp_path) as state:
            Devices(state, {"0A0B0C-Box-0003"})
            batch = await state.batches.submit(items(100), concurrency=5, max_fail_percentage=50)
            paused = await state.batches.submit(items(10), concurrency=5)
            await state.batches.pause(paused.id)
            await wait_until(lambda: batch.done > 20)
            done = batch.done
            # What a batch without its own row left behind is no batch.
            await state.transactions.hold("borphan", [(DEVICE, "converge", PAYLOAD)])
        async with state_in(tmp_path) as state:
            Devices(state, set())
            now = await state.batches.get(batch.id)
            assert now.done >= done
            over = await state.batches.wait(batch.id, 10)
            assert (over.state, over.done + over.failed, over.failed) == ("done", 100, 1)
            held = await state.batches.get(paused.id)
            assert held.state == "paused"
            await state.batches.resume(paused.id)
            assert (await state.batches.wait(paused.id, 10)).done >= 5
            assert await state.transactions.list(batch="borphan") == []
            assert [each.id for each in await state.batches.list()] == [paused.id, batch.id]

    run(work)
