"""What it costs to know many devices: memory and a bare session's CPU, with 1,000 and 100,000 known."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from pathlib import Path

from benchmarks import cpu, servers
from benchmarks.player import FORCED, Player, play
from benchmarks.sessions import IN_FLIGHT
from benchmarks.table import Row
from cwmp.acs.devices.device_records import DeviceRecord, row_of
from cwmp.acs.devices.informed_parameters import take_in
from cwmp.acs.state import open_state
from cwmp.acs.store import Put
from cwmp.wire.messages import ParameterValue

FEW = 1_000
MANY = 100_000
COMING = 1_000
"""Devices that have a session in each turn."""
TURNS = 5


def record(number: int) -> DeviceRecord:
    """A known device as its last Inform left it: the next one changes nothing."""
    found = DeviceRecord(
        f"0A0B0C-Player-P{number:06d}",
        manufacturer="Bench",
        oui="0A0B0C",
        product_class="Player",
        serial_number=f"P{number:06d}",
        cwmp_version="1.2",
        first_seen=1.0,
    )
    take_in(found, [ParameterValue(f"Device.{name}", value) for name, value in FORCED])
    return found


def known(count: int, data: Path) -> None:
    """A data directory in which that many devices are known."""

    async def fill() -> None:
        state = await open_state(data)
        for at in range(0, count, 1000):
            await state.store.commit([Put(row_of(record(number))) for number in range(at, at + 1000)])
        await state.close()

    data.mkdir(mode=0o700)
    asyncio.run(fill())


def warm(running: servers.Running, players: list[Player]) -> float:
    """Resident MiB once all devices are loaded: it listens before, so that sessions have to be answered."""
    asyncio.run(play(players[:500], running.host, running.port, IN_FLIGHT))
    return cpu.resident(running.pid)


def rows() -> list[Row]:
    """Few devices as the floor of many, in turns, so that both meet the same machine."""
    sizes = (FEW, MANY)
    used = dict.fromkeys(sizes, 0.0)
    with contextlib.ExitStack() as stack:
        servers_of = {
            count: stack.enter_context(servers.acs(prepare=functools.partial(known, count)))
            for count in sizes
        }
        players = {
            # Of few, the same thousand in each turn; of many, others each time, spread over all.
            count: [Player(f"P{number:06d}") for number in range(0, count, max(1, count // (COMING * TURNS)))]
            for count in sizes
        }
        memory = {count: warm(servers_of[count], players[count]) for count in sizes}
        for _ in range(TURNS):
            for count in sizes:
                running, coming = servers_of[count], players[count][:COMING]
                players[count] = players[count][COMING:] + coming
                before = cpu.of_process(running.pid)
                asyncio.run(play(coming, running.host, running.port, IN_FLIGHT))
                used[count] += cpu.of_process(running.pid) - before
    session = {count: used[count] / (TURNS * COMING) * 1e6 for count in sizes}
    note = f"floor: {FEW:,} devices"
    return [
        Row(f"memory with {MANY:,} devices", memory[MANY], "MiB", memory[FEW], "<= 150", note),
        Row(
            f"bare session with {MANY:,} devices",
            session[MANY],
            "CPU us",
            session[FEW],
            "<= 1.1 x floor",
            f"{session[MANY] / session[FEW]:.2f} x, {note}",
        ),
    ]
