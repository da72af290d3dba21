"""The main playbook with the newest ansible-core, where a Python is found that it runs on.

Its virtual environment is kept below build/. The engine is taken from this checkout: an action needs no more
than the standard library beside it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
VENV = ROOT / "build" / "newest-ansible"
WANTED = "ansible-core>=2.21,<2.22"
PYTHONS = ("python3.12", "python3.13", "python3.14")


@pytest.fixture(scope="module")
def newest() -> Path:
    """ansible-playbook of the newest ansible-core; skips, and says why, where there can be none."""
    command = VENV / "bin" / "ansible-playbook"
    if not command.exists():
        pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
        names = [*PYTHONS, *(str(each) for name in PYTHONS for each in pyenv.glob(f"*/bin/{name}"))]
        # A name on the PATH may be a shim for a Python that is not there.
        found = [name for name in names if shutil.which(name) and _runs(name, "-c", "pass") == ""]
        if not found:
            pytest.skip(f"{WANTED} needs one of {', '.join(PYTHONS)}, and none is here")
        shutil.rmtree(VENV, ignore_errors=True)
        wrong = _runs(found[0], "-m", "venv", str(VENV)) or _runs(
            str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-input", WANTED
        )
        if wrong:
            shutil.rmtree(VENV, ignore_errors=True)
            pytest.skip(f"{WANTED} cannot be installed here: {wrong}")
    return command


def test_site_playbook_twice(playing: Callable[..., Any], lab: Any, newest: Path) -> None:
    variables = lab.variables | {"PLAYBOOK_COMMAND": str(newest), "PYTHONPATH": str(ROOT / "src")}
    inventory = ROOT / "inventories" / "lab"
    first = playing("cpeops.cwmp.site", inventory, "--diff", **variables)
    assert first.code == 0 and len(first.changed) == 12, first.output
    second = playing("cpeops.cwmp.site", inventory, "--diff", **variables)
    assert second.code == 0 and not second.changed, second.output
    for run in (first, second):
        assert "WARNING" not in run.output and "DEPRECATION" not in run.output, run.output


def _runs(*command: str) -> str:
    """Run a command; "" when it went well, else the last of what it said."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if done.returncode == 0 else (done.stderr.strip() or "it failed").splitlines()[-1]
