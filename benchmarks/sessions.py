"""Sessions per CPU-second of the ACS, as shipped: durable store on, new TCP connection each.

The floor is the same HTTP server answering constant bytes in as many exchanges.
"""

from __future__ import annotations

import asyncio
import time

from benchmarks import cpu, servers
from benchmarks.player import Player, inform, play
from benchmarks.table import Row
from cwmp.platforms.acs import AcsPlatform

IN_FLIGHT = 32
FIVE = {
    "Device.ManagementServer.PeriodicInformInterval": 900,
    "Device.ManagementServer.CWMPRetryMinimumWaitInterval": 7,
    "Device.ManagementServer.CWMPRetryIntervalMultiplier": 2100,
    "Device.ManagementServer.DefaultActiveNotificationThrottle": 11,
    "Device.ManagementServer.STUNMinimumKeepAlivePeriod": 30,
}


async def _floor_session(running: servers.Running, exchanges: int) -> None:
    body = inform("0", "2 PERIODIC")
    reader, writer = await asyncio.open_connection(running.host, running.port)
    for _ in range(exchanges):
        writer.write(b"POST / HTTP/1.1\r\nHost: acs\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        head = await reader.readuntil(b"\r\n\r\n")
        if b"content-length:" in head:
            await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r")[0]))
        body = b""
    writer.close()


async def _floor(running: servers.Running, sessions: int, exchanges: int) -> None:
    left = iter(range(sessions))

    async def line() -> None:
        for _ in left:
            await _floor_session(running, exchanges)

    await asyncio.gather(*(line() for _ in range(IN_FLIGHT)))


def measure_floor(sessions: int, exchanges: int) -> float:
    """Sessions per CPU-second of the constant-bytes server for that many exchanges a session."""
    with servers.floor(exchanges) as running:
        asyncio.run(_floor(running, sessions // 10, exchanges))
        before = cpu.of_process(running.pid)
        asyncio.run(_floor(running, sessions, exchanges))
        return sessions / (cpu.of_process(running.pid) - before)


def measure_bare(sessions: int, *, with_digest: bool) -> float:
    """Sessions per CPU-second of an Inform, an empty POST and the 204; with digest one exchange more."""
    with servers.acs(open_to_all=not with_digest) as running:
        username, password = ("bench", "a-long-enough-password") if with_digest else ("", "")
        if with_digest:
            platform = servers.platform(running)
            platform.set_device_type("bench", match={"oui": "0A0B0C"}, username=username, password=password)
        players = [Player(f"P{n:06d}", username, password) for n in range(1000)]
        asyncio.run(play(players, running.host, running.port, IN_FLIGHT, "0 BOOTSTRAP"))
        before = cpu.of_process(running.pid)
        for _ in range(sessions // len(players)):
            asyncio.run(play(players, running.host, running.port, IN_FLIGHT))
        return sessions / (cpu.of_process(running.pid) - before)


def submit(platform: AcsPlatform, players: list[Player], wanted: dict[str, int]) -> str:
    """Queue one converge for every player as one batch; gives the batch's id."""
    items = [{"device": f"0A0B0C-Player-{player.serial}", "state": {"set": wanted}} for player in players]
    batch = platform.submit_batch(items, concurrency=len(items), connection_request="none")
    while platform.batch(batch)["waiting"]:
        time.sleep(0.02)
    return batch


def measure_converge(sessions: int) -> float:
    """Sessions per CPU-second of a session that reads five values, sets them and verifies.

    Accepting the work over the API is measured elsewhere and kept out of this figure.
    """
    with servers.acs() as running:
        platform = servers.platform(running)
        players = [Player(f"P{n:06d}") for n in range(1000)]
        asyncio.run(play(players, running.host, running.port, IN_FLIGHT, "0 BOOTSTRAP"))
        used = 0.0
        for turn in range(max(1, sessions // len(players))):
            batch = submit(platform, players, {path: value + turn for path, value in FIVE.items()})
            before = cpu.of_process(running.pid)
            asyncio.run(play(players, running.host, running.port, IN_FLIGHT))
            used += cpu.of_process(running.pid) - before
            state = platform.batch(batch, wait=10)
            if state["done"] != len(players):
                raise RuntimeError(f"only {state['done']} of {len(players)} converges were done: {state}")
        return sessions / used


def rows(sessions: int = 6000) -> list[Row]:
    """The table's rows about sessions."""
    return [
        Row(
            "bare Inform session",
            measure_bare(sessions, with_digest=False),
            "sessions/CPU-s",
            measure_floor(sessions, 2),
            ">= 4,000",
        ),
        Row(
            "bare Inform session, digest",
            measure_bare(sessions, with_digest=True),
            "sessions/CPU-s",
            measure_floor(sessions, 3),
        ),
        Row(
            "converge of five values",
            measure_converge(sessions // 2),
            "sessions/CPU-s",
            measure_floor(sessions, 5),
            ">= 1,500",
        ),
    ]
