"""`kill -9` of the ACS during 200 changes: every acknowledged transaction ends, none half-applied is done."""

from __future__ import annotations

import random
import signal
import threading
import time

import pytest

from cwmp.platforms.protocol import Call, ConvergeCall, PlatformError, Transaction

CPES = 10
CHANGES = 200
KILLS = 6


def _notes(shell, device: str) -> dict[str, str]:
    """Writable parameters of the device and what they hold, three for each of its changes."""
    read = shell.platform.read(device, ["."], Call(wait=60), names=True)
    assert read.state == "done", read
    alias = {
        p["path"]: p["value"]
        for p in read.result["parameters"]
        if p["writable"] and p["path"].endswith(".Alias")
    }
    assert len(alias) >= 3 * (CHANGES // CPES), alias
    return alias


@pytest.mark.timeout(240)
def test_no_acknowledged_transaction_is_lost_or_half_applied(shell) -> None:
    acs = shell.acs()
    lab = shell.lab("--count", str(CPES), "--model", "tr181-gateway", "--interval", "2")
    devices = lab["devices"]
    notes = {device: _notes(shell, device) for device in devices}
    random.seed(7)
    acknowledged: list[tuple[str, str, list[str], str]] = []
    lock = threading.Lock()
    work = [(devices[n % CPES], n // CPES, f"value-{n}") for n in range(CHANGES)]
    stop = threading.Event()

    def submit() -> None:
        platform = shell.platform
        while True:
            with lock:
                if not work:
                    return
                device, group, value = work.pop(0)
            three = list(notes[device])[group * 3 : group * 3 + 3]
            state = {"set": {path: f"{value}-{n}" for n, path in enumerate(three)}}
            call = ConvergeCall(wait=0, queue=True, expires=300, client_key=f"k-{device}-{group}")
            while not stop.is_set():
                try:
                    taken = platform.converge(device, state, call)
                    break
                except PlatformError:
                    time.sleep(0.05)
            with lock:
                acknowledged.append((taken.id, device, three, value))
            time.sleep(random.random() * 0.1)

    threads = [threading.Thread(target=submit) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(KILLS):
            time.sleep(random.uniform(0.1, 1.2))
            acs.send_signal(signal.SIGKILL)
            acs.wait()
            acs = shell.acs()
    finally:
        for thread in threads:
            thread.join(timeout=90)
        stop.set()

    assert len(acknowledged) == CHANGES
    assert len({tx for tx, *_ in acknowledged}) == CHANGES, "one client key gave two transactions"
    platform = shell.platform
    ended: dict[str, Transaction] = {tx: platform.transaction(tx, wait=60) for tx, *_ in acknowledged}
    states = [tx.state for tx in ended.values()]
    assert all(tx.over for tx in ended.values()), {s: states.count(s) for s in states}
    for device in devices:
        every = [path for _, d, three, _ in acknowledged if d == device for path in three]
        read = platform.read(device, every, Call(wait=30))
        assert read.state == "done", read
        held = {p["path"]: p["value"] for p in read.result["parameters"]}
        for tx, owner, three, value in acknowledged:
            if owner != device:
                continue
            now = [held[path] for path in three]
            wanted = [f"{value}-{n}" for n in range(3)]
            old = [notes[device][path] for path in three]
            assert now in (wanted, old), f"{tx} is half applied: {now}"
            if ended[tx].state == "done":
                assert now == wanted, f"{tx} is called done and holds {now}, not {wanted}"
                assert ended[tx].result["changed"] is True
    print({state: states.count(state) for state in set(states)})
    assert states.count("done") >= CHANGES * 0.9, {s: states.count(s) for s in states}
