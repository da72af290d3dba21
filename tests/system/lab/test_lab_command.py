"""`cwmp lab` as processes: what it prints, how it is changed by hand, how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CWMP = Path(sys.executable).parent / "cwmp"
THOUSAND_MEGABYTES = 500


@pytest.fixture
def acs(small_acs) -> Iterator[Any]:
    """A small ACS in a thread of its own."""
    ready: list[Any] = []
    started = threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        async with small_acs() as running:
            ready.append(running)
            started.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert started.wait(10)
        yield ready[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "HOME": str(tmp_path), "CWMP_DATA": str(tmp_path / "data")}


@contextlib.contextmanager
def lab(environment: dict[str, str], *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`cwmp lab cpe ARGUMENTS` and its first line; ended with the block."""
    child = subprocess.Popen(
        [CWMP, "lab", "cpe", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout is not None
        yield child, child.stdout.readline()
    finally:
        if child.poll() is None:
            child.terminate()
        child.communicate(timeout=20)


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [CWMP, "lab", *arguments], env=environment, capture_output=True, text=True, check=False, timeout=30
    )


def test_it_tells_when_all_have_informed_and_ends_cleanly(acs, environment) -> None:
    arguments = ("--acs", acs.url, "--count", "3", "--model", "tr181-gateway", "--model", "tr098-gateway")
    with lab(environment, *arguments) as (child, line):
        assert line.startswith(f"3 CPEs informed at {acs.url} in ")
        shown = json.loads(run(environment, "list", "--json").stdout)
        assert [device["root"] for device in shown] == ["Device.", "InternetGatewayDevice.", "Device."]
        child.send_signal(signal.SIGTERM)
        output, errors = child.communicate(timeout=20)
        assert (child.returncode, output, errors) == (0, "", "")
    assert not (Path(environment["CWMP_DATA"]) / "lab.sock").exists()


def test_ctrl_c_ends_it_cleanly_too(acs, environment) -> None:
    with lab(environment, "--acs", acs.url) as (child, _):
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate(timeout=20)
        assert (child.returncode, errors) == (0, "")


def test_a_json_line_names_the_devices(acs, environment) -> None:
    arguments = ("--acs", acs.url, "--count", "2", "--serial-prefix", "X-", "--first", "7", "--json-ready")
    with lab(environment, *arguments) as (child, line):
        told = json.loads(line)
        assert told["devices"] == ["0A0B0C-LabGateway-X%2D000007", "0A0B0C-LabGateway-X%2D000008"]
        assert told["pid"] == child.pid


def test_a_change_by_hand(acs, environment, tmp_path: Path) -> None:
    control = f"unix:{tmp_path / 'control.sock'}"
    with lab(environment, "--acs", acs.url, "--control", control) as (_, _line):
        path = ".ManagementServer.PeriodicInformInterval"
        changed = run(environment, "change", "LAB000001", f"{path}=777", "--control", control)
        assert changed.returncode == 0, changed.stderr
        assert "0A0B0C-LabGateway-LAB000001" in changed.stdout
        for wrong, why in (
            ((".Nowhere=1",), "Device.Nowhere"),
            ((f"{path}=many",), "unsignedInt"),
            (("nothing",), "PATH=VALUE"),
        ):
            failed = run(environment, "change", "LAB000001", *wrong, "--control", control)
            assert failed.returncode == 1 and why in failed.stderr and "\n" not in failed.stderr.strip()
        unknown = run(environment, "change", "LAB000009", f"{path}=1", "--control", control)
        assert unknown.returncode == 1 and "LAB000009" in unknown.stderr
    gone = run(environment, "change", "LAB000001", f"{path}=1", "--control", control)
    assert gone.returncode == 1 and "cwmp lab cpe" in gone.stderr


def test_a_second_fleet_goes_on_without_the_default_socket(acs, environment) -> None:
    with lab(environment, "--acs", acs.url):
        with lab(environment, "--acs", acs.url, "--first", "2") as (child, line):
            assert line.startswith("1 CPE informed")
            child.terminate()
            assert "going on without it" in child.communicate(timeout=20)[1]
        assert run(environment, "list").stdout.startswith("0A0B0C-LabGateway-LAB000001")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--acs", "ftp://somewhere/"), "http://HOST:PORT/PATH"),
        (("--acs", "http://127.0.0.1:1/", "--model", "no-such-model"), "no-such-model"),
        (("--acs", "http://127.0.0.1:1/", "--habit", "drinks"), "drinks"),
        (("--acs", "https://127.0.0.1:1/", "--ca-file", "/nowhere/ca.pem"), "/nowhere/ca.pem"),
        (("--acs", "http://127.0.0.1:1/", "--credentials-file", "/nowhere/c"), "/nowhere/c"),
        (("--acs", "http://127.0.0.1:1/", "--count", "0"), "at least 1"),
    ],
)
def test_what_cannot_be_right_is_one_sentence(environment, arguments, why) -> None:
    failed = run(environment, "cpe", *arguments)
    assert failed.returncode == 1
    assert why in failed.stderr and failed.stderr.count("\n") == 1 and "Traceback" not in failed.stderr


def test_the_credentials_of_an_acs_on_this_machine_are_found(acs, environment) -> None:
    acs.credentials = ("lab", "s3cret")
    data = Path(environment["CWMP_DATA"])
    data.mkdir()
    (data / "lab-credentials").write_text("lab\ns3cret\n")
    with lab(environment, "--acs", acs.url) as (_, line):
        assert line.startswith("1 CPE informed")


def test_credentials_may_be_individual_and_wrong_ones_are_said_once(acs, environment, tmp_path: Path) -> None:
    acs.credentials = ("0A0B0C-LabGateway-LAB000001", "own")
    password = tmp_path / "password"
    password.write_text("own\n")
    given = ("--acs", acs.url, "--username", "{id}", "--password-file", str(password))
    with lab(environment, *given) as (_, line):
        assert line.startswith("1 CPE informed")
    child = subprocess.Popen(
        [CWMP, "lab", "cpe", "--acs", acs.url, "--username", "x", "--password", "wr0ng"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stderr is not None
        line = child.stderr.readline()
        assert "0 of 1 CPEs have informed" in line and "'x'" in line and "wr0ng" not in line
    finally:
        child.terminate()
        child.communicate(timeout=20)


def test_a_thousand_cpes_fit_in_half_a_gigabyte(acs, environment) -> None:
    arguments = ("--acs", acs.url, "--count", "1000", "--start-rate", "1000", "--json-ready")
    with lab(environment, *arguments) as (child, line):
        assert len(json.loads(line)["devices"]) == 1000
        status = Path(f"/proc/{child.pid}/status").read_text()
        kilobytes = int(next(row.split()[1] for row in status.splitlines() if row.startswith("VmHWM")))
        assert kilobytes < THOUSAND_MEGABYTES * 1024, f"{kilobytes / 1024:.0f} MB"
