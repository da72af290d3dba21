"""Real processes for the system tests: an ACS and simulated CPEs, each ended by its pid."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cwmp.platforms.acs import AcsPlatform

# A job in a shell's background ignores SIGINT, and so would every process that the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

BIN = Path(sys.executable).parent
REPOSITORY = Path(__file__).resolve().parents[2]
DUMPS = REPOSITORY.parent / "shared" / "devices"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], Any], within: float, what: str) -> Any:
    """Poll until `condition` gives something true; fails the test with `what` after `within` seconds."""
    end = time.monotonic() + within
    while True:
        with contextlib.suppress(OSError):
            if result := condition():
                return result
        if time.monotonic() > end:
            pytest.fail(f"{what}: not within {within:.0f} s")
        time.sleep(0.05)


class Shell:
    """Processes of one test in one folder: `acs()`, `lab()`, `run()`; everything ends with the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.cwmp_url = f"http://127.0.0.1:{self.port}/"
        self.api = f"unix:{folder / 'acs.sock'}"
        self.data = folder / "data"
        home = folder / "home"
        home.mkdir()
        self.environment = {
            **os.environ,
            "HOME": str(home),
            "CWMP_URL": self.api,
            "CWMP_DATA": str(self.data),
            "PATH": f"{BIN}:{os.environ['PATH']}",
        }
        for leaked in ("CWMP_TOKEN", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "ANSIBLE_CONFIG"):
            self.environment.pop(leaked, None)
        self.children: list[subprocess.Popen[str]] = []
        self.logs = 0

    @property
    def platform(self) -> AcsPlatform:
        """A client of the ACS; a new one each time, for any thread."""
        return AcsPlatform(self.api)

    def start(self, *arguments: str, ready: float = 60.0) -> tuple[subprocess.Popen[str], str]:
        """Start `cwmp ARGUMENTS` and wait for its first line."""
        self.logs += 1
        with (self.folder / f"log-{self.logs}").open("w") as log:
            child = subprocess.Popen(
                [BIN / "cwmp", *arguments],
                stdout=subprocess.PIPE,
                stderr=log,
                env=self.environment,
                text=True,
                start_new_session=True,
            )
        self.children.append(child)
        assert child.stdout is not None
        if not select.select([child.stdout], [], [], ready)[0]:
            pytest.fail(f"cwmp {' '.join(arguments)} printed nothing in {ready:.0f} s: {self.log(self.logs)}")
        line = child.stdout.readline()
        if "\n" not in line:
            pytest.fail(f"cwmp {' '.join(arguments)} ended: {self.log(self.logs)}")
        return child, line.rstrip()

    def log(self, number: int) -> str:
        return (self.folder / f"log-{number}").read_text()

    def acs(self, *more: str) -> subprocess.Popen[str]:
        """The ACS, ready to serve."""
        child, _ = self.start(
            "acs", "serve", "--cwmp", f"127.0.0.1:{self.port}", "--api", self.api,
            "--data", str(self.data), *more,
        )  # fmt: skip
        return child

    def lab(self, *more: str, acs: str = "") -> dict[str, Any]:
        """Simulated CPEs that have all informed; gives the line that `--json-ready` prints."""
        _, line = self.start("lab", "cpe", "--acs", acs or self.cwmp_url, "--json-ready", *more)
        return dict(json.loads(line))

    def run(self, *arguments: str, expect: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Run one `cwmp` command to its end."""
        done = subprocess.run(
            [BIN / "cwmp", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        if expect is not None:
            assert done.returncode == expect, (arguments, done.returncode, done.stdout, done.stderr)
        return done

    def end(self) -> None:
        for child in reversed(self.children):
            if child.poll() is None:
                child.terminate()
        for child in self.children:
            try:
                child.wait(timeout=15)
            except subprocess.TimeoutExpired:
                os.kill(child.pid, signal.SIGKILL)
                child.wait()
            if child.stdout:
                child.stdout.close()


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A folder, a free port and the processes of one test."""
    running = Shell(tmp_path)
    try:
        yield running
    finally:
        running.end()


@pytest.fixture(scope="module")
def module_shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """As `shell`, for all tests of a module."""
    running = Shell(tmp_path_factory.mktemp("shell"))
    try:
        yield running
    finally:
        running.end()


@pytest.fixture(scope="session")
def cannot() -> Callable[[str], None]:
    """Says why a test cannot run on this machine: it is skipped there, but in CI nothing is."""

    def say(why: str) -> None:
        if os.environ.get("CI"):
            pytest.fail(f"nothing is skipped in CI: {why}")
        pytest.skip(why)

    return say


@pytest.fixture
def dumps() -> list[Path]:
    """The dumps of real devices beside the checkout; a checkout alone has none."""
    found = sorted(DUMPS.glob("*.jsonl"))
    if not found:
        pytest.skip("no device dumps in ../shared/devices")
    return found
