"""Servers under measurement: the ACS as shipped, and the floor (the same HTTP server, constant bytes)."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cwmp.platforms.acs import AcsPlatform

READY_WITHIN = 20.0


@dataclass(frozen=True)
class Running:
    """A server process: where CPEs connect, its pid, and where its API listens ("" for the floor)."""

    host: str
    port: int
    pid: int
    api: str = ""
    data: Path | None = None


def free_port() -> int:
    """A TCP port on loopback that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + READY_WITHIN
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with code {process.returncode} before it listened")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"nothing listens on port {port} after {READY_WITHIN:.0f} s")


@contextlib.contextmanager
def acs(*, open_to_all: bool = True, prepare: Callable[[Path], None] | None = None) -> Iterator[Running]:
    """`cwmp acs serve` with a fresh data directory, which `prepare` may fill before; ends with the block."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="cwmp-bench-") as folder:
        if prepare is not None:
            prepare(Path(folder) / "data")
        socket_path = Path(folder) / "api.sock"
        command = [
            str(Path(sys.executable).with_name("cwmp")),
            "acs",
            "serve",
            "--cwmp",
            f"127.0.0.1:{port}",
            "--api",
            f"unix:{socket_path}",
            "--data",
            f"{folder}/data",
        ]
        if open_to_all:
            command.append("--open")
        with (
            Path(folder, "log").open("wb") as log,
            subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT) as process,
        ):
            try:
                wait_listening(port, process)
                yield Running("127.0.0.1", port, process.pid, f"unix:{socket_path}", Path(folder) / "data")
            finally:
                process.terminate()
                process.wait(timeout=30)


@contextlib.contextmanager
def lab(running: Running, count: int, model: str = "tr181-gateway") -> Iterator[list[str]]:
    """Simulated CPEs of the ACS `running`; gives their identities once all have informed."""
    command = [
        str(Path(sys.executable).with_name("cwmp")), "lab", "cpe", "--json-ready",
        "--acs", f"http://{running.host}:{running.port}/", "--count", str(count), "--model", model,
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout is not None
            yield list(json.loads(process.stdout.readline())["devices"])
        finally:
            process.terminate()
            process.wait(timeout=30)


@contextlib.contextmanager
def floor(answers: int) -> Iterator[Running]:
    """uvicorn as the ACS uses it, answering constant bytes; every `answers`-th answer is a 204."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.floor", str(port), json.dumps(answers)]
    with subprocess.Popen(command) as process:
        try:
            wait_listening(port, process)
            yield Running("127.0.0.1", port, process.pid)
        finally:
            process.terminate()
            process.wait(timeout=10)


def platform(running: Running) -> AcsPlatform:
    """A client of the ACS's API."""
    return AcsPlatform(running.api)
