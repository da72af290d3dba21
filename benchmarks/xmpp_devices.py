"""Simulated CPEs online at a broker, and one bare echo.

`python -m benchmarks.xmpp_devices PORT CA DOMAIN COUNT` prints memory before and after the logins (MiB) and
how long they took; it ends with its standard input.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time

import uvloop

from benchmarks.cpu import resident
from benchmarks.xmpp_floor import Bare
from cwmp.lab.behaviour import Behaviour
from cwmp.lab.connection_request_server import Reception
from cwmp.lab.fleet import Fleet, FleetPlan, tls_context
from cwmp.lab.running import RunningCpe

PASSWORD = "device-password"


def configure(cpe: RunningCpe, domain: str, port: int) -> None:
    tree, root = cpe.cpe.tree, cpe.cpe.root
    row = f"{root}XMPP.Connection.{tree.add_row(f'{root}XMPP.Connection.')}."
    server = f"{row}Server.{tree.add_row(f'{row}Server.')}."
    tree.store(
        {
            f"{server}ServerAddress": "127.0.0.1",
            f"{server}Port": str(port),
            f"{server}Enable": "true",
            f"{row}Username": cpe.cpe.identity.serial_number.lower(),
            f"{row}Password": PASSWORD,
            f"{row}Domain": domain,
            f"{row}UseTLS": "true",
            f"{row}ServerConnectAlgorithm": "ServerTable",
            f"{row}Enable": "true",
        }
    )
    cpe.ring = lambda: Reception.ACCEPTED  # type: ignore[method-assign]
    cpe.change(".ManagementServer.ConnReqXMPPConnection", row.rstrip("."))


async def main(port: int, ca: str, domain: str, count: int) -> None:
    tls = tls_context(ca)
    echo = Bare()
    await echo.log_in(port, domain, "echo", PASSWORD, "ConnReq", tls)
    echoing = asyncio.create_task(echo.echo())
    plan = FleetPlan(
        "http://127.0.0.1:9/",
        count=count,
        connection_request_credentials=("caller", "wake-me-up"),
        start_rate=1e9,
    )
    # Their ACS is not there; scaled like this they do not try again while the figures are taken.
    async with Fleet(plan, Behaviour(tls=tls, time_scale=1e4)) as fleet:
        await asyncio.sleep(2)
        before = resident(os.getpid())
        begun = time.monotonic()
        for cpe in fleet:
            configure(cpe, domain, port)
        while not all(cpe.cpe.value(".ManagementServer.ConnReqJabberID") for cpe in fleet):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        took = time.monotonic() - begun
        print(f"{before:.1f} {resident(os.getpid()):.1f} {took:.2f}", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        echoing.cancel()
    os._exit(0)  # a thousand goodbyes are not worth waiting for


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])))
