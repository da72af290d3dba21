"""What the tests in network namespaces share."""

from __future__ import annotations

import importlib.util
import json
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def _load(name: str) -> ModuleType:
    """A module beside this file; test folders are no packages."""
    spec = importlib.util.spec_from_file_location(f"cwmp_test_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = sys.modules.get(spec.name)
    if module is None:
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    return module


namespaces = _load("namespaces")


@pytest.fixture(scope="session")
def net_module(cannot: Callable[[str], None]) -> Any:
    """The module `namespaces`; skips, saying why, where there can be none."""
    if why := namespaces.missing("ip", "nft"):
        cannot(why)
    return namespaces


@pytest.fixture
def home(net_module: Any) -> Iterator[Callable[..., Any]]:
    """Makes homes behind a NAT of the given kind; all are gone after the test."""
    made: list[Any] = []

    def make(nat: str = "masquerade") -> Any:
        made.append(net_module.Home(nat))
        return made[-1]

    try:
        yield make
    finally:
        for each in made:
            each.close()


@pytest.fixture
def spaces(net_module: Any) -> Iterator[Any]:
    """Bare namespaces."""
    made = net_module.Namespaces()
    try:
        yield made
    finally:
        made.close()


class Inside:
    """`cwmp acs serve` and `cwmp lab cpe` in namespaces; the API is a unix socket, so reached from here."""

    def __init__(self, shell: Any, spaces: Any) -> None:
        self.shell = shell
        self.spaces = spaces
        self.data = shell.data

    def start(self, space: str, *arguments: str) -> tuple[subprocess.Popen[str], str]:
        """Start `cwmp ARGUMENTS` in there and wait for its first line."""
        shell = self.shell
        shell.logs += 1
        program = str(Path(sys.executable).parent / "cwmp")
        with (shell.folder / f"log-{shell.logs}").open("w") as log:
            child = self.spaces.spawn(
                space,
                program,
                *arguments,
                stdout=subprocess.PIPE,
                stderr=log,
                env=shell.environment,
                text=True,
            )
        if not select.select([child.stdout], [], [], 60)[0]:
            pytest.fail(f"cwmp {' '.join(arguments)} printed nothing: {shell.log(shell.logs)}")
        line = child.stdout.readline()
        if "\n" not in line:
            pytest.fail(f"cwmp {' '.join(arguments)} ended: {shell.log(shell.logs)}")
        return child, line.rstrip()

    def acs(self, space: str, address: str, text: str = "") -> subprocess.Popen[str]:
        """The ACS at that address, with this configuration."""
        file = self.shell.folder / "acs.toml"
        file.write_text(text)
        child, _ = self.start(
            space, "acs", "serve", "--cwmp", f"{address}:7547", "--api", self.shell.api, "--open",
            "--data", str(self.data), "--config", str(file),
        )  # fmt: skip
        return child

    def lab(self, space: str, acs: str, *more: str) -> dict[str, Any]:
        """Simulated CPEs in there that have all informed."""
        control = f"unix:{self.shell.folder}/lab-{self.shell.logs}.sock"
        _, line = self.start(
            space, "lab", "cpe", "--acs", f"http://{acs}:7547/", "--json-ready", "--control", control, *more
        )
        return dict(json.loads(line)) | {"control": control}

    def wake(self, device: str, *more: str, expect: int | None = 0) -> dict[str, Any]:
        done = self.shell.run("connection-request", device, "--json", *more, expect=expect)
        return dict(json.loads(done.stdout))


@pytest.fixture
def inside(shell: Any) -> Callable[[Any], Inside]:
    return lambda spaces: Inside(shell, spaces)


@pytest.fixture
def until() -> Callable[..., Any]:
    def wait(condition: Callable[[], Any], what: str, within: float = 15.0) -> Any:
        end = time.monotonic() + within
        while not (found := condition()):
            if time.monotonic() > end:
                pytest.fail(f"{what}: not within {within:g} s")
            time.sleep(0.05)
        return found

    return wait
