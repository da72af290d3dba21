"""From a call of the API to a changed value, and how many transactions are accepted durably in a second.

Wall time, other than the rest: latency is what is asked for. On a busy machine it says little.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable

from benchmarks import cpu, servers
from benchmarks.player import Player, play
from benchmarks.table import Row
from benchmarks.wire import NAMES
from cwmp.platforms.protocol import Call, ConvergeCall
from cwmp.wire import messages
from cwmp.wire.envelope import Envelope, encode

CALLS = 31
SINGLES = 300
BATCH = 1000
PATH = ".ManagementServer.PeriodicInformInterval"


def median_ms(work: Callable[[int], object], times: int) -> float:
    """Median wall time of `work(0)`, `work(1)` ... in milliseconds."""
    found = []
    for number in range(times):
        before = time.perf_counter()
        work(number)
        found.append((time.perf_counter() - before) * 1000)
    return statistics.median(found)


def latency() -> list[Row]:
    """A converge of one value: API, connection request, session, answer. Floor: an API call for nothing."""
    with servers.acs() as running, servers.lab(running, 1) as (device,):
        platform = servers.platform(running)

        def change(number: int) -> None:
            done = platform.converge(device, {"set": {PATH: 900 + number}}, ConvergeCall(wait=30))
            if done.state != "done":
                raise RuntimeError(f"a converge ended as {done.state}: {done.fault}")

        change(1000)
        figure = median_ms(change, CALLS)
        floor = median_ms(lambda _: platform.version(), CALLS)
    return [Row("API call to changed value, median", figure, "ms", floor, "<= 25", "floor: GET /version")]


def synced_writes(seconds: float = 0.5) -> float:
    """Appended 4 KiB blocks a second, each synced: what the disk allows one after the other."""
    with tempfile.TemporaryFile(prefix="cwmp-bench-") as file:
        end, count = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            os.write(file.fileno(), bytes(4096))
            os.fdatasync(file.fileno())
            count += 1
    return count / seconds


def accepting() -> list[Row]:
    """Transactions a second that are acknowledged, hence on disk: one after the other, and as one batch."""
    disk = synced_writes()
    with servers.acs() as running:
        platform = servers.platform(running)
        players = [Player(f"P{number:06d}") for number in range(BATCH)]
        asyncio.run(play(players, running.host, running.port, 32, "0 BOOTSTRAP"))
        call = ConvergeCall(wait=0, queue=True, connection_request="none")
        state = {"set": {PATH: 900}}
        took = median_ms(
            lambda number: platform.converge(f"0A0B0C-Player-P{number:06d}", state, call), SINGLES
        )
        items = [{"device": f"0A0B0C-Player-{player.serial}", "state": state} for player in players]
        before = time.perf_counter()
        platform.submit_batch(items, concurrency=BATCH, connection_request="none")
        batch = BATCH / (time.perf_counter() - before)
    return [
        Row("transactions accepted, one by one", 1000 / took, "1/s", disk, note="floor: synced 4 KiB writes"),
        Row(f"transactions accepted, batch of {BATCH:,}", batch, "1/s", disk),
    ]


class Large(Player):
    """A CPE with a large tree."""

    names = encode(
        Envelope(
            messages.GetParameterNamesResponse(
                tuple(messages.ParameterInfo(f"Device.X.{number}.Name", True) for number in range(NAMES))
            ),
            "1",
        )
    )

    def answer(self, request: bytes) -> bytes:
        """The whole tree, or values."""
        return self.names if b"GetParameterNames>" in request else super().answer(request)


def reading(turns: int = 5) -> list[Row]:
    """CPU of a session that lists a tree and reads its values; result stored and sent to the caller."""
    with servers.acs() as running:
        platform = servers.platform(running)
        player = Large("P000000")
        asyncio.run(play([player], running.host, running.port, 1, "0 BOOTSTRAP"))
        used = 0.0
        for _ in range(turns):
            call = Call(wait=0, queue=True, connection_request="none")
            queued = platform.read("0A0B0C-Player-P000000", ["Device."], call, names=True)
            before = cpu.of_process(running.pid)
            session = threading.Thread(
                target=lambda: asyncio.run(play([player], running.host, running.port, 1))
            )
            session.start()
            done = platform.transaction(queued.id, wait=30)
            session.join()
            used += cpu.of_process(running.pid) - before
            if done.state != "done":
                raise RuntimeError(f"the reading ended as {done.state}: {done.fault}")
        return [
            Row(
                f"session reading a tree of {NAMES:,}",
                used / turns * 1000,
                "CPU ms",
                note="GetParameterNames, then values by 256",
            )
        ]


def rows() -> list[Row]:
    """All of them."""
    return [*latency(), *accepting(), *reading()]
