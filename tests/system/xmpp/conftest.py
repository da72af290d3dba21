"""One Prosody for all tests here, and what the tests need of ACS and CPE sides."""

from __future__ import annotations

import asyncio
import importlib.util
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


prosody_module = _load("prosody")


@pytest.fixture(scope="session")
def prosody_running(cannot: Callable[[str], None]) -> Iterator[Any]:
    if why := prosody_module.missing():
        cannot(why)
    server = prosody_module.Prosody()
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
def prosody(prosody_running: Any) -> Any:
    """Prosody, up: a test may have stopped it."""
    if prosody_running.child is None:
        prosody_running.start()
    return prosody_running


@pytest.fixture
def until() -> Callable[..., Any]:
    """Wait for a condition inside a test's loop."""

    async def wait(condition: Callable[[], Any], what: str, within: float = 10.0) -> Any:
        end = time.monotonic() + within
        while not (found := condition()):
            if time.monotonic() > end:
                pytest.fail(f"{what}: not within {within:g} s")
            await asyncio.sleep(0.02)
        return found

    return wait
