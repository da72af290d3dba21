"""ACSs for CPEs of other makers."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


def _load(name: str) -> None:
    """Make a module beside this file importable; test folders are no packages."""
    spec = importlib.util.spec_from_file_location(f"cwmp_test_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    if spec.name not in sys.modules:
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)


_load("raw_cpe")


@pytest.fixture(scope="module")
def acs(module_shell) -> Any:
    module_shell.acs("--open")
    return module_shell


@pytest.fixture(scope="module")
def closed(tmp_path_factory, module_shell) -> Iterator[Any]:
    """An ACS that asks for credentials."""
    shell = type(module_shell)(tmp_path_factory.mktemp("closed"))
    try:
        shell.acs()
        yield shell
    finally:
        shell.end()
