"""Real ansible-playbook runs of the collection, as built from this tree, with a home of their own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
                str(_file(folder / "play.yml", playbook)),
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
    import tempfile

    path = Path(tempfile.mkdtemp(prefix="cwmp-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


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
