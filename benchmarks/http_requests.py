"""HTTP connection requests with digest: rate and CPU each, beside the same two exchanges by bare sockets."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable

import uvloop

from benchmarks.servers import free_port, wait_listening
from benchmarks.table import Row
from cwmp.connection_request.http_method import HttpMethod
from cwmp.connection_request.method import Target

FLOOR = (
    b"GET /bell HTTP/1.1\r\nHost: cpe\r\n\r\n",
    b'GET /bell HTTP/1.1\r\nHost: cpe\r\nAuthorization: Digest username="u"\r\n\r\n',
)


async def _bare(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in FLOOR:
        writer.write(request)
        await reader.readuntil(b"\r\n\r\n")
    writer.close()


async def _measure(one: Callable[[], Awaitable[None]], count: int, in_flight: int) -> tuple[float, float]:
    """Requests a second, and CPU microseconds of this process for each."""
    left = iter(range(count))

    async def line() -> None:
        for _ in left:
            await one()

    began, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*(line() for _ in range(in_flight)))
    return count / (time.perf_counter() - began), 1e6 * (time.process_time() - used) / count


async def _both(port: int, count: int, in_flight: int) -> tuple[tuple[float, float], tuple[float, float]]:
    method = HttpMethod()
    target = Target(
        "0A0B0C-Bench-1", "127.0.0.1", f"http://127.0.0.1:{port}/bell", username="u", password="secret-one"
    )

    async def ours() -> None:
        _, answer = await method.ask(target)
        if answer.word != "accepted":
            raise RuntimeError(f"{answer.word}: {answer.detail}")

    floor = await _measure(lambda: _bare(port), count, in_flight)
    return await _measure(ours, count, in_flight), floor


def rows(count: int = 2000) -> list[Row]:
    """The table's rows about HTTP connection requests."""
    port = free_port()
    found: list[Row] = []
    with subprocess.Popen([sys.executable, "-m", "benchmarks.doorbell", str(port)]) as bell:
        try:
            wait_listening(port, bell)
            for in_flight in (1, 100):
                (rate, cpu), (floor_rate, floor_cpu) = uvloop.run(_both(port, count, in_flight))
                name = f"HTTP connection request, {in_flight} in flight"
                found.append(Row(name, rate, "1/s", floor_rate, note="with digest, a new connection each"))
                found.append(Row(name, cpu, "CPU us", floor_cpu))
        finally:
            bell.terminate()
    return found
