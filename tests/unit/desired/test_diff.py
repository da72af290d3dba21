"""Two texts that a person compares at a glance."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from cwmp.desired.diff import diff_of
from cwmp.desired.outcome import MASK, Change, Verdict


def test_rows_values_secrets_and_verdicts_in_the_order_of_paths() -> None:
    changes = [
        Change("set", "Device.B.10.X", "1", "2", "2", "int", Verdict.APPLIED),
        Change("set", "Device.B.9.X", "no", "a: b", "a: b", "string", Verdict.APPLIED),
        Change("add", "Device.B.11.", None, None, None, "object", Verdict.APPLIED),
        Change("set", "Device.B.11.Password", None, MASK, MASK, "string", Verdict.APPLIED, True),
        Change("set", "Device.B.11.Alias", None, "acs", "acs", "string", Verdict.APPLIED),
        Change("delete", "Device.A.1.", None, None, None, "object", Verdict.APPLIED),
        Change("set", "Device.P", MASK, MASK, MASK, "string", Verdict.APPLIED, True),
        Change("set", "Device.N", "", "Hi", "hi", "string", Verdict.NORMALISED),
        Change("set", "Device.R", "old", "new", "old", "string", Verdict.REVERTED),
        Change("set", "Device.S", "old", "new", "new", "string", Verdict.PENDING_REBOOT),
        Change("attribute", "Device.T", "0", "2", "2", "notification", Verdict.APPLIED),
    ]
    diff = diff_of(changes)
    assert diff["before"].splitlines() == [
        "Device.A.1.: present",
        'Device.B.9.X: "no"',
        "Device.B.10.X: 1",
        'Device.N: ""',
        "Device.P: ********",
        "Device.R: old",
        "Device.S: old",
        "Device.T (notification): 0",
    ]
    assert diff["after"].splitlines() == [
        'Device.B.9.X: "a: b"',
        "Device.B.10.X: 2",
        "Device.B.11.: present",
        "Device.B.11.Alias: acs",
        "Device.B.11.Password: ******** (set)",
        "Device.N: hi  # asked for Hi",
        "Device.P: ******** (changed)",
        "Device.R: old  # asked for new",
        "Device.S: new  # after a reboot",
        "Device.T (notification): 2",
    ]
    assert diff_of([asdict(change) for change in changes]) == diff


def test_what_a_device_holds_steers_no_terminal_and_is_seen() -> None:
    held = "caf\u00e9 \x9b31m\u202e\u00a0"
    diff = diff_of([Change("set", "Device.X", held, "y", "y", "string", Verdict.APPLIED)])
    assert diff["before"] == 'Device.X: "caf\u00e9 \\u009b31m\\u202e\\u00a0"\n'


def test_nothing_gives_nothing() -> None:
    assert diff_of([]) == {"before": "", "after": ""}


def test_of_a_converge(bench: Any) -> None:
    state = {"set": {".ManagementServer.Password": "hush-hush", ".X_ACME.Text": "hello"}}
    planned = diff_of(bench.converge(state, check=True).changes)
    applied = diff_of(bench.converge(state).to_json()["changes"])
    assert planned == applied
    assert "hush" not in str(applied)
    assert applied["before"] != applied["after"]


def test_booleans_are_spelt_alike_before_and_after_the_change() -> None:
    path = "Device.X_ACME.Enable"
    planned = Change("set", path, "0", "1", None, "boolean", Verdict.PLANNED)
    applied = Change("set", path, "false", "1", "true", "boolean", Verdict.APPLIED)
    assert diff_of([planned]) == diff_of([applied])
    assert diff_of([planned]) == {"before": f"{path}: false\n", "after": f"{path}: true\n"}
    number = Change("set", path, "0", "1", None, "unsignedInt", Verdict.PLANNED)
    assert diff_of([number])["after"] == f"{path}: 1\n"
