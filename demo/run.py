"""`make demo`: an ACS, twelve simulated CPEs, the main playbook, and a drift found. Leaves nothing running.

Everything it writes is below build/demo. Each process it starts it ends, also on INT, TERM, HUP or failure.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
WORK = ROOT / "build" / "demo"
LOCK = ROOT / "build" / "demo.lock"
CPES = 12
HAND_CHANGED = "LAB000003"
READY_WITHIN = 45.0
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PROC = Path("/proc")
ENDS_WITHIN = 5.0
"""Seconds a child gets to end itself."""
UNIX_PATH_LIMIT = 100
RECAP = re.compile(r"^(\S+)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.M)


class Stopped(BaseException):
    """Somebody ended the demo with a signal."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


class DemoFailed(Exception):
    """The demo did not show what it promises; the text says what was seen."""


@dataclass(frozen=True)
class Host:
    """One line of a play recap."""

    name: str
    changed: int
    bad: int


def say(text: str) -> None:
    print(f"\n\033[1m== {text}\033[0m" if sys.stdout.isatty() else f"\n== {text}", flush=True)


def cwmp_port() -> int:
    """7547 where it is free, as registered for CWMP, else any free port."""
    for port in (7547, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise DemoFailed("no free TCP port on 127.0.0.1")


@contextlib.contextmanager
def socket_folder() -> Iterator[Path]:
    """A folder whose path is short enough for a unix socket (108 bytes on Linux)."""
    if len(str(WORK)) < UNIX_PATH_LIMIT - len("/control.sock"):
        yield WORK
    else:
        with tempfile.TemporaryDirectory(prefix="cwmp-demo-") as short:
            yield Path(short)


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """Two demos in one checkout would take each other's files away."""
    LOCK.parent.mkdir(exist_ok=True)
    # Not inherited by children, so the lock goes with this process, whatever ends it.
    with LOCK.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DemoFailed("another demo runs in this checkout; wait for it, or end it") from None
        yield


@contextlib.contextmanager
def child(
    *command: str | Path, stderr: int | IO[bytes], environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[str]]:
    """A child that is ended with the block, in a session of its own: Ctrl-C reaches this script only."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        running = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=environment,
            cwd=ROOT,
            start_new_session=True,
            preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_SETMASK, before),
            text=True,
        )
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            yield running
        finally:
            signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
            end(running)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end(running: subprocess.Popen[str]) -> None:
    """End a child and what it has forked, by their ids only, in no more than twice ENDS_WITHIN seconds."""
    forks = descendants(running.pid) if running.poll() is None else []
    if running.poll() is None:
        running.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(timeout=ENDS_WITHIN)
    if running.poll() is None:
        forks += descendants(running.pid)
        running.kill()
        running.wait(timeout=ENDS_WITHIN)
    for pid, began in forks:
        # The same process still, not another that was given its id.
        if (known := parent_and_start(pid)) is not None and known[1] == began:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    if running.stdout is not None:
        running.stdout.close()


def descendants(pid: int) -> list[tuple[int, int]]:
    """Children of a process, theirs, and so on: ids and times of start. Ansible's forks leave its session."""
    processes = {int(entry.name): parent_and_start(int(entry.name)) for entry in PROC.glob("[0-9]*")}
    found, parents = [], {pid}
    while parents:
        below = [
            (each, known[1]) for each, known in processes.items() if known is not None and known[0] in parents
        ]
        found += below
        parents = {each for each, _ in below}
    return found


def parent_and_start(pid: int) -> tuple[int, int] | None:
    """Parent's id and time of start (clock ticks after boot) of a process; None when it is gone."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else (int(fields[1]), int(fields[19]))


@contextlib.contextmanager
def process(name: str, *arguments: str, environment: Mapping[str, str]) -> Iterator[None]:
    """Run `cwmp ARGUMENTS` until the block ends; entered once it has printed that it is ready."""
    log = WORK / f"{name}.log"
    with (
        log.open("wb") as output,
        child(BIN / "cwmp", *arguments, stderr=output, environment=environment) as running,
    ):
        assert running.stdout is not None
        stuck = signal.signal(signal.SIGALRM, _too_slow(name, log))
        signal.setitimer(signal.ITIMER_REAL, READY_WITHIN)
        try:
            line = running.stdout.readline()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, stuck)
        if not line:
            raise DemoFailed(f"`cwmp {' '.join(arguments)}` ended: {log.read_text().strip()[-2000:]}")
        print(line.strip(), flush=True)
        yield


def _too_slow(name: str, log: Path):
    def stop(_signal: int, _frame: object) -> None:
        raise DemoFailed(f"{name} was not ready after {READY_WITHIN:.0f} s; see {log}")

    return stop


def play(title: str, *options: str, environment: Mapping[str, str]) -> list[Host]:
    """Run the main playbook, show its output as it comes, give the recap."""
    command = ["ansible-playbook", "-i", "inventories/lab", "playbooks/site.yml", *options]
    say(f"{title}\n   $ {' '.join(command)}")
    text = ""
    with child(BIN / command[0], *command[1:], stderr=subprocess.STDOUT, environment=environment) as running:
        assert running.stdout is not None
        for line in running.stdout:
            print(line, end="", flush=True)
            text += line
        running.wait()
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return [
        Host(name, int(changed), int(unreachable) + int(failed))
        for name, _ok, changed, unreachable, failed in RECAP.findall(plain)
    ]


def expect(condition: bool, sentence: str) -> None:
    if not condition:
        raise DemoFailed(sentence)


def tell(*arguments: str, environment: Mapping[str, str]) -> str:
    """Run one `cwmp` command, show it, give its output."""
    print(f"   $ cwmp {' '.join(arguments)}", flush=True)
    done = subprocess.run(
        [BIN / "cwmp", *arguments], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    expect(done.returncode in (0, 2), f"`cwmp {' '.join(arguments)}` failed: {done.stderr.strip()}")
    return done.stdout


def demo() -> None:
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    began = time.monotonic()
    with socket_folder() as sockets, contextlib.ExitStack() as stack:
        url = f"http://127.0.0.1:{cwmp_port()}/"
        api = f"unix:{sockets / 'acs.sock'}"
        control = f"unix:{sockets / 'control.sock'}"
        environment = {
            **os.environ,
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "CWMP_URL": api,
            "CWMP_LAB_ACS_URL": url,
            "CWMP_DATA": str(WORK / "data"),
        }
        environment.pop("CWMP_TOKEN", None)

        say("The embedded ACS")
        stack.enter_context(
            process(
                "acs", "acs", "serve", "--cwmp", url.removeprefix("http://").rstrip("/"), "--api", api,
                "--data", str(WORK / "data"), environment=environment,
            )
        )  # fmt: skip
        say("Twelve simulated CPEs: six Device:2 (TR-181), six InternetGatewayDevice:1 (TR-098)")
        stack.enter_context(
            process(
                "lab", "lab", "cpe", "--acs", url, "--count", str(CPES), "--model", "tr181-gateway",
                "--model", "tr098-gateway", "--control", control, environment=environment,
            )
        )  # fmt: skip

        first = play("First run: bring every CPE to what git says", "--diff", environment=environment)
        expect(len(first) == CPES, f"the first run named {len(first)} hosts, not {CPES}")
        expect(not any(h.bad for h in first), "a host failed in the first run")
        expect(all(h.changed for h in first), "a host had nothing to change in the first run")

        second = play("Second run: nothing is left to change", environment=environment)
        expect(len(second) == CPES and not any(h.bad for h in second), "a host failed in the second run")
        expect(not any(h.changed for h in second), "the second run changed something")

        devices = json.loads(tell("devices", "--json", environment=environment))
        device = next(d for d in devices if d["serial_number"] == HAND_CHANGED)
        say(f"Somebody changes {device['id']} by hand")
        change = f"{device['root']}ManagementServer.PeriodicInformInterval=86400"
        tell("lab", "change", device["id"], change, "--control", control, environment=environment)

        drift = play("Drift: --check --diff finds exactly that", "--check", "--diff", environment=environment)
        found = [h.name for h in drift if h.changed]
        expect(not any(h.bad for h in drift), "a host failed in check mode")
        expect(len(found) == 1, f"check mode found changes on {found or 'no host'}, not on one host")
        seconds = time.monotonic() - began

    say("What happened")
    print(
        f"""\
In {seconds:.0f} s: {CPES} CPEs informed; the first run changed all of them, the second none;
after a change by hand, --check --diff found it on {found[0]} and on no other host.
Every process is ended. Logs and data: {WORK.relative_to(ROOT)}

Try next, in three shells:
  .venv/bin/cwmp acs serve
  .venv/bin/cwmp lab cpe --acs http://127.0.0.1:7547/ --count 20 --model tr181-gateway
  .venv/bin/cwmp devices
Then follow "A first playbook of your own" in README.md."""
    )


def _stop(number: int, _frame: object) -> None:
    for each in ENDING:  # once is enough, and nothing may keep the children from being ended
        signal.signal(each, signal.SIG_IGN)
    raise Stopped(number)


if __name__ == "__main__":
    for ending in ENDING:  # INT too: a shell starts its background jobs with it ignored
        signal.signal(ending, _stop)
    try:
        with only_one():
            demo()
    except DemoFailed as failure:
        print(f"\nThe demo failed: {failure}. Logs: {WORK.relative_to(ROOT)}", file=sys.stderr)
        sys.exit(1)
    except Stopped as stopped:
        with contextlib.suppress(OSError):  # the terminal may be gone
            print("\nStopped; every process the demo started is ended.", file=sys.stderr)
        sys.exit(128 + stopped.number)
