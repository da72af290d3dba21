"""Runs simulated CPEs as a process: says when all have informed, takes changes by hand, ends on a signal."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from cwmp.errors import CwmpError
from cwmp.lab.behaviour import Behaviour
from cwmp.lab.connection import AcsAddress
from cwmp.lab.control import ControlError, ControlServer
from cwmp.lab.fleet import Fleet, FleetPlan, tls_context
from cwmp.wire.identity import device_id_of
from cwmp.wire.messages import DeviceId

COMPLAIN_AFTER = 2.0
"""Seconds after which CPEs that could not inform say why, once."""


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What `cwmp lab cpe` was told; times in seconds. control_required: the user chose the socket."""

    acs_url: str
    count: int
    models: tuple[str, ...]
    serial_prefix: str
    first: int
    username: str
    password: str
    connection_request_username: str
    connection_request_password: str
    host: str
    port: int
    interval: int | None
    latency: float
    connection_request_latency: float
    reboot_seconds: float
    time_scale: float
    start_rate: float
    habits: tuple[str, ...]
    ca_file: str | None
    certificate: tuple[str, str] | None
    insecure: bool
    control: Path
    control_required: bool
    json_ready: bool


def serve(options: ServeOptions) -> int:
    """Run the CPEs until SIGINT or SIGTERM. Raises `CwmpError` for what cannot be begun."""
    secure = AcsAddress.of(options.acs_url).secure
    behaviour = Behaviour(
        latency=options.latency,
        connection_request_latency=options.connection_request_latency,
        reboot_seconds=options.reboot_seconds,
        time_scale=options.time_scale,
        tls=(
            tls_context(options.ca_file, insecure=options.insecure, certificate=options.certificate)
            if secure or options.ca_file or options.certificate or options.insecure
            else None
        ),
    )
    factory = (
        {
            ".ManagementServer.PeriodicInformEnable": "true",
            ".ManagementServer.PeriodicInformInterval": str(options.interval),
        }
        if options.interval
        else {}
    )

    def credentials(identity: DeviceId) -> tuple[str, str]:
        username = options.username.replace("{id}", device_id_of(identity))
        return username.replace("{serial}", identity.serial_number), options.password

    plan = FleetPlan(
        acs_url=options.acs_url,
        count=options.count,
        models=options.models,
        serial_prefix=options.serial_prefix,
        first=options.first,
        credentials=credentials,
        connection_request_credentials=(
            options.connection_request_username,
            options.connection_request_password,
        ),
        factory=factory,
        habits=options.habits,
        host=options.host,
        port=options.port,
        start_rate=options.start_rate,
    )
    fleet = Fleet(plan, behaviour)
    try:
        import uvloop
    except ImportError:  # not on Windows
        runner = asyncio.Runner()
    else:
        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    with runner:
        return runner.run(_serve(fleet, options))


async def _serve(fleet: Fleet, options: ServeOptions) -> int:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    control = ControlServer(options.control, fleet.handle)
    began = time.monotonic()
    async with contextlib.AsyncExitStack() as stack:
        try:
            await control.start()
            stack.push_async_callback(control.close)
        except (ControlError, OSError) as error:
            if options.control_required:
                raise CwmpError(f"no changes by hand at {options.control}: {error}") from None
            print(f"cwmp lab: {error}; going on without it", file=sys.stderr)
        await stack.enter_async_context(fleet)
        tell = loop.create_task(_tell(fleet, options, began))
        await stop.wait()
        tell.cancel()
    return 0


async def _tell(fleet: Fleet, options: ServeOptions, began: float) -> None:
    with contextlib.suppress(CwmpError):
        await fleet.wait_informed(within=COMPLAIN_AFTER + len(fleet.cpes) / options.start_rate)
    if fleet.informed < len(fleet.cpes):
        why = next((str(cpe.last_error) for cpe in fleet.cpes if cpe.last_error is not None), "")
        print(
            f"cwmp lab: {fleet.informed} of {len(fleet.cpes)} CPEs have informed, the others keep trying"
            + (f": {why}" if why else ""),
            file=sys.stderr,
            flush=True,
        )
        await fleet.wait_for(lambda: fleet.informed == len(fleet.cpes), within=float("inf"))
    seconds = time.monotonic() - began
    if options.json_ready:
        line = {"devices": [cpe.id for cpe in fleet.cpes], "pid": os.getpid(), "seconds": round(seconds, 3)}
        print(json.dumps(line), flush=True)
        return
    count = len(fleet.cpes)
    first, last = fleet.cpes[0].id, fleet.cpes[-1].id
    print(
        f"{count} CPE{'s' if count > 1 else ''} informed at {options.acs_url} in {seconds:.1f} s; "
        f"{first}{f' to {last}' if count > 1 else ''}; Ctrl-C ends them",
        flush=True,
    )
