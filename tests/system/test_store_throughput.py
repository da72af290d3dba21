"""Figures of the store on this machine. Printed (``pytest -s``); asserted only as far as any machine goes."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

from cwmp.acs.state import State, open_state

PAYLOAD = {"state": {"set": {f".ManagementServer.X{number}": "some value" for number in range(5)}}}


async def submits(state: State, number: int, at_once: int) -> tuple[float, float]:
    """(per second, CPU microseconds each) of durable submits."""

    async def submitter(name: int) -> None:
        for each in range(number // at_once):
            await state.transactions.submit(f"0A0B0C-Box-{name}-{each}", "converge", PAYLOAD)

    cpu, begun = time.process_time(), time.perf_counter()
    await asyncio.gather(*(submitter(name) for name in range(at_once)))
    took = time.perf_counter() - begun
    return number / took, (time.process_time() - cpu) / number * 1e6


def test_durable_submits(tmp_path: Path) -> None:
    async def work() -> None:
        state = await open_state(tmp_path)
        await submits(state, 64, 64)
        alone, alone_cpu = await submits(state, 300, 1)
        groups = state.store.groups  # type: ignore[attr-defined]
        many, many_cpu = await submits(state, 3200, 64)
        shared = 3200 / (state.store.groups - groups)  # type: ignore[attr-defined]
        # The floor of this disk: one small write and its sync.
        descriptor = os.open(tmp_path / "floor", os.O_WRONLY | os.O_CREAT)
        begun = time.perf_counter()
        for _ in range(100):
            os.write(descriptor, b"x" * 4096)
            os.fdatasync(descriptor)
        sync = (time.perf_counter() - begun) / 100
        os.close(descriptor)
        print(
            f"\ndurable submits/s: alone {alone:.0f} ({alone_cpu:.0f} µs CPU each), "
            f"64 at once {many:.0f} ({many_cpu:.0f} µs CPU each, {shared:.0f} per commit); "
            f"floor: one 4 kB write and sync {sync * 1e6:.0f} µs"
        )
        # A lone commit waits for no window: it takes little more than its own syncs.
        assert 1 / alone < 6 * sync + 0.02
        assert shared > 8
        await state.close()

    asyncio.run(work())
