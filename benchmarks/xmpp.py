"""XMPP connection requests: rate and the ACS's CPU beside a bare IQ echo; memory of 1,000 devices online.

Needs Prosody, and root to install it where it is missing.
"""

from __future__ import annotations

import asyncio
import importlib.util
import ssl
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import uvloop

from benchmarks.cpu import of_process
from benchmarks.table import Row
from benchmarks.xmpp_devices import PASSWORD
from benchmarks.xmpp_floor import Bare
from cwmp.connection_request.xmpp import Broker, BrokerConnection
from cwmp.wire.xmpp_request import Jid

DEVICES = 1000
REQUESTS = {1: 500, 100: 4000}
"""How many, by how many are in flight."""


def rows() -> list[Row]:
    """The figures, or none with the reason on standard error."""
    prosody = _prosody()
    if why := prosody.missing():
        print(f"xmpp: {why}", file=sys.stderr)
        return []
    broker = prosody.Prosody()
    try:
        names = (f"lab{number:06}" for number in range(1, DEVICES + 1))
        broker.add_users(names, prosody.DEV, PASSWORD)
        broker.add_user("echo", prosody.DEV, PASSWORD)
        broker.start()
        return uvloop.run(_measure(broker, prosody.DEV, prosody.ACS_PASSWORD))
    finally:
        broker.close()


async def _measure(broker: object, domain: str, acs_password: str) -> list[Row]:
    port, ca = broker.port, str(broker.authority.file)  # type: ignore[attr-defined]
    devices = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.xmpp_devices", str(port), ca, domain, str(DEVICES),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert devices.stdout is not None and devices.stdin is not None
    try:
        before, after, took = map(float, (await devices.stdout.readline()).split())
        found = [
            Row(
                f"XMPP: {DEVICES} devices online, memory",
                after - before,
                "MiB",
                None,
                "371",
                "all in one process",
            ),
            Row(
                f"XMPP: {DEVICES} logins", took, "s", None, "", f"{DEVICES / took:.0f}/s, PLAIN over TLS 1.3"
            ),
        ]
        tls = ssl.create_default_context(cafile=ca)
        bare = Bare()
        await bare.log_in(port, domain, "acs", acs_password, "bare", tls)
        password = broker.folder / "acs-password"  # type: ignore[attr-defined]
        password.write_text(acs_password)
        connection = BrokerConnection(Broker(domain, f"acs@{domain}", password, "127.0.0.1", port, Path(ca)))
        connection.start()
        try:
            for in_flight, count in REQUESTS.items():
                floor = await _timed(bare.ask_many(f"echo@{domain}/ConnReq", count, in_flight), devices.pid)
                ours = await _timed(_ask(connection, domain, count, in_flight), devices.pid)
                what = f"XMPP request, {in_flight} in flight"
                note = f"devices {ours[2] / count * 1e6:.0f} µs, echo {floor[2] / count * 1e6:.0f}"
                found += [
                    Row(what, count / ours[0], "1/s", count / floor[0], "", "through one connection"),
                    Row(f"{what}, CPU", ours[1] / count * 1e6, "µs", floor[1] / count * 1e6, "", note),
                ]
        finally:
            await connection.close()
        return found
    finally:
        devices.stdin.close()
        await devices.wait()


async def _timed(work: object, other: int) -> tuple[float, float, float]:
    """Seconds on the clock, of this process's CPU and of the other's."""
    clock, cpu, theirs = time.monotonic(), time.process_time(), of_process(other)
    await work  # type: ignore[misc]
    return time.monotonic() - clock, time.process_time() - cpu, of_process(other) - theirs


async def _ask(connection: BrokerConnection, domain: str, count: int, in_flight: int) -> None:
    jids = [Jid(f"lab{number:06}", domain, "ConnReq") for number in range(1, DEVICES + 1)]
    numbers = iter(range(count))

    async def one_after_another() -> None:
        for number in numbers:
            answer = await connection.request(jids[number % DEVICES], "caller", "wake-me-up", seconds=30)
            if answer.word != "accepted":
                raise RuntimeError(f"{jids[number % DEVICES].full}: {answer}")

    await asyncio.gather(*(one_after_another() for _ in range(in_flight)))


def _prosody() -> ModuleType:
    file = Path(__file__).parents[1] / "tests" / "system" / "xmpp" / "prosody.py"
    spec = importlib.util.spec_from_file_location("cwmp_test_prosody", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
