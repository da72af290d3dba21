"""`make demo` ends in seconds on any signal, also as a background job, and leaves no process behind."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
ENDS_WITHIN = 20.0


@pytest.fixture
def checkout(collections: Path, tmp_path: Path) -> Path:
    """What the demo needs of a checkout."""
    shutil.copytree(ROOT / "demo", tmp_path / "demo")
    shutil.copy(ROOT / "ansible.cfg", tmp_path)
    for name in ("inventories", "playbooks"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "collections").symlink_to(collections)
    return tmp_path


@contextmanager
def running(checkout: Path, until: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """The demo as a shell's background job, with INT ignored, once it has said `until`."""
    child = subprocess.Popen(
        [sys.executable, checkout / "demo" / "run.py"],
        cwd=checkout,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    said: list[str] = []
    seen = threading.Event()

    def listen() -> None:
        assert child.stdout is not None
        for line in child.stdout:
            said.append(line)
            if until in line:
                seen.set()
        seen.set()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        assert seen.wait(60) and child.poll() is None, "".join(said)
        yield child, said
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
            child.wait(timeout=60)
        listener.join(timeout=10)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_demo_and_all_it_started(checkout: Path, number: signal.Signals) -> None:
    demo: Any = _module(checkout)
    with running(checkout, "TASK [Apply it") as (child, said):
        started = demo.descendants(child.pid)
        assert len(started) >= 3, "an ACS, CPEs and a playbook at least"
        began = time.monotonic()
        os.killpg(child.pid, number)
        assert child.wait(timeout=ENDS_WITHIN) == 128 + number, "".join(said)
        assert time.monotonic() - began < ENDS_WITHIN
        while left := [pid for pid, start in started if (demo.parent_and_start(pid) or (0, 0))[1] == start]:
            assert time.monotonic() - began < ENDS_WITHIN, f"{left} of {started} still run"
            time.sleep(0.05)
    assert any("Stopped" in line for line in said)


def test_a_second_demo_is_refused_while_one_runs(checkout: Path) -> None:
    with running(checkout, "The embedded ACS") as (first, _):
        second = subprocess.run(
            [sys.executable, checkout / "demo" / "run.py"],
            cwd=checkout,
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert second.returncode == 1 and "another demo runs in this checkout" in second.stderr
        assert first.poll() is None
        assert (checkout / "build" / "demo").exists(), "the first one's files are left alone"


def _module(checkout: Path) -> Any:
    spec = importlib.util.spec_from_file_location("demo_run", checkout / "demo" / "run.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["demo_run"] = module
    spec.loader.exec_module(module)
    return module
