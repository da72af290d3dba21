"""What was acknowledged is there after ``kill -9``, and what the disk says is what happened."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from cwmp.acs.state import open_state

ROUNDS = 8

CHILD = """
import asyncio, os, sys
from pathlib import Path
from cwmp.acs.transactions.batches import BatchItem
from cwmp.acs.state import open_state

def say(*words):
    # One write: a line is told whole or not at all.
    os.write(1, (" ".join(words) + "\\n").encode())

async def work(state, number):
    transactions = state.transactions
    each = 0
    while True:
        each += 1
        device = f"0A0B0C-Box-{number}"
        key = f"{sys.argv[2]}-{number}-{each}"
        tx = await transactions.submit(device, "converge", {"n": each}, client_key=key)
        say("submitted", tx.id, key)
        if each % 4 == 0:
            await transactions.cancel(tx.id)
            say("cancelled", tx.id)
            continue
        if each % 4 == 1:
            continue
        mine = transactions.next_for(device)
        await transactions.begin(mine)
        await transactions.checkpoint(mine, {"of": mine.id})
        say("checkpoint", mine.id)
        if each % 4 == 2:
            await transactions.retry(mine, "test")
            continue
        await transactions.end(mine, "done", result={"of": mine.id})
        say("done", mine.id)

async def batches(state):
    while True:
        batch = await state.batches.submit([BatchItem("d", {})] * 30, concurrency=1, expires_after=0.02)
        say("batch", batch.id)
        await asyncio.sleep(0.01)

async def main():
    state = await open_state(Path(sys.argv[1]))
    say("ready")
    await asyncio.gather(*(work(state, number) for number in range(16)), batches(state))

asyncio.run(main())
"""


def killed(data: Path, turn: int) -> list[list[str]]:
    """What a child acknowledged before it was killed."""
    told = data.parent / f"told{turn}"
    with told.open("wb") as file:
        child = subprocess.Popen([sys.executable, "-c", CHILD, str(data), str(turn)], stdout=file)
    try:
        deadline = time.monotonic() + 20
        while not told.stat().st_size:
            assert child.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.005)
        time.sleep(random.uniform(0.05, 0.35))
        assert child.poll() is None
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    return [line.split() for line in told.read_text().splitlines()[1:]]


def test_nothing_acknowledged_is_lost_by_kill_9(tmp_path: Path) -> None:
    told: dict[str, str] = {}
    keys: dict[str, str] = {}
    batches: list[str] = []
    for turn in range(ROUNDS):
        for word, ident, *key in killed(tmp_path / "data", turn):
            if word == "batch":
                batches.append(ident)
                continue
            if key:
                keys[ident] = key[0]
            told[ident] = word

    async def look() -> None:
        state = await open_state(tmp_path / "data")
        for ident, word in told.items():
            tx = await state.transactions.get(ident)
            # Stored by a child that was killed before it could tell, and taken up by the next: no key here.
            assert tx.client_key == keys.get(ident, tx.client_key)
            if word in ("done", "cancelled"):
                assert tx.state == word, (ident, word, tx.state)
            elif word == "checkpoint":
                # Its end may have been stored without having been told; or it is runnable, with memory.
                assert tx.state in ("done", "fault") or tx.begun
                if not tx.over and (running := state.transactions.next_for(tx.device)) is tx:
                    await state.transactions.begin(running)
                    assert state.transactions.memory(tx) == {"of": tx.id}
            if tx.state == "done":
                assert tx.result == {"of": tx.id}
        ident = list(keys)[-1]
        again = await state.transactions.submit(
            (await state.transactions.get(ident)).device,
            "converge",
            {"n": int(keys[ident].split("-")[2])},
            client_key=keys[ident],
        )
        assert again.id == ident
        for batch in batches:
            record = await state.batches.get(batch)
            assert record.total == 30
            assert record.done + record.failed + record.cancelled + record.active + record.waiting == 30
        await state.batches.cancel(batches[-1])
        await state.close()

    asyncio.run(look())
    print(
        f"\nkill -9: {ROUNDS} times, {len(told)} transactions and {len(batches)} batches acknowledged, 0 lost"
    )
    assert len(told) > 50
    assert batches
