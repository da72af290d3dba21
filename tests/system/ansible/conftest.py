"""Real ansible-playbook runs of the collection, as built from this tree, with a home of their own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeGuard

import pytest

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent
HERE = Path(__file__).parent
ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Outcome:
    """One task on one host."""

    host: str
    task: str
    status: str
    result: dict[str, Any]

    @property
    def msg(self) -> str:
        return str(self.result.get("msg", ""))

    @property
    def changed(self) -> bool:
        return bool(self.result.get("changed"))


@dataclass
class Run:
    """One run of ansible-playbook: its output and every task's result."""

    code: int
    output: str
    outcomes: list[Outcome] = field(default_factory=list)

    def of(self, host: str, task: str = "") -> Outcome:
        found = [one for one in self.outcomes if one.host == host and task in one.task]
        assert found, f"no task '{task}' ran on {host}:\n{self.output}"
        return found[-1]

    @property
    def changed(self) -> set[str]:
        return {one.host for one in self.outcomes if one.changed and one.status == "ok"}

    @property
    def failed(self) -> set[str]:
        return {one.host for one in self.outcomes if one.status in ("failed", "unreachable")}


@pytest.fixture(scope="session")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collections path that holds the collection, built and installed as a user would."""
    work = tmp_path_factory.mktemp("collection")
    environment = _environment(work / "home")
    for command in (
        ["collection", "build", "--output-path", str(work / "dist"), str(ROOT)],
        ["collection", "install", "--offline", "--collections-path", str(work / "collections")],
    ):
        if "install" in command:
            command.append(str(next((work / "dist").glob("*.tar.gz"))))
        done = subprocess.run(
            [BIN / "ansible-galaxy", *command], env=environment, cwd=work, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return work / "collections"


@pytest.fixture(scope="session")
def playing(collections: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    """`playing(playbook, inventory, *options, env=...)`: run a playbook (a path, or its text)."""
    work = tmp_path_factory.mktemp("plays")
    count = iter(range(10_000))

    def play(playbook: str | Path, inventory: str | Path, *options: str, **env: str | None) -> Run:
        folder = work / f"run{next(count)}"
        folder.mkdir()
        record = folder / "record.jsonl"
        record.touch()
        environment = _environment(work / "home") | {
            "ANSIBLE_COLLECTIONS_PATH": str(collections),
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback"),
            "RECORD_FILE": str(record),
            "ANSIBLE_FORKS": "6",
        }
        for name, value in env.items():
            if value is None:
                environment.pop(name, None)
            else:
                environment[name] = value
        done = subprocess.run(
            [
                environment.pop("PLAYBOOK_COMMAND", str(BIN / "ansible-playbook")),
                "-i",
                str(_file(folder / "hosts.yml", inventory)),
                playbook if _is_name(playbook) else str(_file(folder / "play.yml", playbook)),
                *options,
            ],
            env=environment,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=120,
        )
        lines = [json.loads(line) for line in record.read_text().splitlines()]
        return Run(
            done.returncode, ANSI.sub("", done.stdout + done.stderr), [Outcome(**line) for line in lines]
        )

    return play


@pytest.fixture
def short_dir() -> Iterator[Path]:
    """A folder whose path is short enough for a unix socket."""
    path = Path(tempfile.mkdtemp(prefix="cwmp-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@dataclass
class Lab:
    """An ACS and its simulated CPEs, as `cwmp acs serve` and `cwmp lab cpe` run them."""

    folder: Path
    url: str
    environment: dict[str, str]

    @property
    def variables(self) -> dict[str, str]:
        """What a playbook run needs of the environment."""
        return {name: self.environment[name] for name in ("CWMP_URL", "CWMP_DATA", "CWMP_LAB_ACS_URL")}

    @property
    def password(self) -> str:
        return (self.folder / "data" / "lab-credentials").read_text().splitlines()[1]

    def cwmp(self, *arguments: str) -> str:
        done = subprocess.run(
            [BIN / "cwmp", *arguments], env=self.environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode in (0, 2), done.stderr
        return done.stdout

    def change(self, device: str, **values: str) -> None:
        """Somebody changes a CPE by hand."""
        pairs = [f".{path.replace('__', '.')}={value}" for path, value in values.items()]
        self.cwmp("lab", "change", device, *pairs, "--control", self.control)

    @contextlib.contextmanager
    def running(self, name: str, *arguments: str) -> Iterator[str]:
        """`cwmp ARGUMENTS` until the block ends; gives the line by which it says that it is ready."""
        log = self.folder / f"{name}.log"
        with log.open("wb") as output:
            child = subprocess.Popen(
                [BIN / "cwmp", *arguments],
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
                start_new_session=True,
            )
        try:
            assert child.stdout is not None
            line = child.stdout.readline()
            assert line, log.read_text()
            yield line
        finally:
            child.terminate()
            try:
                child.wait(timeout=15)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def cpes(self, *arguments: str, name: str = "cpes") -> contextlib.AbstractContextManager[str]:
        control = f"unix:{self.folder / f'{name}.sock'}" if name != "cpes" else self.control
        return self.running(name, "lab", "cpe", "--acs", self.url, "--control", control, *arguments)

    @property
    def control(self) -> str:
        return f"unix:{self.folder / 'control.sock'}"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """An ACS with the twelve CPEs of inventories/lab."""
    folder = Path(tempfile.mkdtemp(prefix="cwmp-"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}/"
    environment = _environment(folder / "home") | {
        "CWMP_URL": f"unix:{folder / 'acs.sock'}",
        "CWMP_DATA": str(folder / "data"),
        "CWMP_LAB_ACS_URL": url,
    }
    running = Lab(folder, url, environment)
    serve = ("acs", "serve", "--cwmp", f"127.0.0.1:{port}", "--api", environment["CWMP_URL"])
    models = ("--model", "tr181-gateway", "--model", "tr098-gateway")
    try:
        with (
            running.running("acs", *serve, "--data", environment["CWMP_DATA"]),
            running.cpes("--count", "12", *models),
        ):
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_name(playbook: str | Path) -> TypeGuard[str]:
    """Is it a playbook of a collection, by name?"""
    return isinstance(playbook, str) and playbook.startswith("cpeops.cwmp.")


def _file(path: Path, content: str | Path) -> Path:
    if isinstance(content, Path):
        return content
    path.write_text(textwrap.dedent(content))
    return path


def _environment(home: Path) -> dict[str, str]:
    home.mkdir(exist_ok=True, parents=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "CWMP_"))}
    return kept | {
        "HOME": str(home),
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "ANSIBLE_HOME": str(home / "ansible"),
        "ANSIBLE_LOCAL_TEMP": str(home / "tmp"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_RETRY_FILES_ENABLED": "0",
        "ANSIBLE_DEPRECATION_WARNINGS": "1",
    }
