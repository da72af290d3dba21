"""STUN bindings and UDP connection requests: rate and CPU beside a bare socket, memory with 10,000 bindings.

`python -m benchmarks.stun serve|floor|ask` is the other process; run by `rows`.
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvloop

from benchmarks import cpu
from benchmarks.table import Row
from cwmp.connection_request import stun as server_side
from cwmp.connection_request.bindings import Binding
from cwmp.connection_request.growing import GrowingNumbers
from cwmp.connection_request.rate import RateLimit
from cwmp.connection_request.stun import StunRules, StunServer, bind
from cwmp.connection_request.udp import StunDevice, UdpRequests
from cwmp.wire import stun

USERNAME, PASSWORD = "0A0B0C-LabGateway-LAB000001", "stun-password-of-some-length"
SECONDS = 2.0
BINDINGS = 10_000


class _Passwords:
    def of(self, username: str) -> tuple[str, ...]:
        return (PASSWORD,) if username == USERNAME else ()


def rows() -> list[Row]:
    """Each figure beside its floor in the same run; the client is this process."""
    found: list[Row] = []
    plain = stun.encode(stun.binding_request(b"\x07" * 16))
    signed = stun.encode(stun.binding_request(b"\x07" * 16, username=USERNAME), PASSWORD)
    for flight in (1, 100):
        with _process("floor") as (pid, port):
            floor, floor_cpu = _load(pid, port, plain, flight)
        with _process("serve") as (pid, port):
            for name, data in (("binding", plain), ("binding with proof", signed)):
                rate, cost = _load(pid, port, data, flight)
                found.append(Row(f"stun: {name}, {flight} in flight", rate, "1/s", floor))
                found.append(Row(f"stun: {name}, {flight} in flight", cost, "us CPU", floor_cpu))
    with _process("serve") as (pid, port):
        before = cpu.resident(pid)
        _bindings(port, signed)
        note = f"{before:.0f} MiB before"
        found.append(Row(f"stun: {BINDINGS:,} bindings", cpu.resident(pid) - before, "MiB more", note=note))
    for flight in (1, 100):
        rate, cost, floor, floor_cpu = _asked(flight)
        found.append(Row(f"stun: UDP connection requests, {flight} in flight", rate, "1/s", floor))
        found.append(Row(f"stun: UDP connection requests, {flight} in flight", cost, "us CPU", floor_cpu))
    return found


@contextmanager
def _process(kind: str) -> Iterator[tuple[int, int]]:
    child = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.stun", kind], stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        yield child.pid, int(child.stdout.readline())
    finally:
        child.terminate()
        child.wait()


def _load(pid: int, port: int, data: bytes, flight: int) -> tuple[float, float]:
    """Requests a second, and microseconds of the server's CPU for each."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", port))
        client.setblocking(False)
        began, used, answered, last = time.monotonic(), cpu.of_process(pid), 0, time.monotonic()
        for _ in range(flight):
            client.send(data)
        while (now := time.monotonic()) - began < SECONDS:
            if not select.select([client], [], [], 0.2)[0]:
                assert now - last < 2, "the server answers no more"
                for _ in range(flight):  # lost ones
                    client.send(data)
                continue
            last = now
            while True:
                try:
                    client.recv(2000)
                except BlockingIOError:
                    break
                answered += 1
                client.send(data)
        seconds = time.monotonic() - began
        return answered / seconds, (cpu.of_process(pid) - used) / answered * 1e6


def _bindings(port: int, data: bytes) -> None:
    """As many bindings, each from an address of its own."""
    for number in range(BINDINGS):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.bind((f"127.0.{1 + number // 200}.{1 + number % 200}", 0))
            one.settimeout(2)
            one.sendto(data, ("127.0.0.1", port))
            one.recv(2000)


def _asked(flight: int) -> tuple[float, float, float, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.stun", "ask", str(flight)],
        capture_output=True,
        text=True,
        check=True,
    )
    rate, cost, floor, floor_cpu = map(float, done.stdout.split())
    return rate, cost, floor, floor_cpu


# ---- the other process


async def _serve() -> None:
    server = StunServer(_Passwords(), StunRules(rate=1e9, burst=1e9))
    bound = bind("127.0.0.1", 0)
    await server.start(bound)
    print(bound.getsockname()[1], flush=True)
    await asyncio.Event().wait()


def _floor() -> None:
    """One answer of the same size, with nothing known or looked at."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        print(bound.getsockname()[1], flush=True)
        answer = bytes(32)
        while True:
            _, source = bound.recvfrom(2000)
            bound.sendto(answer, source)


async def _ask(flight: int) -> None:
    """UDP connection requests from choosing the address to the first copy sent, beside bare sendto."""
    server_side.COPY_WAITS = (0.0,)
    server = StunServer(_Passwords(), StunRules(rate=1e9, burst=1e9))
    await server.start(bind("127.0.0.1", 0))
    requests = UdpRequests(server, GrowingNumbers())
    requests._aimed = RateLimit(1e9, 1e9)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        sink.bind(("127.0.0.1", 0))
        address = sink.getsockname()
        server.bindings.note(Binding(address, address, USERNAME, True, True, 0.0))
        device = StunDevice("A-B-1", stun_username=USERNAME)
        began, used, count = time.monotonic(), time.process_time(), 0
        while time.monotonic() - began < SECONDS:
            await asyncio.gather(*(requests.ask(device, "acs", PASSWORD) for _ in range(flight)))
            await asyncio.sleep(0)
            count += flight
        rate, cost = count / (time.monotonic() - began), (time.process_time() - used) / count * 1e6
        data = bytes(180)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bare:
            began, used, count = time.monotonic(), time.process_time(), 0
            while time.monotonic() - began < SECONDS / 2:
                bare.sendto(data, address)
                count += 1
            floor = count / (time.monotonic() - began)
            print(rate, cost, floor, (time.process_time() - used) / count * 1e6)
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve"]:
            uvloop.run(_serve())
        case ["floor"]:
            _floor()
        case ["ask", flight]:
            uvloop.run(_ask(int(flight)))
