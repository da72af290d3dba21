"""Real trees that differ from the standard: everything the device calls writable can be set and set back."""

from __future__ import annotations

import datetime
import re

import pytest

from cwmp.platforms.protocol import Call, ConvergeCall

CHUNK = 100
GIVES_THE_DEVICE_AWAY = re.compile(r"\.ManagementServer\.(URL|Username|Password|EnableCWMP)$")
"""Writing these cuts the CPE off from this ACS (or from any); they are tried one by one elsewhere."""


def _another(kind: str, value: str) -> str:
    """A plausible other value of the device's own type, as text: quoted, any device's type is met."""
    if kind == "boolean":
        return "true" if value.lower() in ("0", "false", "") else "false"
    if kind in ("int", "unsignedInt", "long", "unsignedLong"):
        number = int(value) if re.fullmatch(r"-?\d+", value) else 0
        return str(number + 1 if number < 100 else number - 1)
    if kind == "dateTime":
        return datetime.datetime(2026, 5, 4, 3, 2, 1, tzinfo=datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if kind == "base64":
        return "AAEC"
    if kind == "hexBinary":
        return "0A0B"
    return "another" if value != "another" else "one more"


@pytest.mark.timeout(240)
def test_every_writable_parameter_changes_and_changes_back(shell, dumps) -> None:
    shell.acs()
    for dump in dumps:
        lab = shell.lab("--model", str(dump), "--count", "1")
        (device,) = lab["devices"]
        platform = shell.platform
        read = platform.read(device, ["."], Call(wait=60), names=True)
        assert read.state == "done", read.fault
        writable = {
            p["path"]: p
            for p in read.result["parameters"]
            if p["writable"] and p["value"] is not None and not GIVES_THE_DEVICE_AWAY.search(p["path"])
        }
        assert len(writable) > 100, f"{dump.name}: only {len(writable)} writable parameters"
        before = {path: p["value"] for path, p in writable.items()}
        other = {path: _another(p["type"], p["value"]) for path, p in writable.items()}
        for wanted, word in ((other, "set"), (before, "set back")):
            names = [path for path in wanted if not writable[path]["secret"]]
            for start in range(0, len(names), CHUNK):
                state = {"set": {path: wanted[path] for path in names[start : start + CHUNK]}}
                first = platform.converge(device, state, ConvergeCall(wait=60))
                assert first.state == "done", (dump.name, word, first.fault)
                assert {c["verdict"] for c in first.result["changes"]} <= {"applied"}
                again = platform.converge(device, state, ConvergeCall(wait=60))
                assert again.state == "done" and not again.result["changed"], (dump.name, again.result)
        after = platform.read(device, ["."], Call(wait=60))
        now = {p["path"]: p["value"] for p in after.result["parameters"]}
        assert {path: now[path] for path in before} == before
